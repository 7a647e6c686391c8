/* SPDX-License-Identifier: MIT */
/*
 * Regrouping.  A case is a table, changes (change_table.h), and the new order as the numbers of
 * the changes; what may change places goes with the most frequent key list first.  The random test
 * compares a table that applies one change after the other with one that regroups, folds and
 * merges as the sync does.
 */
#include "config.h"

#include "sync/regroup.h"

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

#define CHANGES_MAX 64

/* Answers for the target. */
static void answer(struct regroup *r, const struct table *t)
{
	struct regroup_question q;

	for (size_t n = 0; regroup_asks(r, n, &q); n++) {
		for (size_t i = 0; i < q.count; i++) {
			for (size_t row = 0; row < t->count; row++) {
				if (row_has(&t->rows[row], q.key, q.records[i].cells))
					regroup_row(r, n, i, db_text(t->rows[row].cells[ID]));
			}
		}
	}
}

static struct table table_of(struct arena *arena, const char *const *rows)
{
	struct table t = {0};

	for (size_t i = 0; rows[i] != NULL; i++) {
		struct fold_change c = change_of(arena, rows[i], 0);

		apply_change(&t, &c);
	}
	return t;
}

/* "" : left as it is. */
static void assert_order(struct arena *arena, const char *const *rows, const char *const *texts,
			 const char *order)
{
	struct regroup *r = regroup_new(&with_pk);
	struct table t = table_of(arena, rows);
	struct fold_change changes[CHANGES_MAX];
	struct buf out = BUF_INIT;
	size_t count = 0;

	for (; texts[count] != NULL; count++)
		changes[count] = change_of(arena, texts[count], count);
	if (regroup_begin(r, changes, count)) {
		answer(r, &t);
		assert_true(regroup_changes(r, changes, count));
		for (size_t i = 0; i < count; i++)
			buf_addf(&out, "%s%d", i > 0 ? " " : "", (int)changes[i].seq);
	}
	assert_string_equal(buf_text(&out), order);
	regroup_restore(changes, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(changes[i].seq, i);
	buf_free(&out);
	regroup_free(&r);
}

struct order_case {
	const char *name;
	const char *rows[4], *changes[12];
	const char *order;
};

static const struct order_case cases[] = {
    {"two feeds that do not meet",
     {NULL},
     {"update email email=a", "update id id=1", "update email email=b", "update id id=2",
      "update email email=c", "update id id=3", NULL},
     "0 2 4 1 3 5"},
    {"the most frequent list first",
     {NULL},
     {"update email email=a", "update id id=1", "update id id=2", "update email email=b",
      "update id id=3", "update email email=c", "update id id=4", NULL},
     "1 2 4 6 0 3 5"},
    {"a row of the target has both keys: its changes keep their order",
     {"insert email email=b id=1", NULL},
     {"update email email=a", "update id id=1", "update email email=b", "update id id=2",
      "update email email=c", "update id id=3", NULL},
     "1 3 5 0 4 2"},
    {"a change inserts what another one names",
     {NULL},
     {"upsert email email=a id=2", "update id id=1", "update email email=b", "update id id=2",
      "update email email=c", "update id id=3", NULL},
     "0 2 4 1 5 3"},
    {"a change is to come before the row has the key",
     {NULL},
     {"update email email=a", "update id id=1 email=x", "update email email=b", "update id id=2",
      "update email email=x", "update id id=3 email=y", NULL},
     "1 3 5 0 2 4"},
    {"a row loses a key",
     {"insert email email=b id=1", NULL},
     {"update id id=3", "update email email=c", "update id id=1 email=x", "update email email=b",
      "update id id=2", "update email email=a", NULL},
     "0 2 4 1 5 3"},
    {"a deletion frees a primary key",
     {"insert email email=b id=1", NULL},
     {"update folder folder=1", "upsert email email=c id=1", "update folder folder=2",
      "delete email email=b", "update folder folder=3", "upsert email email=d", NULL},
     "0 2 4 1 3 5"},
    {"an insert leaves the other key at its default",
     {NULL},
     {"update folder folder=0", "upsert email email=a id:=c1", "update folder folder=5",
      "update email email=b", "update folder folder=", "update email email=c", NULL},
     "0 2 3 5 1 4"},
    {"a part of a key is set: nobody knows which row it is then",
     {NULL},
     {"update email,folder email=a folder=1", "update id id=1 email=x",
      "update email,folder email=b folder=2", "update id id=2 email=y",
      "update email,folder email=c folder=3", "update id id=3 city=z", NULL},
     "0 5 1 2 3 4"},
    {"a row that is found keeps its primary key, whatever is named",
     {"insert id id=1 folder=1", NULL},
     {"update id,email id=1 email=x", "update folder folder=1 id=9 email=x",
      "update id,email id=2 email=y", "update folder folder=2", "update id,email id=3 email=z",
      "update folder folder=3", "update folder folder=4", NULL},
     "3 5 6 0 1 2 4"},
    {"few runs are left alone",
     {NULL},
     {"update email email=a", "update id id=1", "update email email=b", "update id id=2", NULL},
     ""},
    {"one key list", {NULL}, {"update email email=a", "update email email=b", NULL}, ""},
};

static void R10_3_what_could_meet_keeps_its_order(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("  %s\n", cases[i].name);
		assert_order(arena, cases[i].rows, cases[i].changes, cases[i].order);
		arena_reset(arena);
	}
	arena_free(&arena);
}

