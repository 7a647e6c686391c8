/* SPDX-License-Identifier: MIT */
/* What MariaDB's error numbers mean; the table itself is walked for its order. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "db/classify.h"

static const struct {
	unsigned number;
	const char *state;
	enum outcome outcome;
	bool lost, unsettled;
} cases[] = {
    {1205, "HY000", OUTCOME_RETRY, false, false}, /* lock wait */
    {1213, "40001", OUTCOME_RETRY, false, false}, /* dead-lock */
    {1021, "HY000", OUTCOME_RETRY, false, false}, /* disk full */
    {1114, "HY000", OUTCOME_RETRY, false, false},
    {1615, "HY000", OUTCOME_RETRY, false, false}, /* prepare again */
    {1412, "HY000", OUTCOME_RETRY, false, false}, /* table changed */
    {1040, "08004", OUTCOME_RETRY, true, false},  /* too many connections */
    {1203, "42000", OUTCOME_RETRY, true, false},
    {1047, "08S01", OUTCOME_RETRY, true, false}, /* Galera: not ready */
    {1290, "HY000", OUTCOME_RETRY, true, false}, /* read only */
    {1836, "HY000", OUTCOME_RETRY, true, false},
    {1053, "08S01", OUTCOME_RETRY, true, true}, /* shutting down */
    {1927, "70100", OUTCOME_RETRY, true, true}, /* killed */
    {1317, "70100", OUTCOME_RETRY, false, true},
    {2002, "HY000", OUTCOME_RETRY, true, true},
    {2006, "HY000", OUTCOME_RETRY, true, true},
    {2013, "HY000", OUTCOME_RETRY, true, true},
    {2014, "HY000", OUTCOME_BUG, true, false},
    {1048, "23000", OUTCOME_REJECTED, false, false},
    {1062, "23000", OUTCOME_REJECTED, false, false},
    {1153, "08S01", OUTCOME_REJECTED, true, false}, /* the row is too big */
    {1264, "22003", OUTCOME_REJECTED, false, false},
    {1265, "01000", OUTCOME_REJECTED, false, false},
    {1292, "22007", OUTCOME_REJECTED, false, false},
    {1366, "22007", OUTCOME_REJECTED, false, false},
    {1406, "22001", OUTCOME_REJECTED, false, false},
    {1411, "HY000", OUTCOME_REJECTED, false, false},
    {1451, "23000", OUTCOME_REJECTED, false, false},
    {1452, "23000", OUTCOME_REJECTED, false, false},
    {1644, "45000", OUTCOME_REJECTED, false, false},
    {4025, "23000", OUTCOME_REJECTED, false, false}, /* CHECK */
    {1044, "42000", OUTCOME_BUG, false, false},
    {1045, "28000", OUTCOME_BUG, false, false},
    {1049, "42000", OUTCOME_BUG, false, false},
    {1054, "42S22", OUTCOME_BUG, false, false},
    {1064, "42000", OUTCOME_BUG, false, false},
    {1146, "42S02", OUTCOME_BUG, false, false},
    {0, "00000", OUTCOME_BUG, false, false},
    /* unknown numbers, by their state */
    {9999, "HY000", OUTCOME_BUG, false, false},
    {9999, "", OUTCOME_BUG, false, false},
    {9999, "22999", OUTCOME_REJECTED, false, false},
    {9999, "23999", OUTCOME_REJECTED, false, false},
    {9999, "40999", OUTCOME_RETRY, false, false},
    {9999, "08S01", OUTCOME_RETRY, true, true},
    /* SIGNAL can give its condition any number */
    {1213, "45000", OUTCOME_REJECTED, false, false},
    {1644, "45001", OUTCOME_REJECTED, false, false},
    {2006, "45000", OUTCOME_REJECTED, false, false},
    {2013, "45000", OUTCOME_REJECTED, false, false},
    {2014, "45999", OUTCOME_REJECTED, false, false},
    {5001, "45000", OUTCOME_REJECTED, false, false},
    {9999, "45000", OUTCOME_REJECTED, false, false},
    {0, "45000", OUTCOME_REJECTED, false, false},
};

static void R10_11_numbers_and_states(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct db_class class = db_classify(cases[i].number, cases[i].state);

		if (class.number != cases[i].number || class.outcome != cases[i].outcome ||
		    class.lost != cases[i].lost || class.unsettled != cases[i].unsettled)
			fail_msg("%u (%s): %s%s%s", cases[i].number, cases[i].state,
				 outcome_name(class.outcome), class.lost ? " lost" : "",
				 class.unsettled ? " unsettled" : "");
	}
}

static void table_is_sorted_and_found(void **state)
{
	const struct db_class *row;
	unsigned last = 0;
	size_t n;

	(void)state;
	for (n = 0; (row = db_class_row(n)) != NULL; n++) {
		if (row->number <= last)
			fail_msg("%u stands behind %u", row->number, last);
		last = row->number;
		/* a state of another meaning must not win over the number, but for 45 */
		assert_int_equal(db_classify(row->number, "22000").outcome, row->outcome);
		assert_int_equal(db_classify(row->number, "45000").outcome, OUTCOME_REJECTED);
		assert_false(db_classify(row->number, "45000").lost);
	}
	assert_true(n > 50);
}

/* Only these outcomes exist here, and a broken connection never says "refused". */
static void rows_make_sense(void **state)
{
	const struct db_class *row;
	size_t n;

	(void)state;
	for (n = 0; (row = db_class_row(n)) != NULL; n++) {
		assert_true(row->outcome == OUTCOME_RETRY || row->outcome == OUTCOME_REJECTED ||
			    row->outcome == OUTCOME_BUG);
		if (row->unsettled)
			assert_int_equal(row->outcome, OUTCOME_RETRY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R10_11_numbers_and_states),
	    cmocka_unit_test(table_is_sorted_and_found),
	    cmocka_unit_test(rows_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
