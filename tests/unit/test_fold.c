/* SPDX-License-Identifier: MIT */
/*
 * Folding.  Changes and results are written as text, so that a case reads as its rule does:
 *
 *   "upsert email email=a name=x id:=c1"   operation, key list, named fields; := is a value
 *                                          that is stored but not named (a candidate, R7.13)
 *   "[email: {a} update name=x insert email=a name=x id=c1 @1]"
 *                                          one run in brackets, one record in braces by its
 *                                          key values; @1: inserted at the time of change 1
 *
 * The random test compares the fold with a table that applies one change after the other.
 */
#include "config.h"

#include "sync/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "change_table.h"
#include "cloud/mask.h"

static struct schema without_pk = {.fields = fields, .field_count = FIELDS, .pk = -1};

static void add_cells(struct buf *out, const struct merge_record *m, const unsigned char *mask)
{
	for (size_t i = 0; i < FIELDS; i++) {
		if (mask_has(mask, i))
			buf_addf(out, " %s=%.*s", names[i], (int)m->cells[i].length,
				 m->cells[i].text != NULL ? m->cells[i].text : "");
	}
}

static void add_record(struct buf *out, const struct fold_key *key, const struct merge_record *m)
{
	static const unsigned char nothing[1];

	buf_add(out, " {");
	for (size_t i = 0; i < key->count; i++) {
		const struct db_value *v = &m->cells[key->fields[i]];

		buf_addf(out, "%s%.*s", i > 0 ? "," : "", (int)v->length,
			 v->text != NULL ? v->text : "");
	}
	buf_add_char(out, '}');
	if (m->delete)
		buf_add(out, " delete");
	if (memcmp(m->update, nothing, 1) != 0) {
		buf_add(out, " update");
		add_cells(out, m, m->update);
	}
	if (m->insert) {
		buf_add(out, " insert");
		add_cells(out, m, m->given);
		buf_addf(out, " @%s", m->at);
	}
}

static void add_run(struct buf *out, const struct fold *f)
{
	const struct fold_key *key = fold_key(f);

	buf_add_char(out, '[');
	for (size_t i = 0; i < key->count; i++)
		buf_addf(out, "%s%s", i > 0 ? "," : "", names[key->fields[i]]);
	buf_add_char(out, ':');
	for (size_t i = 0; i < fold_count(f); i++)
		add_record(out, key, &fold_at(f, i)->merge);
	buf_add_char(out, ']');
}

/* Cases. */

#define MOST 6

struct fold_case {
	const char *name;
	const char *changes[MOST];
	const char *result;
};

static void check(const struct schema *s, const struct fold_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena *arena = arena_new();
		struct fold *f = fold_new(s);
		struct fold_change changes[MOST];
		struct buf out = BUF_INIT;
		size_t n = 0;

		while (n < MOST && cases[i].changes[n] != NULL) {
			changes[n] = change_of(arena, cases[i].changes[n], n + 1);
			n++;
		}
		for (size_t at = 0; at < n;) {
			size_t took = fold_run(f, changes + at, n - at);

			assert_in_range(took, 1, n - at);
			add_run(&out, f);
			at += took;
		}
		print_message("  %s\n", cases[i].name);
		assert_string_equal(buf_text(&out), cases[i].result);
		buf_free(&out);
		fold_free(&f);
		arena_free(&arena);
	}
}

#define CHECK(s, cases) check(s, cases, sizeof(cases) / sizeof((cases)[0]))

static void R8_3_fields_that_are_not_supplied_stay(void **state)
{
	static const struct fold_case cases[] = {
	    {"one upsert",
	     {"upsert email email=a name=x id:=c1"},
	     "[email: {a} update name=x insert id=c1 email=a name=x @1]"},
	    {"the last value wins",
	     {"upsert email email=a name=x city=u id:=c1", "upsert email email=a name=y id:=c2"},
	     "[email: {a} update name=y city=u insert id=c1 email=a name=y city=u @1]"},
	    {"emptied is not absent",
	     {"upsert email email=a name=x id:=c1", "upsert email email=a name= id:=c2"},
	     "[email: {a} update name= insert id=c1 email=a name= @1]"},
	    {"insert reconciles like upsert: R8.4",
	     {"insert email email=a name=x id:=c1", "insert email email=a city=u id:=c2"},
	     "[email: {a} update name=x city=u insert id=c1 email=a name=x city=u @1]"},
	    {"two records",
	     {"upsert email email=a name=x id:=c1", "upsert email email=b name=y id:=c2",
	      "upsert email email=a city=u id:=c3"},
	     "[email: {a} update name=x city=u insert id=c1 email=a name=x city=u @1"
	     " {b} update name=y insert id=c2 email=b name=y @2]"},
	    {"only the key",
	     {"upsert email email=a id:=c1"},
	     "[email: {a} insert id=c1 email=a @1]"},
	};

	(void)state;
	CHECK(&with_pk, cases);
}

