/* SPDX-License-Identifier: MIT */
/* R7.11: numbers are handed out once each, whatever the number of threads. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/lookup.h"
#include "api/sequence.h"
#include "base/arena.h"
#include "schema/ddl.h"

/* The database: a sequence with INCREMENT BY DDL_SEQUENCE_BLOCK. */

static atomic_uint blocks_drawn;
static atomic_bool database_away;

int lookup_value_or_error(struct shared_session *shared, const char *sql, struct arena *arena,
			  struct db_value *out, unsigned *number, struct fault_cause *p)
{
	const char *text;

	(void)shared;
	*number = 0;
	assert_non_null(strstr(sql, "SELECT NEXTVAL("));
	if (atomic_load(&database_away)) {
		fault_cause_set(p, "ODB-240000", "away");
		return -1;
	}
	text =
	    arena_printf(arena, "%u", 1 + atomic_fetch_add(&blocks_drawn, 1) * DDL_SEQUENCE_BLOCK);
	*out = db_text(text);
	return 0;
}

void db_quote_name(struct buf *sql, const char *name)
{
	buf_addf(sql, "`%s`", name);
}

#define THREADS 4
#define EACH	2500 /* together ten blocks */

static atomic_char seen[THREADS * EACH + 1];

static char id[] = "id", counted_id[] = "dem_counted_id", a_id[] = "dem_a_id", b_id[] = "dem_b_id";
static struct field keys[] = {{.column = id, .type = XTK_LONG}, {.column = id, .type = XTK_INT64}};
static const struct schema counted = {.sequence = counted_id, .fields = &keys[0]};
static const struct schema a_schema = {.sequence = a_id, .fields = &keys[0]};
static const struct schema b_schema = {.sequence = b_id, .fields = &keys[0]};

static void *take_many(void *unused)
{
	struct arena *arena = arena_new();
	struct fault_cause p;

	(void)unused;
	for (int i = 0; i < EACH; i++) {
		uint64_t n = 0;

		if (sequence_next(NULL, &counted, arena, &n, &p) == 0 && n <= THREADS * EACH)
			atomic_fetch_add(&seen[n], 1);
	}
	arena_free(&arena);
	return NULL;
}

static void R7_11_each_number_once(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int n = 1; n <= THREADS * EACH; n++)
		if (atomic_load(&seen[n]) != 1)
			fail_msg("%d was given %d times", n, atomic_load(&seen[n]));
	assert_int_equal(atomic_load(&blocks_drawn), THREADS * EACH / DDL_SEQUENCE_BLOCK);
}

static void sequences_do_not_share_and_survive_an_outage(void **state)
{
	struct arena *arena = arena_new();
	struct fault_cause p = {0};
	uint64_t a = 0, b = 0;

	(void)state;
	atomic_store(&database_away, true);
	assert_int_equal(sequence_next(NULL, &a_schema, arena, &a, &p), -1);
	assert_string_equal(p.code, "ODB-240000");
	atomic_store(&database_away, false);
	assert_int_equal(sequence_next(NULL, &a_schema, arena, &a, &p), 0);
	assert_int_equal(sequence_next(NULL, &b_schema, arena, &b, &p), 0);
	assert_int_equal(b, a + DDL_SEQUENCE_BLOCK); /* of this fake, which counts for both */
	assert_int_equal(sequence_next(NULL, &a_schema, arena, &b, &p), 0);
	assert_int_equal(b, a + 1);
	arena_free(&arena);
}

/* The last block ends with the last number that the key can hold; a wider key goes on. */
static void R7_11_numbers_are_used_up(void **state)
{
	char name[] = "dem:c", sequence[] = "dem_c_id";
	struct schema s = {.id = name, .sequence = sequence, .fields = &keys[0]};
	unsigned last_block = INT32_MAX / DDL_SEQUENCE_BLOCK;
	struct arena *arena = arena_new();
	struct fault_cause p = {0};
	uint64_t n = 0, count = 0;

	(void)state;
	atomic_store(&blocks_drawn, last_block);
	while (sequence_next(NULL, &s, arena, &n, &p) == 0) {
		count++;
		assert_true(n <= INT32_MAX);
	}
	assert_int_equal(n, INT32_MAX);
	assert_int_equal(count, INT32_MAX - (uint64_t)last_block * DDL_SEQUENCE_BLOCK);
	assert_non_null(
	    strstr(p.text, "The numbers for new records of schema 'dem:c' are used up"));
	assert_null(strstr(p.text, "dem_c_id"));
	s.fields = &keys[1];
	assert_int_equal(sequence_next(NULL, &s, arena, &n, &p), 0);
	assert_true(n > INT32_MAX);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R7_11_each_number_once),
	    cmocka_unit_test(sequences_do_not_share_and_survive_an_outage),
	    cmocka_unit_test(R7_11_numbers_are_used_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
