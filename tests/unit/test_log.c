/* SPDX-License-Identifier: MIT */
/* Log lines: escaping, levels, one line per event, the rate limit, the clock's text. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/outcome.h"

static const struct {
	const char *text;
	size_t size;
	const char *expected;
} escapes[] = {
    {"plain text", 64, "plain text"},
    {"a\nb", 64, "a\\x0ab"},
    {"a\\b", 64, "a\\x5cb"}, /* or a text could contain "\x0a" itself */
    {"\x7f\x1b[0m", 64, "\\x7f\\x1b[0m"},
    {"\u00e5", 64, "\\xc3\\xa5"},
    {"", 64, ""},
    {"12345678", 9, "12345678"}, /* fits exactly */
    {"123456789", 9, "12345..."},
    {"1234\n6789", 9, "1234..."}, /* an escape is not cut in two */
    {"\xc2\x9b"
     "0m",
     64, "\\xc2\\x9b0m"}, /* a control character of two bytes */
    {"\n\n\n", 9, "\\x0a..."},
    {"abcdef", 4, "..."},
    {"abcdef", 3, ".."},
    {"abcdef", 1, ""},
};

static void escape_is_printable_and_marks_a_cut(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		char out[64];

		memset(out, '#', sizeof(out));
		assert_ptr_equal(log_escape(out, escapes[i].size, escapes[i].text), out);
		assert_string_equal(out, escapes[i].expected);
	}
}

static void levels_have_names(void **state)
{
	enum log_level level = LOG_LEVEL_DEBUG;

	(void)state;
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("warn", &level), 0);
	assert_int_equal(level, LOG_LEVEL_WARN);
	assert_int_equal(log_level_parse("info", &level), 0);
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(log_level_parse("warning", &level), -1);
	assert_int_equal(log_level_parse("", &level), -1);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void rate_lets_one_through(void **state)
{
	struct log_rate rate = {0};
	unsigned long skipped = 99;
	int i;

	(void)state;
	assert_true(log_rate_allow(&rate, 3600, &skipped));
	assert_int_equal(skipped, 0);
	for (i = 0; i < 5; i++)
		assert_false(log_rate_allow(&rate, 3600, &skipped));
	rate.next_ms = 0; /* as if the hour had passed */
	assert_true(log_rate_allow(&rate, 3600, &skipped));
	assert_int_equal(skipped, 5);
	assert_false(log_rate_allow(&rate, 3600, &skipped));
}

