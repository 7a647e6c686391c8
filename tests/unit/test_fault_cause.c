/* SPDX-License-Identifier: MIT */
/* Fault causes: texts are cut between characters, and quoted names are safe (R3.20). */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "soap/fault_cause.h"

#define X10 "xxxxxxxxxx"
#define X80 X10 X10 X10 X10 X10 X10 X10 X10
#define E10 "\u00e5\u00e5\u00e5\u00e5\u00e5\u00e5\u00e5\u00e5\u00e5\u00e5"
#define E80 E10 E10 E10 E10 E10 E10 E10 E10

static const struct {
	const char *name, *expected;
} names[] = {
    {"", ""},
    {"email", "email"},
    {"f\u00f6rnamn", "f\u00f6rnamn"},
    {X80, X80},
    {X80 "y", X80},
    {E80, E80}, /* characters, not bytes */
    {E80 "\u00e5", E80},
    {"a\nb\tc\x7f", "a?b?c?"},
    {"a\xc2\x85z", "a?z"},	  /* a control character of C1 */
    {"a\xff\xc3z", "a??z"},	  /* not UTF-8 */
    {"a\xe2\x82", "a??"},	  /* an incomplete character */
    {"\U0001f600", "\U0001f600"}, /* four bytes */
    {"XSV-350008", "XSV-......"},
    {"aXSV-350008bXSV-350008", "aXSV-......bXSV-......"},
    {"XSV-350007", "XSV-350007"},
    {"XSV-XSV-350008", "XSV-XSV-......"},
};

static void R3_20_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char out[FAULT_NAME_SIZE];

		assert_ptr_equal(fault_quote(out, names[i].name), out);
		assert_string_equal(out, names[i].expected);
	}
}

static void R3_20_longest_name_fits(void **state)
{
	char name[401], out[FAULT_NAME_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		memcpy(name + 4 * i, "\U0001f600", 4);
	name[400] = '\0';
	fault_quote(out, name);
	assert_int_equal(strlen(out), 320);
}

static void set_formats(void **state)
{
	struct fault_cause p = {.record = 7};

	(void)state;
	fault_cause_set(&p, "CIN-100205", "attribute %s: %d characters at most", "email", 12);
	assert_string_equal(p.code, "CIN-100205");
	assert_string_equal(p.text, "attribute email: 12 characters at most");
	assert_int_equal(p.record, 7); /* the caller has set it */
}

static void set_cuts_at_characters(void **state)
{
	struct fault_cause p = {0};
	char text[700];
	size_t i;

	(void)state;
	text[0] = 'a'; /* so that the last byte that fits begins a character */
	for (i = 1; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\u00e5", 2);
	text[i] = '\0';
	fault_cause_set(&p, "CIN-1002059", "%s", text);
	assert_string_equal(p.code, "CIN-100205");
	assert_int_equal(strlen(p.text), FAULT_TEXT_SIZE - 1);
	fault_cause_set(&p, "", "b%s", text);
	assert_string_equal(p.code, "");
	assert_int_equal(strlen(p.text), FAULT_TEXT_SIZE - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R3_20_names),
	    cmocka_unit_test(R3_20_longest_name_fits),
	    cmocka_unit_test(set_formats),
	    cmocka_unit_test(set_cuts_at_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
