/* SPDX-License-Identifier: MIT */
/* The casting table (docs/protocol.md 6.2) row by row, strict and lenient. */
#include "config.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/arena.h"
#include "schema/cast.h"
#include "soap/codes.h"

#define NOTHING	 "(null)" /* SQL NULL */
#define REFUSED	 CODE_CAST
#define TOO_LONG CODE_TOO_LONG

struct cast_case {
	enum xtk_type type;
	const char *text;
	const char *strict;  /* a value, NOTHING, or a code */
	const char *lenient; /* NULL: the same */
};

static const char *timezone_name = "UTC";

/* Returns the value's text, NOTHING, or the code of the fault.  The text is in ARENA. */
static const char *cast_with(struct arena *arena, const struct field *f, const char *text,
			     bool lenient, struct fault_cause *p)
{
	const struct cast_options options = {.lenient = lenient, .timezone = timezone_name};
	struct db_value value = DB_NULL;

	if (cast_value(f, text, &options, arena, &value, p) < 0)
		return p->code;
	return value.text == NULL ? NOTHING : arena_strndup(arena, value.text, value.length);
}

static void check_case(const struct cast_case *c, bool lenient)
{
	struct field f = {
	    .xpath = (char[]){"@field"}, .name = (char[]){"field"}, .type = c->type, .length = 5};
	const char *expected = lenient && c->lenient != NULL ? c->lenient : c->strict;
	struct arena *arena = arena_new();
	struct fault_cause p = {0};
	const char *got;

	if (c->type == XTK_UUID)
		f.length = XTK_UUID_BYTES;
	got = cast_with(arena, &f, c->text, lenient, &p);
	if (strcmp(got, expected) != 0)
		fail_msg("%s %s '%s': %s, expected %s", lenient ? "lenient" : "strict",
			 xtk_type_name(c->type), c->text, got, expected);
	/* The fault does not contain the value (R3.20). */
	if (p.text[0] != '\0' && strlen(c->text) > 3 && strstr(p.text, c->text) != NULL)
		fail_msg("'%s' shows in: %s", c->text, p.text);
	arena_free(&arena);
}

