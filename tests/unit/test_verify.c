/* SPDX-License-Identifier: MIT */
/* What --verify compares: canonical values, their order, checksums, and the lines of an export. */
#include "config.h"

#include "sync/checksum.h"
#include "sync/verify_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

static const struct {
	enum xtk_type type;
	const char *stored, *form;
} forms[] = {
    {XTK_LONG, "7", "7"},
    {XTK_LONG, "+7", "7"},
    {XTK_LONG, "007", "7"},
    {XTK_LONG, "-7", "-7"},
    {XTK_LONG, "-0", "0"},
    {XTK_LONG, "0.000", "0"},
    {XTK_LONG, "-0.00", "0"},
    {XTK_LONG, "5.00", "5"},
    {XTK_LONG, "5.250", "5.25"},
    {XTK_LONG, "100", "100"},
    {XTK_INT64, "-9223372036854775808", "-9223372036854775808"},
    {XTK_INT64, "99999999999999999999", "99999999999999999999"},
    {XTK_BOOLEAN, "1", "1"},
    {XTK_LONG, "", ""},
    {XTK_LONG, "-", "-"},
    {XTK_LONG, "5.", "5"},
    {XTK_LONG, ".5", ".5"},
    {XTK_LONG, "1e3", "1e3"},
    {XTK_LONG, "no number", "no number"},
    {XTK_DOUBLE, "0.1", "0.1"},
    {XTK_DOUBLE, "0.10000000000000001", "0.1"},
    {XTK_DOUBLE, "0.30000000000000004", "0.30000000000000004"},
    {XTK_DOUBLE, "1000", "1000"},
    {XTK_DOUBLE, "1e3", "1000"},
    {XTK_DOUBLE, "1.50", "1.5"},
    {XTK_DOUBLE, "-0", "0"},
    {XTK_DOUBLE, "4.9e-324", "4.94065645841247e-324"},
    {XTK_DOUBLE, "1.7976931348623157e308", "1.7976931348623157e+308"},
    {XTK_DOUBLE, "1e999", "1e999"},
    {XTK_DOUBLE, "nan", "nan"},
    {XTK_DOUBLE, "", ""},
    {XTK_DATE, "2026-02-03", "2026-02-03"},
    {XTK_DATETIME, "2026-02-03 04:05:06", "2026-02-03 04:05:06.000"},
    {XTK_DATETIME, "2026-02-03 04:05:06.7", "2026-02-03 04:05:06.700"},
    {XTK_DATETIMETZ, "2026-02-03 04:05:06.789", "2026-02-03 04:05:06.789"},
    {XTK_DATETIMENOTZ, "2026-02-03 04:05:06.789000", "2026-02-03 04:05:06.789"},
    {XTK_DATETIME, "2026-02-03 04:05:06.789001", "2026-02-03 04:05:06.789001"},
    {XTK_DATETIME, "2026-02-03", "2026-02-03"},
    {XTK_TIME, "04:05:06", "04:05:06"},
    {XTK_TIME, "04:05:06.000", "04:05:06"},
    {XTK_TIME, "04:05:06.5", "04:05:06.5"},
    {XTK_STRING, " 7.0 ", " 7.0 "},
    {XTK_MEMO, "", ""},
};

static void R10_13_canonical_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct buf form = BUF_INIT;

		checksum_canonical(&form, forms[i].type, db_text(forms[i].stored));
		assert_string_equal(buf_text(&form), forms[i].form);
		assert_true(checksum_equal(forms[i].type, db_text(forms[i].stored),
					   db_text(forms[i].form)));
		buf_free(&form);
	}
}

/* A value that is not terminated must be read no further than it goes. */
static void R10_13_a_value_ends_with_its_length(void **state)
{
	const struct db_value cut = {"12.500", 4};
	struct buf form = BUF_INIT;

	(void)state;
	checksum_canonical(&form, XTK_LONG, cut);
	assert_string_equal(buf_text(&form), "12.5");
	buf_clear(&form);
	checksum_canonical(&form, XTK_DOUBLE, cut);
	assert_string_equal(buf_text(&form), "12.5");
	buf_free(&form);
}

static void R10_13_null_is_not_empty(void **state)
{
	(void)state;
	assert_true(checksum_equal(XTK_STRING, DB_NULL, DB_NULL));
	assert_false(checksum_equal(XTK_STRING, DB_NULL, db_text("")));
	assert_false(checksum_equal(XTK_LONG, db_text("0"), DB_NULL));
	assert_false(checksum_equal(XTK_STRING, db_text("a"), db_text("a ")));
	assert_true(checksum_equal(XTK_DOUBLE, db_text("1e1"), db_text("10")));
}