static void R8_5_update_never_inserts(void **state)
{
	static const struct fold_case cases[] = {
	    {"alone", {"update email email=a name=x"}, "[email: {a} update name=x]"},
	    {"before an insert it only counts for a row that is there",
	     {"update email email=a name=x", "upsert email email=a city=u id:=c1"},
	     "[email: {a} update name=x city=u insert id=c1 email=a city=u @2]"},
	    {"after an insert it counts for both",
	     {"upsert email email=a city=u id:=c1", "update email email=a name=x"},
	     "[email: {a} update name=x city=u insert id=c1 email=a name=x city=u @1]"},
	    {"before and after",
	     {"update email email=a name=x", "upsert email email=a id:=c1",
	      "update email email=a name=z"},
	     "[email: {a} update name=z insert id=c1 email=a name=z @2]"},
	};

	(void)state;
	CHECK(&with_pk, cases);
}

static void R8_6_R8_8_deletion_starts_anew(void **state)
{
	static const struct fold_case cases[] = {
	    {"delete alone", {"delete email email=a"}, "[email: {a} delete]"},
	    {"what came before is void",
	     {"upsert email email=a name=x id:=c1", "delete email email=a"},
	     "[email: {a} delete]"},
	    {"an update after it finds nothing",
	     {"delete email email=a", "update email email=a name=x"},
	     "[email: {a} delete]"},
	    {"written anew: only what came after is given",
	     {"upsert email email=a name=x city=u id:=c1", "delete email email=a",
	      "upsert email email=a city=v id:=c2"},
	     "[email: {a} delete update city=v insert id=c2 email=a city=v @3]"},
	    {"an update between is void, one after the insert counts",
	     {"delete email email=a", "update email email=a name=x",
	      "upsert email email=a city=v id:=c2", "update email email=a name=z"},
	     "[email: {a} delete update name=z city=v insert id=c2 email=a name=z city=v @3]"},
	    {"deleted in the end",
	     {"delete email email=a", "upsert email email=a city=v id:=c2", "delete email email=a"},
	     "[email: {a} delete]"},
	};

	(void)state;
	CHECK(&with_pk, cases);
}

static void R7_13a_a_record_keeps_its_primary_key(void **state)
{
	static const struct fold_case cases[] = {
	    {"never updated, given to the insert",
	     {"upsert email email=a id=7 name=x"},
	     "[email: {a} update name=x insert id=7 email=a name=x @1]"},
	    {"the first insert decides",
	     {"upsert email email=a id=7", "upsert email email=a id=8"},
	     "[email: {a} insert id=7 email=a @1]"},
	    {"a candidate as well",
	     {"upsert email email=a id:=c1", "upsert email email=a id=8"},
	     "[email: {a} insert id=c1 email=a @1]"},
	    {"an update's serves nothing",
	     {"update email email=a id=7 name=x"},
	     "[email: {a} update name=x]"},
	    {"anew after a deletion",
	     {"upsert email email=a id:=c1", "delete email email=a", "upsert email email=a id:=c2"},
	     "[email: {a} delete insert id=c2 email=a @3]"},
	    {"as the key it is what finds the record",
	     {"upsert id id=7 email=a", "upsert id id=7 name=x"},
	     "[id: {7} update email=a name=x insert id=7 email=a name=x @1]"},
	};

	(void)state;
	CHECK(&with_pk, cases);
}

