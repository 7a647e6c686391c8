/* SPDX-License-Identifier: MIT */
/* R7.11: each number is returned once, with any number of threads. */
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

/* The fake database: a sequence with INCREMENT BY DDL_SEQUENCE_BLOCK. */

static atomic_uint blocks_drawn;
static atomic_bool database_away;

int lookup_value(struct shared_session *shared, const char *sql, const struct db_value *params,
		 size_t count, struct arena *arena, struct db_value *out, struct fault_cause *p)
{
	const char *text;

	(void)shared;
	(void)params;
	(void)count;
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

static void *take_many(void *name)
{
	struct arena *arena = arena_new();
	struct fault_cause p;

	for (int i = 0; i < EACH; i++) {
		uint64_t n = 0;

		if (sequence_next(NULL, name, arena, &n, &p) == 0 && n <= THREADS * EACH)
			atomic_fetch_add(&seen[n], 1);
	}
	arena_free(&arena);
	return NULL;
}

static void R7_11_each_number_once(void **state)
{
	pthread_t threads[THREADS];
	char name[] = "dem_counted_id";

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, name), 0);
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
	assert_int_equal(sequence_next(NULL, "dem_a_id", arena, &a, &p), -1);
	assert_string_equal(p.code, "ODB-240000");
	atomic_store(&database_away, false);
	assert_int_equal(sequence_next(NULL, "dem_a_id", arena, &a, &p), 0);
	assert_int_equal(sequence_next(NULL, "dem_b_id", arena, &b, &p), 0);
	assert_int_equal(b, a + DDL_SEQUENCE_BLOCK); /* the fake has one counter for both
						      * sequences */
	assert_int_equal(sequence_next(NULL, "dem_a_id", arena, &b, &p), 0);
	assert_int_equal(b, a + 1);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R7_11_each_number_once),
	    cmocka_unit_test(sequences_do_not_share_and_survive_an_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