/* Redirects stderr into a file while WRITE runs; OUT gets the file's content. */
static void capture(void (*write_lines)(void), char *out, size_t size)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char stream[64];
	struct stat st;
	size_t n;

	assert_non_null(file);
	assert_true(saved >= 0);
	assert_int_equal(fstat(fileno(file), &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("TEST_STREAM", stream, 1);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	write_lines();
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	n = fread(out, 1, size - 1, file);
	out[n] = '\0';
	fclose(file);
}

static void two_events(void)
{
	char context[] = "r1 192.0.2.1";

	unsetenv("JOURNAL_STREAM");
	log_open("testd", LOG_LEVEL_WARN);
	log_set_context(context);
	strcpy(context, "gone"); /* as when the request is freed */
	log_warn("first\nforged: %s", "x");
	log_warn("%s", "\x1b[2J\x9b|\xc2\x9b|\x7f|\xc3\xa5");
	log_info("below the level");
	log_set_context("");
	errno = ENOENT;
	log_errno("second");
}

static void lines_on_a_file(void **state)
{
	char out[1024], form[64], expected[128];

	(void)state;
	capture(two_events, out, sizeof(out));
	snprintf(form, sizeof(form), "Z testd[%ld]: ", (long)getpid());
	assert_int_equal(out[4], '-');
	assert_int_equal(out[10], 'T');
	assert_memory_equal(out + 23, form, strlen(form));
	assert_non_null(strstr(out, "]: warn: r1 192.0.2.1: first forged: x\n"));
	assert_non_null(strstr(out, "192.0.2.1:  [2J\x9b|  | |\xc3\xa5\n"));
	assert_null(strstr(out, "below"));
	snprintf(expected, sizeof(expected), "]: error: second: %s\n", strerrordesc_np(ENOENT));
	assert_non_null(strstr(out, expected));
	assert_ptr_equal(strchr(strchr(strchr(out, '\n') + 1, '\n') + 1, '\n') + 1,
			 out + strlen(out));
}

static void journal_events(void)
{
	setenv("JOURNAL_STREAM", getenv("TEST_STREAM"), 1);
	log_open("testd", LOG_LEVEL_DEBUG);
	log_error("broken");
	log_debug("detail");
	unsetenv("JOURNAL_STREAM");
}

static void lines_in_the_journal(void **state)
{
	char out[1024];

	(void)state;
	capture(journal_events, out, sizeof(out));
	assert_string_equal(out, "<3>broken\n<7>detail\n");
}

static void one_place(int i)
{
	log_info("one place %d", i);
}

static void flood(void)
{
	unsetenv("JOURNAL_STREAM");
	log_open("testd", LOG_LEVEL_DEBUG);
	log_limit(5);
	for (int i = 0; i < 1000; i++)
		one_place(i);
	for (int i = 0; i < 20; i++)
		log_debug("details %d", i);
	log_warn("another place");
	usleep(1100000); /* one more line is allowed after a second */
	one_place(1000);
	one_place(1001);
	log_limit(0);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void a_place_that_repeats_itself_is_held_back(void **state)
{
	static char out[200000];

	(void)state;
	capture(flood, out, sizeof(out));
	assert_int_equal(count(out, "details"), 20);
	assert_int_equal(count(out, "another place\n"), 1);
	assert_non_null(strstr(out, "one place 4\n"));
	assert_null(strstr(out, "one place 5\n"));
	assert_non_null(strstr(out, "one place 1000 (and 995 more like this, held back)\n"));
	assert_int_equal(count(out, "one place"), 6);
}

static char endless[10000];

static void endless_event(void)
{
	unsetenv("JOURNAL_STREAM");
	log_open("testd", LOG_LEVEL_DEBUG);
	log_error("%s", endless);
}

static void a_long_line_is_cut(void **state)
{
	char out[20000];

	(void)state;
	memset(endless, 'x', sizeof(endless) - 1);
	capture(endless_event, out, sizeof(out));
	assert_true(strlen(out) <= 4096);
	assert_int_equal(out[strlen(out) - 1], '\n');
	assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static const struct {
	int64_t utc_ms;
	char separator;
	const char *expected;
} times[] = {
    {0, ' ', "1970-01-01 00:00:00.000"},
    {1770091506789, 'T', "2026-02-03T04:05:06.789"},
    {1709164800000, ' ', "2024-02-29 00:00:00.000"},
    {-1, ' ', "1969-12-31 23:59:59.999"},
    {253402300799999, 'T', "9999-12-31T23:59:59.999"},
};

static void clock_text(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char out[CLOCK_TEXT_SIZE];

		assert_string_equal(clock_format(out, times[i].utc_ms, times[i].separator),
				    times[i].expected);
	}
	assert_true(clock_utc_ms() > 1700000000000);
	assert_true(clock_monotonic_ms() <= clock_monotonic_ms());
}

static void outcomes_have_names(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_OK), "ok");
	assert_string_equal(outcome_name(OUTCOME_UNKNOWN), "unknown");
	assert_string_equal(outcome_name((enum outcome)77), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(escape_is_printable_and_marks_a_cut),
	    cmocka_unit_test(levels_have_names),
	    cmocka_unit_test(rate_lets_one_through),
	    cmocka_unit_test(lines_on_a_file),
	    cmocka_unit_test(lines_in_the_journal),
	    cmocka_unit_test(a_place_that_repeats_itself_is_held_back),
	    cmocka_unit_test(a_long_line_is_cut),
	    cmocka_unit_test(clock_text),
	    cmocka_unit_test(outcomes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