static void R10_3_another_key_list_ends_the_run(void **state)
{
	static const struct fold_case cases[] = {
	    {"id, email, id",
	     {"upsert id id=7 email=a", "upsert email email=a name=x id:=c1",
	      "upsert id id=7 name=y"},
	     "[id: {7} update email=a insert id=7 email=a @1]"
	     "[email: {a} update name=x insert id=c1 email=a name=x @2]"
	     "[id: {7} update name=y insert id=7 name=y @3]"},
	    {"a longer list",
	     {"update email email=a name=x", "update email,folder email=a folder=1 name=y"},
	     "[email: {a} update name=x][email,folder: {a,1} update name=y]"},
	};

	(void)state;
	CHECK(&with_pk, cases);
}

static void R8_2_parts_of_a_key(void **state)
{
	static const struct fold_case cases[] = {
	    {"values do not run into each other",
	     {"update email,name email=ab name=c city=1",
	      "update email,name email=a name=bc city=2"},
	     "[email,name: {ab,c} update city=1 {a,bc} update city=2]"},
	    {"an empty number is 0",
	     {"update email,folder email=a folder=0 name=x", "update email,folder email=a city=u"},
	     "[email,folder: {a,0} update name=x city=u]"},
	    {"an empty text is a value of its own",
	     {"upsert email,name email=a id:=c1", "upsert email,name email=a name=a id:=c2"},
	     "[email,name: {a,} insert id=c1 email=a name= @1 {a,a} insert id=c2 email=a name=a "
	     "@2]"},
	    {"bytes count: R6.5",
	     {"delete email email=a", "delete email email=A"},
	     "[email: {a} delete {A} delete]"},
	};

	(void)state;
	CHECK(&with_pk, cases);
}

static void a_run_ends_where_order_matters_across_records(void **state)
{
	static const struct fold_case cases[] = {
	    {"two records want one primary key",
	     {"upsert email email=a id=7", "upsert email email=b id=7"},
	     "[email: {a} insert id=7 email=a @1][email: {b} insert id=7 email=b @2]"},
	    {"two want two",
	     {"upsert email email=a id=7", "upsert email email=b id=8"},
	     "[email: {a} insert id=7 email=a @1 {b} insert id=8 email=b @2]"},
	    {"an update wants none",
	     {"upsert email email=a id=7", "update email email=b id=7 name=x"},
	     "[email: {a} insert id=7 email=a @1 {b} update name=x]"},
	    {"a deletion after it",
	     {"upsert email email=a id=7", "delete email email=b"},
	     "[email: {a} insert id=7 email=a @1 {b} delete]"},
	    {"a deletion before it",
	     {"delete email email=b", "upsert email email=a id=7"},
	     "[email: {b} delete {a} insert id=7 email=a @2]"},
	    {"candidates collide with nothing",
	     {"delete email email=b", "upsert email email=a id:=c1", "delete email email=a"},
	     "[email: {b} delete {a} delete]"},
	    {"the primary key alone is the record",
	     {"delete id id=8", "upsert id id=7 name=x", "delete id id=7"},
	     "[id: {8} delete {7} delete]"},
	    {"a part of the key decides no more than another field",
	     {"upsert id,email id=7 email=a", "upsert id,email id=7 email=b"},
	     "[id,email: {7,a} insert id=7 email=a @1][id,email: {7,b} insert id=7 email=b @2]"},
	};

	(void)state;
	CHECK(&with_pk, cases);
}

/* Of "delete b", "upsert a" and the like: where the run is cut once the rows of the record that
 * deletes are known to have this primary key. */
static void what_a_deletion_frees_may_cut_the_run(void **state)
{
	static const struct {
		const char *changes[MOST];
		size_t deleting; /* record */
		const char *frees;
		size_t cut;
	} cases[] = {
	    {{"upsert email email=a id=7", "delete email email=b", "update email email=c"},
	     1,
	     "7",
	     1},
	    {{"delete email email=b", "update email email=c", "upsert email email=a id=7"},
	     0,
	     "7",
	     2},
	    {{"upsert email email=a id=7", "delete email email=b"}, 1, "8", 2},
	    {{"upsert email email=a id:=7", "delete email email=b"}, 1, "7", 2},
	    {{"upsert email email=a id=7", "delete email email=a", "upsert email email=a id=7"},
	     0,
	     "7",
	     3},
	    {{"upsert id,email id=7 email=a", "delete id,email id=7 email=b"}, 1, "7", 1},
	};
	struct fold *f = fold_new(&with_pk);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new();
		struct fold_change changes[MOST];
		size_t n = 0;

		for (; n < MOST && cases[i].changes[n] != NULL; n++)
			changes[n] = change_of(arena, cases[i].changes[n], n + 1);
		assert_int_equal(fold_run(f, changes, n), n);
		assert_int_equal(fold_cut(f), n);
		if (fold_asks(f))
			fold_frees(f, cases[i].deleting, db_text(cases[i].frees));
		assert_int_equal(fold_cut(f), cases[i].cut);
		arena_free(&arena);
	}
	fold_free(&f);
}