static void check(const struct cast_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check_case(&cases[i], false);
		check_case(&cases[i], true);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void section_6_2_string(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_STRING, "abc", "abc", NULL},	    {XTK_STRING, "", NOTHING, NULL},
	    {XTK_STRING, "  a ", "  a ", NULL}, /* R6.3 */
	    {XTK_STRING, "   ", "   ", NULL},	/* not empty */
	    {XTK_STRING, "åäöåä", "åäöåä", NULL},   {XTK_STRING, "åäöåäö", TOO_LONG, NULL},
	    {XTK_STRING, "123456", TOO_LONG, NULL}, {XTK_STRING, "€€€€😀", "€€€€😀", NULL},
	    {XTK_ENUM, "colour", TOO_LONG, NULL},   {XTK_ENUM, "red", "red", NULL},
	    {XTK_MNTOKEN, "a-b", "a-b", NULL},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_memo(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_MEMO, "longer than five ", "longer than five ", NULL},
	    {XTK_HTML, "<p>a</p>", "<p>a</p>", NULL},
	    {XTK_CDATA, " x\ny", " x\ny", NULL},
	    {XTK_MEMO, "", NOTHING, NULL},
	    {XTK_MEMO, " ", " ", NULL},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_boolean(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_BOOLEAN, "true", "1", NULL},	{XTK_BOOLEAN, "TRUE", "1", NULL},
	    {XTK_BOOLEAN, "Yes", "1", NULL},	{XTK_BOOLEAN, "1", "1", NULL},
	    {XTK_BOOLEAN, "false", "0", NULL},	{XTK_BOOLEAN, "no", "0", NULL},
	    {XTK_BOOLEAN, "0", "0", NULL},	{XTK_BOOLEAN, "-0", "0", NULL},
	    {XTK_BOOLEAN, "000", "0", NULL},	{XTK_BOOLEAN, "42", "1", NULL},
	    {XTK_BOOLEAN, "-1", "1", NULL},	{XTK_BOOLEAN, " true\n", "1", NULL},
	    {XTK_BOOLEAN, "", "0", NULL},	{XTK_BOOLEAN, "on", REFUSED, "0"},
	    {XTK_BOOLEAN, "1.5", REFUSED, "0"}, {XTK_BOOLEAN, "truee", REFUSED, "0"},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_byte(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_BYTE, "0", "0", NULL},		 {XTK_BYTE, "+7", "7", NULL},
	    {XTK_BYTE, "-007", "-7", NULL},	 {XTK_BYTE, "-0", "0", NULL},
	    {XTK_BYTE, " 12 ", "12", NULL},	 {XTK_BYTE, "", "0", NULL},
	    {XTK_BYTE, "  ", "0", NULL},	 {XTK_BYTE, "127", "127", NULL},
	    {XTK_BYTE, "-128", "-128", NULL},	 {XTK_BYTE, "128", REFUSED, NULL},
	    {XTK_BYTE, "-129", REFUSED, NULL},	 {XTK_BYTE, "2.5", "3", NULL},
	    {XTK_BYTE, "2.49999", "2", NULL},	 {XTK_BYTE, "-2.5", "-2", NULL},
	    {XTK_BYTE, "-2.500", "-2", NULL},	 {XTK_BYTE, "-2.501", "-3", NULL},
	    {XTK_BYTE, "-0.5", "0", NULL},	 {XTK_BYTE, "127.4", "127", NULL},
	    {XTK_BYTE, "127.5", REFUSED, NULL},	 {XTK_BYTE, "-128.5", "-128", NULL},
	    {XTK_BYTE, "-128.6", REFUSED, NULL}, {XTK_BYTE, "abc", REFUSED, "0"},
	    {XTK_BYTE, "1e1", REFUSED, "0"},	 {XTK_BYTE, "0x10", REFUSED, "0"},
	    {XTK_BYTE, "1 2", REFUSED, "0"},	 {XTK_BYTE, "--1", REFUSED, "0"},
	    {XTK_BYTE, "1,5", REFUSED, "0"},	 {XTK_BYTE, ".", REFUSED, "0"},
	    {XTK_BYTE, "-", REFUSED, "0"},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_short_long_int64(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_SHORT, "32767", "32767", NULL},
	    {XTK_SHORT, "-32768", "-32768", NULL},
	    {XTK_SHORT, "32768", REFUSED, NULL},
	    {XTK_SHORT, "32767.5", REFUSED, NULL},
	    {XTK_LONG, "2147483647", "2147483647", NULL},
	    {XTK_LONG, "-2147483648", "-2147483648", NULL},
	    {XTK_LONG, "2147483648", REFUSED, NULL},
	    {XTK_LONG, "-2147483649", REFUSED, NULL},
	    {XTK_LONG, "1.5", "2", NULL},
	    {XTK_LONG, "99999999999999999999999999", REFUSED, NULL},
	    {XTK_LONG, "", "0", NULL},
	    {XTK_INT64, "9223372036854775807", "9223372036854775807", NULL},
	    {XTK_INT64, "-9223372036854775808", "-9223372036854775808", NULL},
	    {XTK_INT64, "9223372036854775808", REFUSED, NULL},
	    {XTK_INT64, "-9223372036854775809", REFUSED, NULL},
	    {XTK_INT64, "18446744073709551616", REFUSED, NULL},
	    {XTK_INT64, "+0001", "1", NULL},
	    {XTK_INT64, "1.0", REFUSED, "0"},
	    {XTK_INT64, "1.", REFUSED, "0"},
	    {XTK_INT64, "", "0", NULL},
	    {XTK_TIMESPAN, "-3600", "-3600", NULL},
	    {XTK_TIMESPAN, "1:00", REFUSED, "0"},
	    {XTK_TIMESPAN, "1.5", REFUSED, "0"},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_double(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_DOUBLE, "12.50", "12.5", NULL},
	    {XTK_DOUBLE, "1e3", "1000", NULL},
	    {XTK_DOUBLE, "-1.5E-3", "-0.0015", NULL},
	    {XTK_DOUBLE, "0.1", "0.1", NULL},
	    {XTK_DOUBLE, ".5", "0.5", NULL},
	    {XTK_DOUBLE, "+5.", "5", NULL},
	    {XTK_DOUBLE, "-0", "0", NULL},
	    {XTK_DOUBLE, "", "0", NULL},
	    {XTK_DOUBLE, " 1 ", "1", NULL},
	    {XTK_DOUBLE, "0.30000000000000004", "0.30000000000000004", NULL},
	    {XTK_DOUBLE, "1.7976931348623157e308", "1.7976931348623157e+308", NULL},
	    {XTK_DOUBLE, "1e309", REFUSED, NULL},
	    {XTK_DOUBLE, "1e-999", "0", NULL},
	    {XTK_FLOAT, "3.14", "3.14", NULL},
	    {XTK_PERCENT, "99.9", "99.9", NULL},
	    {XTK_DOUBLE, "NaN", REFUSED, "0"},
	    {XTK_DOUBLE, "inf", REFUSED, "0"},
	    {XTK_DOUBLE, "Infinity", REFUSED, "0"},
	    {XTK_DOUBLE, "0x1p3", REFUSED, "0"},
	    {XTK_DOUBLE, "1,000.5", REFUSED, "0"},
	    {XTK_DOUBLE, "1,5", REFUSED, "0"},
	    {XTK_DOUBLE, "1e", REFUSED, "0"},
	    {XTK_DOUBLE, "e3", REFUSED, "0"},
	    {XTK_DOUBLE, "1.2.3", REFUSED, "0"},
	    {XTK_DOUBLE, "12 kr", REFUSED, "0"},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_date(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_DATE, "2026-02-03", "2026-02-03", NULL},
	    {XTK_DATE, "2026/02/03", "2026-02-03", NULL},
	    {XTK_DATE, " 2026-02-03 ", "2026-02-03", NULL},
	    {XTK_DATE, "2024-02-29", "2024-02-29", NULL},
	    {XTK_DATE, "2000-02-29", "2000-02-29", NULL},
	    {XTK_DATE, "0001-01-01", "0001-01-01", NULL},
	    {XTK_DATE, "9999-12-31", "9999-12-31", NULL},
	    {XTK_DATE, "2026-02-03T23:30:00-05:00", "2026-02-04", NULL},
	    {XTK_DATE, "2026-02-03 00:30:00+01", "2026-02-02", NULL},
	    {XTK_DATE, "2026-02-03T12:00", "2026-02-03", NULL},
	    {XTK_DATE, "", NOTHING, NULL},
	    {XTK_DATE, " ", NOTHING, NULL},
	    {XTK_DATE, "2026-02/03", REFUSED, NOTHING},
	    {XTK_DATE, "2023-02-29", REFUSED, NOTHING},
	    {XTK_DATE, "1900-02-29", REFUSED, NOTHING},
	    {XTK_DATE, "2026-04-31", REFUSED, NOTHING},
	    {XTK_DATE, "2026-13-01", REFUSED, NOTHING},
	    {XTK_DATE, "2026-00-01", REFUSED, NOTHING},
	    {XTK_DATE, "2026-01-00", REFUSED, NOTHING},
	    {XTK_DATE, "0000-01-01", REFUSED, NOTHING},
	    {XTK_DATE, "2026-2-3", REFUSED, NOTHING},
	    {XTK_DATE, "20260203", REFUSED, NOTHING},
	    {XTK_DATE, "03/02/2026", REFUSED, NOTHING},
	    {XTK_DATE, "2026-02-03x", REFUSED, NOTHING},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_datetime(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_DATETIME, "2026-02-03", "2026-02-03 00:00:00.000", NULL},
	    {XTK_DATETIME, "2026/02/03 04:05", "2026-02-03 04:05:00.000", NULL},
	    {XTK_DATETIME, "2026-02-03T04:05:06", "2026-02-03 04:05:06.000", NULL},
	    {XTK_DATETIME, "2026-02-03T04:05:06Z", "2026-02-03 04:05:06.000", NULL},
	    {XTK_DATETIME, "2026-02-03 04:05:06.7Z", "2026-02-03 04:05:06.700", NULL},
	    {XTK_DATETIME, "2026-02-03 04:05:06.7899Z", "2026-02-03 04:05:06.789", NULL},
	    {XTK_DATETIME, "2026-02-03T04:05:06+02", "2026-02-03 02:05:06.000", NULL},
	    {XTK_DATETIME, "2026-02-03T04:05:06+02:30", "2026-02-03 01:35:06.000", NULL},
	    {XTK_DATETIME, "2026-02-03T04:05-0800", "2026-02-03 12:05:00.000", NULL},
	    {XTK_DATETIME, "2024-12-31T23:30-01:00", "2025-01-01 00:30:00.000", NULL},
	    {XTK_DATETIME, "0", "1970-01-01 00:00:00.000", NULL},
	    {XTK_DATETIME, "1770091506", "2026-02-03 04:05:06.000", NULL},
	    {XTK_DATETIME, "-1", "1969-12-31 23:59:59.000", NULL},
	    {XTK_DATETIME, "-62135596800", "0001-01-01 00:00:00.000", NULL},
	    {XTK_DATETIME, "253402300799", "9999-12-31 23:59:59.000", NULL},
	    {XTK_DATETIMETZ, "2026-02-03T04:05:06+01:00", "2026-02-03 03:05:06.000", NULL},
	    {XTK_DATETIME, "", NOTHING, NULL},
	    {XTK_DATETIME, "253402300800", REFUSED, NOTHING},
	    {XTK_DATETIME, "99999999999999999999", REFUSED, NOTHING},
	    {XTK_DATETIME, "0001-01-01T00:00+01", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T24:00", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:60", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:05:60", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T4:05", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:05:06.", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:05.5", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:05+1", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:05+01:0", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:05+25", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T04:05ZZ", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03T", REFUSED, NOTHING},
	    {XTK_DATETIME, "2026-02-03Z", REFUSED, NOTHING},
	    {XTK_DATETIME, "1.5", REFUSED, NOTHING},
	    {XTK_DATETIME, "yesterday", REFUSED, NOTHING},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_datetimenotz_time(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_DATETIMENOTZ, "2026-02-03 04:05:06.25", "2026-02-03 04:05:06.250", NULL},
	    {XTK_DATETIMENOTZ, "2026-02-03", "2026-02-03 00:00:00.000", NULL},
	    {XTK_DATETIMENOTZ, "2026-02-03T04:05Z", REFUSED, NULL},
	    {XTK_DATETIMENOTZ, "2026-02-03T04:05+00:00", REFUSED, NULL},
	    {XTK_DATETIMENOTZ, "86400", "1970-01-02 00:00:00.000", NULL},
	    {XTK_DATETIMENOTZ, "soon", REFUSED, NOTHING},
	    {XTK_TIME, "04:05", "04:05:00", NULL},
	    {XTK_TIME, "23:59:59", "23:59:59", NULL},
	    {XTK_TIME, " 04:05:06 ", "04:05:06", NULL},
	    {XTK_TIME, "", NOTHING, NULL},
	    {XTK_TIME, "24:00", REFUSED, NOTHING},
	    {XTK_TIME, "4:05", REFUSED, NOTHING},
	    {XTK_TIME, "04:05:06.7", REFUSED, NOTHING},
	    {XTK_TIME, "04:05Z", REFUSED, NOTHING},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_uuid(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_UUID, "ABC12345", "ABC12345", NULL}, /* R5.8: any text, case is kept */
	    {XTK_UUID, " a ", " a ", NULL},
	    {XTK_UUID, "", NOTHING, NULL},
	    {XTK_UUID, "0123456789012345678901234567890123456789012345678901234567890123",
	     "0123456789012345678901234567890123456789012345678901234567890123", NULL},
	    {XTK_UUID, "01234567890123456789012345678901234567890123456789012345678901234",
	     TOO_LONG, NULL},
	    {XTK_UUID, "åååååååååååååååååååååååååååååååå", "åååååååååååååååååååååååååååååååå",
	     NULL},
	    {XTK_UUID, "ååååååååååååååååååååååååååååååååå", TOO_LONG, NULL},
	    {XTK_UUID, "a\tb", REFUSED, NULL},
	    {XTK_UUID, "a\x7f", REFUSED, NULL},
	    {XTK_UUID, "a\xc2\x85", REFUSED, NULL},
	    {XTK_UUID, "a\xc2\xa0", "a\xc2\xa0", NULL},
	};

	(void)state;
	CHECK(cases);
}