/* Two feeds that take turns. */
static void alternate(struct arena *arena, struct fold_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *text = i % 2 ? "update id id=1" : "update email email=a";

		changes[i] = change_of(arena, text, i);
	}
}

static void without_a_primary_key_nothing_is_told_apart(void **state)
{
	struct schema without_pk = with_pk;
	struct arena *arena = arena_new();
	struct fold_change changes[8];
	struct regroup *r;

	(void)state;
	without_pk.pk = -1;
	r = regroup_new(&without_pk);
	alternate(arena, changes, 8);
	assert_false(regroup_begin(r, changes, 8));
	regroup_free(&r);
	arena_free(&arena);
}

static void what_is_put_aside_stands_at_the_end(void **state)
{
	struct arena *arena = arena_new();
	struct regroup *r = regroup_new(&with_pk);
	struct fold_change changes[16];

	(void)state;
	alternate(arena, changes, 16);
	changes[0].fate = FOLD_ASIDE;
	changes[5].fate = FOLD_VOID;
	assert_true(regroup_begin(r, changes, 16));
	assert_true(regroup_changes(r, changes, 16));
	assert_int_equal(changes[14].seq, 0);
	assert_int_equal(changes[15].seq, 5);
	regroup_free(&r);
	arena_free(&arena);
}

static void R10_4_a_key_may_find_any_number_of_rows(void **state)
{
	struct arena *arena = arena_new();
	struct regroup *r = regroup_new(&with_pk);
	struct fold_change changes[8];

	(void)state;
	alternate(arena, changes, 8);
	for (unsigned rows = 32; rows <= 33; rows++) {
		assert_true(regroup_begin(r, changes, 8));
		for (unsigned i = 0; i < rows; i++)
			regroup_row(r, 0, 0, db_text(arena_printf(arena, "%u", i)));
		assert_int_equal(regroup_changes(r, changes, 8), rows == 32);
		regroup_restore(changes, 8);
	}
	regroup_free(&r);
	arena_free(&arena);
}

/* Random changes. */

#define ROUNDS	20000
#define BATCHES 3
#define STEPS	20

struct tally {
	unsigned compared, regrouped;
	size_t runs, runs_before;
};

static size_t merge(struct fold *f, struct table *t, const struct fold_change *changes,
		    size_t count)
{
	size_t runs = 0;

	for (size_t at = 0; at < count; runs++) {
		at += fold_beside(f, t, changes + at, count - at);
		apply_run(t, f);
	}
	return runs;
}

/* False if a primary key was taken: who is refused then depends on the order. */
static bool play_batch(struct arena *arena, struct regroup *r, struct fold *f, struct table *one,
		       struct table *set, size_t number, unsigned values, struct tally *tally)
{
	struct fold_change changes[STEPS];
	struct table before = *one;
	size_t count = 2 + dice(STEPS - 1), runs;

	for (size_t i = 0; i < count; i++) {
		changes[i] = change_of(arena, random_change(arena, number + i, values), number + i);
		apply_change(one, &changes[i]);
	}
	if (one->refused)
		return false;
	runs = merge(f, &before, changes, count);
	if (regroup_begin(r, changes, count)) {
		answer(r, set);
		tally->regrouped += regroup_changes(r, changes, count);
		tally->runs_before += runs;
		tally->runs += merge(f, set, changes, count);
	} else {
		merge(f, set, changes, count);
	}
	assert_false(set->refused);
	assert_same(one, set);
	tally->compared++;
	return true;
}

static void play_round(struct arena *arena, struct regroup *r, struct fold *f, struct tally *tally)
{
	struct table one = {0}, set = {0};
	unsigned values = 2 + dice(20);

	for (size_t b = 0; b < BATCHES; b++) {
		if (!play_batch(arena, r, f, &one, &set, b * STEPS, values, tally))
			break;
	}
	arena_reset(arena);
}

static void R10_3_regrouped_changes_have_the_same_effect(void **state)
{
	const char *given = getenv("REGROUP_SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	struct arena *arena = arena_new();
	struct regroup *r = regroup_new(&with_pk);
	struct fold *f = fold_new(&with_pk);
	struct tally tally = {0};

	(void)state;
	print_message("  REGROUP_SEED=%u\n", seed);
	srandom(seed);
	for (unsigned i = 0; i < ROUNDS; i++)
		play_round(arena, r, f, &tally);
	print_message("  %u batches compared, %u of them regrouped: %zu runs instead of %zu\n",
		      tally.compared, tally.regrouped, tally.runs, tally.runs_before);
	assert_in_range(tally.regrouped, ROUNDS / 10, ROUNDS * BATCHES);
	assert_true(tally.runs < tally.runs_before * 9 / 10);
	regroup_free(&r);
	fold_free(&f);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R10_3_what_could_meet_keeps_its_order),
	    cmocka_unit_test(without_a_primary_key_nothing_is_told_apart),
	    cmocka_unit_test(what_is_put_aside_stands_at_the_end),
	    cmocka_unit_test(R10_4_a_key_may_find_any_number_of_rows),
	    cmocka_unit_test(R10_3_regrouped_changes_have_the_same_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
