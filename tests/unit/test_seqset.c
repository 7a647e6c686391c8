/* SPDX-License-Identifier: MIT */
/* Exact sets of numbers: what is recorded at the target must be what was read (R10.6). */
#include "config.h"

#include "cloud/seqset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MOST 8

static void R10_6_ranges_hold_only_what_was_added(void **state)
{
	static const struct {
		const char *name;
		uint64_t numbers[MOST];
		size_t count;
		const char *text;
	} cases[] = {
	    {"empty", {0}, 0, ""},
	    {"one", {7}, 1, "7"},
	    {"zero", {0}, 1, "0"},
	    {"a row", {5, 6, 7}, 3, "5-7"},
	    {"a gap stays a gap", {5, 6, 8}, 3, "5-6,8"},
	    {"several", {5, 6, 9, 11, 12, 13}, 6, "5-6,9,11-13"},
	    {"Galera's steps", {3, 6, 9}, 3, "3,6,9"},
	    {"the largest",
	     {UINT64_MAX - 1, UINT64_MAX},
	     2,
	     "18446744073709551614-18446744073709551615"},
	    {"no way around", {UINT64_MAX, 0}, 2, "18446744073709551615,0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seqset set = {0};
		struct buf text = BUF_INIT;

		for (size_t n = 0; n < cases[i].count; n++)
			seqset_add(&set, cases[i].numbers[n]);
		seqset_format(&text, set.ranges, set.count);
		print_message("  %s\n", cases[i].name);
		assert_string_equal(buf_text(&text), cases[i].text);
		assert_int_equal(seqset_total(&set), cases[i].count);
		buf_free(&text);
		seqset_free(&set);
	}
}

static void parse_reads_what_format_writes(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t total;
	} cases[] = {
	    {"", 0, 0},
	    {"7", 0, 1},
	    {"5-9,11,14-20", 0, 13},
	    {"0-1", 0, 2},
	    {"18446744073709551615", 0, 1},
	    {"18446744073709551616", -1, 0},
	    {"9-5", -1, 0},
	    {"5-", -1, 0},
	    {"-5", -1, 0},
	    {"5,", -1, 0},
	    {",5", -1, 0},
	    {"5 ,6", -1, 0},
	    {" 5", -1, 0},
	    {"+5", -1, 0},
	    {"5-7-9", -1, 0},
	    {"five", -1, 0},
	    {"1,2,x", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seqset set = {0};
		struct buf text = BUF_INIT;

		print_message("  '%s'\n", cases[i].text);
		assert_int_equal(seqset_parse(cases[i].text, &set), cases[i].rc);
		assert_int_equal(seqset_total(&set), cases[i].total);
		seqset_format(&text, set.ranges, set.count);
		assert_string_equal(buf_text(&text), cases[i].rc == 0 ? cases[i].text : "");
		buf_free(&text);
		seqset_free(&set);
	}
}

static void a_failed_parse_leaves_the_set_alone(void **state)
{
	struct seqset set = {0};

	(void)state;
	assert_int_equal(seqset_parse("1-3", &set), 0);
	assert_int_equal(seqset_parse("8,9,oops", &set), -1);
	assert_int_equal(seqset_total(&set), 3);
	seqset_free(&set);
}

static void contains_knows_the_edges(void **state)
{
	struct seqset set = {0};

	(void)state;
	assert_false(seqset_contains(&set, 0));
	assert_int_equal(seqset_parse("5-9,11", &set), 0);
	assert_false(seqset_contains(&set, 4));
	assert_true(seqset_contains(&set, 5));
	assert_true(seqset_contains(&set, 9));
	assert_false(seqset_contains(&set, 10));
	assert_true(seqset_contains(&set, 11));
	assert_false(seqset_contains(&set, 12));
	seqset_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R10_6_ranges_hold_only_what_was_added),
	    cmocka_unit_test(parse_reads_what_format_writes),
	    cmocka_unit_test(a_failed_parse_leaves_the_set_alone),
	    cmocka_unit_test(contains_knows_the_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