static void section_6_2_blob(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_BLOB, "aGVqIGhlag==", "hej hej", NULL},
	    {XTK_BLOB, "aGVq\n IGhl\tag==\r\n", "hej hej", NULL},
	    {XTK_BLOB, "", NOTHING, NULL},
	    {XTK_BLOB, " \n", NOTHING, NULL},
	    {XTK_BLOB, "aGVqIGhlag", REFUSED, NULL},
	    {XTK_BLOB, "a*b=", REFUSED, NULL},
	    {XTK_BLOB, "aGVq=IGh", REFUSED, NULL},
	};
	const struct cast_options options = {.lenient = false, .timezone = "UTC"};
	struct field f = {.name = (char[]){"b"}, .type = XTK_BLOB};
	struct arena *arena = arena_new();
	struct db_value value;
	struct fault_cause p;

	(void)state;
	CHECK(cases);
	assert_int_equal(cast_value(&f, "AAEA/w==", &options, arena, &value, &p), 0);
	assert_int_equal(value.length, 4);
	assert_memory_equal(value.text, "\x00\x01\x00\xff", 4);
	arena_free(&arena);
}

/* The faults name field and type, but not the value. */
static void section_6_2_causes(void **state)
{
	const struct {
		struct field field;
		const char *text, *code, *said;
	} cases[] = {
	    {{.xpath = (char[]){"@amount"}, .name = (char[]){"amount"}, .type = XTK_DOUBLE},
	     "secret",
	     CODE_CAST,
	     "Attribute 'amount' is not a valid double."},
	    {{.xpath = (char[]){"@testcol1"},
	      .name = (char[]){"testcol1"},
	      .type = XTK_STRING,
	      .length = 3},
	     "secret",
	     CODE_TOO_LONG,
	     "Attribute 'testcol1' is longer than 3 characters."},
	    {{.xpath = (char[]){"location/@city"},
	      .name = (char[]){"location/@city"},
	      .type = XTK_BYTE},
	     "300",
	     CODE_CAST,
	     "Attribute 'location/@city' is not a valid byte."},
	    {{.xpath = (char[]){"comment"},
	      .name = (char[]){"./comment"},
	      .type = XTK_DATE,
	      .is_element = true},
	     "secret",
	     CODE_CAST,
	     "Element 'comment' is not a valid date."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new();
		struct fault_cause p = {0};

		assert_string_equal(cast_with(arena, &cases[i].field, cases[i].text, false, &p),
				    cases[i].code);
		assert_string_equal(p.text, cases[i].said);
		arena_free(&arena);
	}
}

static void R3_8_boolean_parameter(void **state)
{
	bool value = true;

	(void)state;
	assert_int_equal(cast_boolean("true", &value), 0);
	assert_true(value);
	assert_int_equal(cast_boolean(" NO ", &value), 0);
	assert_false(value);
	assert_int_equal(cast_boolean("17", &value), 0);
	assert_true(value);
	assert_int_equal(cast_boolean("", &value), 0);
	assert_false(value);
	assert_int_equal(cast_boolean("maybe", &value), -1);
}

/* The decimal point is "." in any locale. */
static void section_6_2_double_in_any_locale(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_DOUBLE, "12.5", "12.5", NULL},
	    {XTK_DOUBLE, "12,5", REFUSED, "0"},
	};

	(void)state;
	if (setlocale(LC_ALL, "sv_SE.UTF-8") == NULL && setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
		skip();
	CHECK(cases);
	setlocale(LC_ALL, "C");
}

