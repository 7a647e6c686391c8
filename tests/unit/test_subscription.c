/* SPDX-License-Identifier: MIT */
/* Which changes of a subscription leave a line in nms:subHisto (R9.5, R9.6, R9.9). */
#include "config.h"

#include "sync/subscription.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define INSERT OPERATION_INSERT
#define UPSERT OPERATION_UPSERT
#define UPDATE OPERATION_UPDATE
#define DELETE OPERATION_DELETE
#define NONE   SUBSCRIPTION_NONE
#define ENDED  SUBSCRIPTION_ENDED
#define ACTIVE SUBSCRIPTION_ACTIVE

static void R9_9_each_change_leaves_its_line(void **state)
{
	static const struct {
		const char *name;
		enum subscription_state before;
		enum operation operation;
		enum subscription_status status;
		enum subscription_state after;
		enum subscription_line line;
	} cases[] = {
	    {"Subscribe", NONE, UPSERT, STATUS_ZERO, ACTIVE, LINE_MADE},
	    {"Subscribe again", ACTIVE, UPSERT, STATUS_ZERO, ACTIVE, LINE_MADE},
	    {"Subscribe before the purge", ENDED, UPSERT, STATUS_ZERO, ACTIVE, LINE_MADE},
	    {"Unsubscribe", ACTIVE, UPDATE, STATUS_SET, ENDED, LINE_ENDED},
	    {"Unsubscribe again", ENDED, UPDATE, STATUS_SET, ENDED, LINE_NONE},
	    {"Unsubscribe without one", NONE, UPDATE, STATUS_SET, NONE, LINE_NONE},
	    {"another attribute, there", ACTIVE, UPDATE, STATUS_UNNAMED, ACTIVE, LINE_NONE},
	    {"another attribute, ended", ENDED, UPDATE, STATUS_UNNAMED, ENDED, LINE_NONE},
	    {"another attribute, none", NONE, UPDATE, STATUS_UNNAMED, NONE, LINE_NONE},
	    {"an update revives", ENDED, UPDATE, STATUS_ZERO, ACTIVE, LINE_MADE},
	    {"an update that changes nothing", ACTIVE, UPDATE, STATUS_ZERO, ACTIVE, LINE_NONE},
	    {"Ingest makes one", NONE, INSERT, STATUS_UNNAMED, ACTIVE, LINE_MADE},
	    {"Ingest finds one", ACTIVE, INSERT, STATUS_UNNAMED, ACTIVE, LINE_NONE},
	    {"Ingest finds an ended one", ENDED, UPSERT, STATUS_UNNAMED, ENDED, LINE_NONE},
	    {"Ingest of an ended one", NONE, UPSERT, STATUS_SET, ENDED, LINE_NONE},
	    {"Ingest ends one", ACTIVE, UPSERT, STATUS_SET, ENDED, LINE_ENDED},
	    {"delete", ACTIVE, DELETE, STATUS_UNNAMED, NONE, LINE_ENDED},
	    {"delete of an ended one", ENDED, DELETE, STATUS_UNNAMED, NONE, LINE_NONE},
	    {"delete of none", NONE, DELETE, STATUS_UNNAMED, NONE, LINE_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum subscription_state s = cases[i].before;

		print_message("  %s\n", cases[i].name);
		assert_int_equal(subscription_step(&s, cases[i].operation, cases[i].status),
				 cases[i].line);
		assert_int_equal(s, cases[i].after);
	}
}

/* A line that says "ended" answers to a subscription that was there. */
static void R9_6_nothing_ends_twice(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		enum subscription_state s = NONE;
		int ended = 0;

		if (first == 1)
			assert_int_equal(subscription_step(&s, UPSERT, STATUS_ZERO), LINE_MADE);
		for (int i = 0; i < 5; i++)
			ended += subscription_step(&s, UPDATE, STATUS_SET) == LINE_ENDED;
		assert_int_equal(ended, first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R9_9_each_change_leaves_its_line),
	    cmocka_unit_test(R9_6_nothing_ends_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
