/* SPDX-License-Identifier: MIT */
/* docs/protocol.md 4.4: names, grants, and the schemas that a scope covers. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/rights.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void names_match_both_ways(void **state)
{
	static const char *const names[] = {"admin", "ingest", "subscribe", "replicate"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		enum right right;

		assert_int_equal(right_parse_name(names[i], &right), 0);
		assert_string_equal(right_name(right), names[i]);
	}
}

static void unknown_names_are_refused(void **state)
{
	static const char *const names[] = {"", "none", "Admin", "ingest ", "ing", "ingestion"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		enum right right = RIGHT_NONE;

		assert_int_equal(right_parse_name(names[i], &right), -1);
		assert_int_equal(right, RIGHT_NONE);
	}
}

static void grants_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int result;
		enum right right;
		const char *scope;
	} cases[] = {
	    {"ingest", 0, RIGHT_INGEST, ""},
	    {"ingest=dem:sampleTable", 0, RIGHT_INGEST, "dem:sampleTable"},
	    {"subscribe=nms:*", 0, RIGHT_SUBSCRIBE, "nms:*"},
	    {"admin=dem:*", 0, RIGHT_ADMIN, "dem:*"},
	    {"replicate=a-b:c.d_e", 0, RIGHT_REPLICATE, "a-b:c.d_e"},
	    {"", -1, RIGHT_NONE, ""},
	    {"ingest=", -1, RIGHT_NONE, ""},
	    {"ingest=*", -1, RIGHT_NONE, ""},
	    {"ingest=dem", -1, RIGHT_NONE, ""},
	    {"ingest=dem:", -1, RIGHT_NONE, ""},
	    {"ingest=:a", -1, RIGHT_NONE, ""},
	    {"ingest=*:a", -1, RIGHT_NONE, ""},
	    {"ingest=dem:a*", -1, RIGHT_NONE, ""},
	    {"ingest=dem:**", -1, RIGHT_NONE, ""},
	    {"ingest=dem:a:b", -1, RIGHT_NONE, ""},
	    {"ingest=dem:a b", -1, RIGHT_NONE, ""},
	    {"write=dem:a", -1, RIGHT_NONE, ""},
	    {"averyveryverylongname", -1, RIGHT_NONE, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct right_grant grant = {.right = RIGHT_NONE};

		assert_int_equal(right_grant_parse(cases[i].text, &grant), cases[i].result);
		assert_int_equal(grant.right, cases[i].right);
		assert_string_equal(grant.scope, cases[i].scope);
	}
}

static void a_scope_must_fit(void **state)
{
	struct right_grant grant;
	char text[200] = "ingest=dem:";

	(void)state;
	memset(text + 11, 'a', 126); /* 130 characters behind the '=' */
	assert_int_equal(right_grant_parse(text, &grant), 0);
	assert_int_equal(strlen(grant.scope), 130);
	text[11 + 126] = 'a';
	assert_int_equal(right_grant_parse(text, &grant), -1);
}

static void a_right_allows_its_methods_within_its_scope(void **state)
{
	static const struct {
		const char *grants[3];
		enum right right;
		const char *schema;
		bool allowed;
	} cases[] = {
	    {{NULL}, RIGHT_NONE, NULL, true},
	    {{NULL}, RIGHT_INGEST, NULL, false},
	    {{"ingest"}, RIGHT_INGEST, "dem:sampleTable", true},
	    {{"ingest"}, RIGHT_SUBSCRIBE, "nms:service", false},
	    {{"ingest=dem:sampleTable"}, RIGHT_INGEST, "dem:sampleTable", true},
	    {{"ingest=dem:sampleTable"}, RIGHT_INGEST, "dem:sampleTable2", false},
	    {{"ingest=dem:sampleTable"}, RIGHT_INGEST, "dem:sample", false},
	    {{"ingest=dem:sampleTable"}, RIGHT_INGEST, "DEM:sampleTable", false},
	    {{"ingest=dem:sampleTable"}, RIGHT_INGEST, NULL, true},
	    {{"ingest=dem:*"}, RIGHT_INGEST, "dem:other", true},
	    {{"ingest=dem:*"}, RIGHT_INGEST, "demo:other", false},
	    {{"subscribe", "ingest=nms:*", "ingest=dem:a"}, RIGHT_INGEST, "dem:a", true},
	    {{"subscribe", "ingest=nms:*", "ingest=dem:a"}, RIGHT_INGEST, "dem:b", false},
	    {{"admin"}, RIGHT_REPLICATE, "dem:a", true},
	    {{"admin=dem:*"}, RIGHT_INGEST, "dem:a", true},
	    {{"admin=dem:*"}, RIGHT_INGEST, "nms:recipient", false},
	    {{"replicate"}, RIGHT_ADMIN, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct right_grant grants[3];
		size_t count = 0;

		while (count < 3 && cases[i].grants[count] != NULL) {
			assert_int_equal(right_grant_parse(cases[i].grants[count], &grants[count]),
					 0);
			count++;
		}
		if (right_allows(grants, count, cases[i].right, cases[i].schema) !=
		    cases[i].allowed)
			fail_msg("case %zu: expected %d", i, cases[i].allowed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_match_both_ways),
	    cmocka_unit_test(unknown_names_are_refused),
	    cmocka_unit_test(grants_are_parsed),
	    cmocka_unit_test(a_scope_must_fit),
	    cmocka_unit_test(a_right_allows_its_methods_within_its_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