/* R6.2: a date-time without a zone is in the configured zone.  Runs last, since it sets TZ. */
static void section_6_2_configured_zone(void **state)
{
	static const struct cast_case cases[] = {
	    {XTK_DATETIME, "2026-02-03 04:05:06", "2026-02-03 03:05:06.000", NULL},
	    {XTK_DATETIME, "2026-07-03 04:05:06.5", "2026-07-03 02:05:06.500", NULL},
	    {XTK_DATETIME, "2026-07-03", "2026-07-02 22:00:00.000", NULL},
	    {XTK_DATETIME, "2026-07-03T04:05Z", "2026-07-03 04:05:00.000", NULL},
	    {XTK_DATETIME, "2026-07-03T04:05+05:00", "2026-07-02 23:05:00.000", NULL},
	    {XTK_DATETIME, "0", "1970-01-01 00:00:00.000", NULL},
	    /* an hour that occurs twice: the first one */
	    {XTK_DATETIME, "2026-10-25 02:30", "2026-10-25 00:30:00.000", NULL},
	    {XTK_DATETIME, "2026-10-25 03:30", "2026-10-25 02:30:00.000", NULL},
	    {XTK_DATETIME, "2026-10-25 01:30", "2026-10-24 23:30:00.000", NULL},
	    /* a skipped hour: moves forward */
	    {XTK_DATETIME, "2026-03-29 02:30", "2026-03-29 01:30:00.000", NULL},
	    {XTK_DATETIME, "2026-03-29 03:30", "2026-03-29 01:30:00.000", NULL},
	    {XTK_DATETIME, "2026-03-29 01:30", "2026-03-29 00:30:00.000", NULL},
	    {XTK_DATE, "2026-02-03", "2026-02-03", NULL},
	    {XTK_DATE, "2026-02-03 00:30", "2026-02-02", NULL},
	    {XTK_DATETIMENOTZ, "2026-02-03 00:30", "2026-02-03 00:30:00.000", NULL},
	};

	(void)state;
	if (cast_init("Europe/Stockholm") < 0)
		skip(); /* tzdata is not installed */
	timezone_name = "Europe/Stockholm";
	CHECK(cases);
	timezone_name = "UTC";
}

