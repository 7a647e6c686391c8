/* SPDX-License-Identifier: MIT */
/* Writing JSON: quoting and commas. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"

static void texts_are_quoted(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {NULL, "null"},
	    {"", "\"\""},
	    {"a\"b\\c", "\"a\\\"b\\\\c\""},
	    {"a\nb\x01", "\"a\\nb\\u0001\""},
	    {"Malm\xc3\xb6", "\"Malm\xc3\xb6\""},
	    {"bad \xff!", "\"bad \xef\xbf\xbd!\""},
	    {"cut \xc3", "\"cut \xef\xbf\xbd\""},
	    {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		json_text(&out, cases[i].text);
		assert_string_equal(buf_text(&out), cases[i].expected);
		buf_free(&out);
	}
}

static void commas_stand_between(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	buf_add(&out, "[");
	for (int i = 0; i < 2; i++) {
		json_next(&out);
		buf_add(&out, "{");
		json_name(&out, "a");
		json_text(&out, "x");
		json_name(&out, "b");
		buf_add(&out, "1}");
	}
	buf_add(&out, "]");
	assert_string_equal(buf_text(&out), "[{\"a\":\"x\",\"b\":1},{\"a\":\"x\",\"b\":1}]");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_quoted),
	    cmocka_unit_test(commas_stand_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