static void without_a_key_every_change_is_a_record(void **state)
{
	static const struct fold_case cases[] = {
	    {"the same twice",
	     {"insert - name=x", "insert - name=x"},
	     "[: {} update name=x insert name=x @1 {} update name=x insert name=x @2]"},
	};

	(void)state;
	CHECK(&without_pk, cases);
}

static void what_is_settled_otherwise_is_passed_over(void **state)
{
	struct arena *arena = arena_new();
	struct fold *f = fold_new(&with_pk);
	struct fold_change changes[4];
	struct buf out = BUF_INIT;

	(void)state;
	changes[0] = change_of(arena, "upsert email email=a name=x id:=c1", 1);
	changes[1] = change_of(arena, "delete id id=9", 2);
	changes[2] = change_of(arena, "update email email=a name=y", 3);
	changes[3] = change_of(arena, "update email email=a city=u", 4);
	changes[1].fate = FOLD_ASIDE;
	changes[2].fate = FOLD_VOID;
	assert_int_equal(fold_run(f, changes, 4), 4);
	add_run(&out, f);
	assert_string_equal(buf_text(&out), "[email: {a} update name=x city=u insert id=c1 email=a"
					    " name=x city=u @1]");
	assert_int_equal(fold_at(f, 0)->first, 0);
	assert_int_equal(fold_next(f, 0), 3);
	assert_true(fold_next(f, 3) == FOLD_NONE);

	changes[0].fate = changes[3].fate = FOLD_ASIDE;
	assert_int_equal(fold_run(f, changes, 4), 4);
	assert_int_equal(fold_count(f), 0);
	assert_null(fold_key(f));
	buf_free(&out);
	fold_free(&f);
	arena_free(&arena);
}

#define STEPS  24
#define ROUNDS 20000

/* False if the round says nothing: a primary key was taken, and who is then refused along
 * with whom is decided above the fold. */
static bool play_round(struct arena *arena, struct fold *f)
{
	struct fold_change changes[STEPS];
	struct table one = {0}, set = {0};
	size_t count = 2 + dice(STEPS - 1);

	for (size_t i = 0; i < count; i++) {
		changes[i] = change_of(arena, random_change(arena, i, 4), i);
		apply_change(&one, &changes[i]);
	}
	if (one.refused)
		return false;
	for (size_t at = 0; at < count;) {
		at += fold_beside(f, &set, changes + at, count - at);
		apply_run(&set, f);
	}
	assert_false(set.refused);
	assert_same(&one, &set);
	return true;
}

static void R10_2_the_fold_has_the_effect_of_the_changes(void **state)
{
	const char *given = getenv("FOLD_SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	struct arena *arena = arena_new();
	struct fold *f = fold_new(&with_pk);
	unsigned played = 0;

	(void)state;
	print_message("  FOLD_SEED=%u\n", seed);
	srandom(seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		played += play_round(arena, f) ? 1 : 0;
		arena_reset(arena);
	}
	print_message("  %u of %u rounds compared\n", played, ROUNDS);
	assert_in_range(played, ROUNDS / 10, ROUNDS);
	fold_free(&f);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R8_3_fields_that_are_not_supplied_stay),
	    cmocka_unit_test(R8_5_update_never_inserts),
	    cmocka_unit_test(R8_6_R8_8_deletion_starts_anew),
	    cmocka_unit_test(R7_13a_a_record_keeps_its_primary_key),
	    cmocka_unit_test(R10_3_another_key_list_ends_the_run),
	    cmocka_unit_test(R8_2_parts_of_a_key),
	    cmocka_unit_test(a_run_ends_where_order_matters_across_records),
	    cmocka_unit_test(what_a_deletion_frees_may_cut_the_run),
	    cmocka_unit_test(without_a_key_every_change_is_a_record),
	    cmocka_unit_test(what_is_settled_otherwise_is_passed_over),
	    cmocka_unit_test(R10_2_the_fold_has_the_effect_of_the_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