static void R10_13_keys_in_order(void **state)
{
	static const char *const text[] = {
	    "", "A", "B", "a", "a ", "aa", "b", "\xc3\xa5", "\xef\xbf\xae", "\xf0\x9f\x98\x80"};
	static const char *const numbers[] = {"-100", "-5", "0", "2", "10", "9223372036854775807"};
	static const char *const times[] = {"0001-01-01", "2026-02-03 04:05:06.789", "9999-12-31"};
	static const struct {
		enum xtk_type type;
		const char *const *keys;
		int count;
	} lists[] = {{XTK_STRING, text, 10}, {XTK_INT64, numbers, 6}, {XTK_DATETIME, times, 3}};

	(void)state;
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		for (int i = 0; i < lists[l].count; i++) {
			for (int j = 0; j < lists[l].count; j++) {
				int order =
				    checksum_key_order(lists[l].type, db_text(lists[l].keys[i]),
						       db_text(lists[l].keys[j]));

				assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
			}
		}
	}
}

/* ---- checksums ---- */

static char name_a[] = "a", name_b[] = "b", name_n[] = "n", id_three[] = "t:three";
static struct field three_fields[] = {
    {.name = name_b, .type = XTK_STRING},
    {.name = name_a, .type = XTK_STRING},
    {.name = name_n, .type = XTK_DOUBLE},
};
static const struct schema three = {
    .id = id_three, .fields = three_fields, .field_count = 3, .pk = -1};

static struct checksum sum_of(const char *b, const char *a, const char *n)
{
	const struct db_value cells[] = {db_text(b), db_text(a), db_text(n)};
	struct checksum sum = {{0}};
	size_t fields[3];

	compare_all_fields(&three, fields);
	assert_int_equal(fields[0], 1);
	assert_int_equal(fields[1], 0);
	checksum_add_row(&sum, &three, fields, 3, cells);
	return sum;
}

static void R10_13_checksums_tell_rows_apart(void **state)
{
	const struct checksum sums[] = {sum_of("x", "y", "1"),	 sum_of("y", "x", "1"),
					sum_of("xy", "", "1"),	 sum_of("", "xy", "1"),
					sum_of("x", "y", NULL),	 sum_of(NULL, "xy", "1"),
					sum_of("xy", NULL, "1"), sum_of("x", "y", "1.0000001")};
	const struct checksum same = sum_of("x", "y", "1.0");

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		for (size_t j = 0; j < i; j++)
			assert_false(checksum_is_equal(&sums[i], &sums[j]));
	}
	assert_true(checksum_is_equal(&sums[0], &same));
}

static void R10_13_sums_do_not_depend_on_order(void **state)
{
	const struct checksum a = sum_of("a", "", "1"), b = sum_of("b", "", "1");
	struct checksum ab = a, ba = b, aab, read;
	char text[CHECKSUM_TEXT_SIZE];

	(void)state;
	checksum_add(&ab, &b);
	checksum_add(&ba, &a);
	assert_true(checksum_is_equal(&ab, &ba));
	aab = ab;
	checksum_add(&aab, &a);
	checksum_add(&aab, &a); /* a row that stands there twice more does not vanish */
	assert_false(checksum_is_equal(&aab, &ab));
	assert_int_equal(checksum_parse(checksum_format(text, &ab), &read), 0);
	assert_true(checksum_is_equal(&ab, &read));
	assert_int_equal(checksum_parse("00", &read), -1);
	text[3] = 'x';
	assert_int_equal(checksum_parse(text, &read), -1);
}

/* An export is compared by later versions, so a row's checksum never changes. */
static void R10_13_a_checksum_stays_as_it_is(void **state)
{
	const struct checksum sum = sum_of("\xc3\xa5", NULL, "0.1");
	char text[CHECKSUM_TEXT_SIZE];

	(void)state;
	assert_string_equal(checksum_format(text, &sum),
			    "cec1ecb6f79f55e4acc6308e39b9fdb7b3d9c7caf57301cf3cd1a85ac2353d23");
}

/* ---- lines ---- */