static void section_6_2_unknown_zone(void **state)
{
	(void)state;
	assert_int_equal(cast_init("UTC"), 0);
	assert_int_equal(cast_init("Europe/Nowhere"), -1);
	assert_int_equal(cast_init("../../etc/passwd"), -1);
	assert_int_equal(cast_init("Europe"), -1);
	assert_int_equal(cast_init(""), -1);
}

/* cast_time.c and the C library agree on one day in each 30. */
static void calendar_agrees(void **state)
{
	const struct cast_options options = {.lenient = false, .timezone = "UTC"};
	struct field f = {.name = (char[]){"t"}, .type = XTK_DATETIME};
	struct arena *arena = arena_new();

	(void)state;
	for (int64_t t = -62135596800; t <= 253402300799; t += (int64_t)30 * 86400 + 3661) {
		time_t seconds = (time_t)t;
		char given[32], expected[64];
		struct db_value value;
		struct fault_cause p;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		snprintf(given, sizeof(given), "%lld", (long long)t);
		snprintf(expected, sizeof(expected), "%04d-%02d-%02d %02d:%02d:%02d.000",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			 tm.tm_sec);
		assert_int_equal(cast_value(&f, given, &options, arena, &value, &p), 0);
		assert_string_equal(value.text, expected);
		arena_reset(arena);
		assert_int_equal(cast_value(&f, expected, &options, arena, &value, &p), 0);
		assert_string_equal(value.text, expected);
		arena_reset(arena);
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_6_2_string),
	    cmocka_unit_test(section_6_2_memo),
	    cmocka_unit_test(section_6_2_boolean),
	    cmocka_unit_test(section_6_2_byte),
	    cmocka_unit_test(section_6_2_short_long_int64),
	    cmocka_unit_test(section_6_2_double),
	    cmocka_unit_test(section_6_2_date),
	    cmocka_unit_test(section_6_2_datetime),
	    cmocka_unit_test(section_6_2_datetimenotz_time),
	    cmocka_unit_test(section_6_2_uuid),
	    cmocka_unit_test(section_6_2_blob),
	    cmocka_unit_test(section_6_2_causes),
	    cmocka_unit_test(R3_8_boolean_parameter),
	    cmocka_unit_test(section_6_2_double_in_any_locale),
	    cmocka_unit_test(calendar_agrees),
	    cmocka_unit_test(section_6_2_unknown_zone),
	    cmocka_unit_test(section_6_2_configured_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
