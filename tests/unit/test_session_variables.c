/* SPDX-License-Identifier: MIT */
/* R10.9: which lists [cloud] session_variables takes.  What the server makes of them is tried in
 * tests/integration/sessions_set_what_they_rely_on.py. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "db/session_variables.h"

static void R10_9_lists_that_are_taken(void **state)
{
	static const char *const lists[] = {
	    "",
	    "  ",
	    "a=1",
	    " a = 1 , b2_c = two words ,c='x,y=z' ",
	    "optimizer_switch = \"mrr=on,mrr_cost_based=off\"",
	    "a=''",
	    "a=-1.5",
	    "long_query_time=1, lc_time_names=sv_SE",
	};
	char why[SESSION_VARIABLES_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!session_variables_check(lists[i], why))
			fail_msg("%s: %s", lists[i], why);
}

static void R10_9_lists_that_are_not(void **state)
{
	static const struct {
		const char *list, *why;
	} cases[] = {
	    {"a", "a: it is written NAME = VALUE"},
	    {"a b = 1", "a: it is written NAME = VALUE"},
	    {"a=", "a: the value is missing"},
	    {"a=,b=1", "a: the value is missing"},
	    {"a='x", "a: the value is missing, too long, or has a quote that is not closed"},
	    {"a='x' y", "a: the value is missing"},
	    {"a=1,", "a: nothing follows the comma"},
	    {",a=1", "\",a=1\": a variable's name is made of"},
	    {"A=1", "\"A=1\": a variable's name is made of"},
	    {"`a`=1", "\"`a`=1\": a variable's name is made of"},
	    {"@@a=1", "\"@@a=1\": a variable's name is made of"},
	    {"x=1, sql_mode=ANSI", "sql_mode is set by the program itself"},
	    {"time_zone='+01:00'", "time_zone is set by the program itself"},
	};
	char why[SESSION_VARIABLES_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(session_variables_check(cases[i].list, why));
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%s: said \"%s\"", cases[i].list, why);
	}
}

static void R10_9_none_of_our_own(void **state)
{
	char list[128], why[SESSION_VARIABLES_WHY];
	const char *name;
	size_t n;

	(void)state;
	for (n = 0; (name = session_variables_name(n)) != NULL; n++) {
		snprintf(list, sizeof(list), "%s = 1", name);
		assert_false(session_variables_check(list, why));
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(session_variables_name(i), name);
	}
	assert_true(n > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R10_9_lists_that_are_taken),
	    cmocka_unit_test(R10_9_lists_that_are_not),
	    cmocka_unit_test(R10_9_none_of_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