static void R10_13_lines_are_read_as_they_were_written(void **state)
{
	static const char key[] = "a\"b\\c\n\t\x01\x7f \xf0\x9f\x98\x80";
	char first[] = "", last[sizeof(key)];
	struct range range = {.first = first, .last = last, .rows = UINT64_MAX}, read = {0};
	struct export_table table;
	size_t fields[3];
	struct buf line = BUF_INIT;
	unsigned version = 0;
	uint64_t rows = 0;
	struct checksum sum;
	char *text = NULL;

	(void)state;
	snprintf(last, sizeof(last), "%s", key);
	range.checksum = sum_of("x", "y", "1");
	lines_add_range(&line, &range);
	assert_int_equal(lines_parse_range(buf_text(&line), &read), 0);
	assert_string_equal(read.first, "");
	assert_string_equal(read.last, key);
	assert_true(read.rows == UINT64_MAX && checksum_is_equal(&read.checksum, &range.checksum));
	free(read.first);
	free(read.last);
	/* Whatever is cut off is no line. */
	while (line.length > 1) {
		line.data[--line.length] = '\0';
		if (line.length > 0 && line.data[line.length - 1] != '}')
			assert_int_equal(lines_parse_range(buf_text(&line), &read), -1);
	}
	buf_clear(&line);
	compare_all_fields(&three, fields);
	lines_add_table(&line, &three, fields, 3);
	assert_int_equal(lines_parse_table(buf_text(&line), &table), 0);
	assert_string_equal(table.schema, "t:three");
	assert_int_equal(table.field_count, 3);
	assert_string_equal(table.fields[0], "a");
	assert_string_equal(table.types[2], "double");
	export_table_free(&table);
	buf_clear(&line);
	lines_add_end(&line, NULL, 5, &range.checksum);
	assert_int_equal(lines_parse_end(buf_text(&line), &text, &rows, &sum), 0);
	assert_true(text == NULL && rows == 5);
	buf_clear(&line);
	lines_add_file(&line, "2026-02-03 04:05:06.789");
	assert_int_equal(lines_parse_file(buf_text(&line), &version, &text), 0);
	assert_string_equal(text, "2026-02-03 04:05:06.789");
	free(text);
	buf_free(&line);
}

static void R10_13_other_lines_are_refused(void **state)
{
#define SUM "\"0000000000000000000000000000000000000000000000000000000000000000\""
	static const char *const ranges[] = {
	    "",
	    "{}",
	    "{\"first\":\"a\",\"last\":\"b\",\"rows\":1,\"checksum\":" SUM "}x",
	    "{\"first\":\"a\",\"last\":\"b\",\"rows\":1,\"checksum\":\"00\"}",
	    "{\"first\":\"a\",\"last\":\"b\",\"rows\":-1,\"checksum\":" SUM "}",
	    "{\"first\":\"a\",\"last\":null,\"rows\":1,\"checksum\":" SUM "}",
	    "{\"first\":\"a\",\"last\":\"b,\"rows\":1,\"checksum\":" SUM "}",
	    "{\"first\":\"\\x\",\"last\":\"b\",\"rows\":1,\"checksum\":" SUM "}",
	    "{\"first\":\"\\u00\",\"last\":\"b\",\"rows\":1,\"checksum\":" SUM "}",
	    "{\"first\":\"\\u0000\",\"last\":\"b\",\"rows\":1,\"checksum\":" SUM "}",
	    "{\"first\":\"a\",\"last\":\"b\",\"rows\":99999999999999999999,\"checksum\":" SUM "}",
	};
	static const char *const tables[] = {
	    "{\"schema\":\"a:b\",\"key\":\"id\",\"fields\":[\"id\"],\"types\":[]}",
	    "{\"schema\":null,\"key\":\"id\",\"fields\":[\"id\"],\"types\":[\"long\"]}",
	    "{\"schema\":\"a:b\",\"key\":\"id\",\"fields\":[\"id\",\"types\":[\"long\"]}",
	    "{\"schema\":\"a:b\",\"key\":\"id\",\"fields\":[\"id\"]}",
	};
	struct export_table table;
	struct range range;

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		assert_int_equal(lines_parse_range(ranges[i], &range), -1);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		assert_int_equal(lines_parse_table(tables[i], &table), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R10_13_canonical_forms),
	    cmocka_unit_test(R10_13_a_value_ends_with_its_length),
	    cmocka_unit_test(R10_13_null_is_not_empty),
	    cmocka_unit_test(R10_13_keys_in_order),
	    cmocka_unit_test(R10_13_checksums_tell_rows_apart),
	    cmocka_unit_test(R10_13_sums_do_not_depend_on_order),
	    cmocka_unit_test(R10_13_a_checksum_stays_as_it_is),
	    cmocka_unit_test(R10_13_lines_are_read_as_they_were_written),
	    cmocka_unit_test(R10_13_other_lines_are_refused),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
