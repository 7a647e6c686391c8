/* SPDX-License-Identifier: MIT */
/* The names of operations, and links written as text and read again. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "staging/change.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void operations_have_names(void **state)
{
	static const struct {
		const char *name;
		enum operation operation;
	} cases[] = {
	    {"insert", OPERATION_INSERT}, {"insertOrUpdate", OPERATION_UPSERT},
	    {"update", OPERATION_UPDATE}, {"delete", OPERATION_DELETE},
	    {"none", OPERATION_NONE},
	};
	enum operation op = OPERATION_UPDATE;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(operation_name(cases[i].operation), cases[i].name);
		assert_int_equal(operation_parse(cases[i].name, &op), 0);
		assert_int_equal(op, cases[i].operation);
	}
	assert_int_equal(operation_parse("insertorupdate", &op), -1);
	assert_int_equal(operation_parse("", &op), -1);
}

static void R7_7_links_come_back_as_they_were(void **state)
{
	static const char *const values[] = {"plain", "",	"a\tb", "a\nb", "a\\b", "\\t",
					     "\\",    "\n\t\\", "é\r",	"a,b",	"\\\\n"};
	struct arena *arena = arena_new();
	struct buf text = BUF_INIT;
	struct change_link *links;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		change_link_add(&text, "@folder-id", "xtk:folder");
		change_link_key(&text, "@name", values[i], strlen(values[i]));
		if (i % 2 == 1)
			change_link_key(&text, "location/@city", values[i - 1],
					strlen(values[i - 1]));
		change_link_end(&text);
	}
	links = change_links_read(arena, buf_text(&text), &count);
	assert_non_null(links);
	assert_int_equal(count, COUNT(values));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(links[i].fk_xpath, "@folder-id");
		assert_string_equal(links[i].target, "xtk:folder");
		assert_int_equal(links[i].key_count, i % 2 == 1 ? 2 : 1);
		assert_string_equal(links[i].xpaths[0], "@name");
		assert_string_equal(links[i].values[0], values[i]);
		if (i % 2 == 1) {
			assert_string_equal(links[i].xpaths[1], "location/@city");
			assert_string_equal(links[i].values[1], values[i - 1]);
		}
	}
	buf_free(&text);
	arena_free(&arena);
}

static void a_link_is_one_line_of_the_documented_form(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	change_link_add(&text, "@a", "nms:b");
	change_link_key(&text, "@k", "x\ty", 3);
	change_link_end(&text);
	assert_string_equal(buf_text(&text), "@a\tnms:b\t@k\tx\\ty\n");
	buf_free(&text);
}

static void no_text_is_no_links(void **state)
{
	struct arena *arena = arena_new();
	size_t count = 9;

	(void)state;
	assert_non_null(change_links_read(arena, "", &count));
	assert_int_equal(count, 0);
	arena_free(&arena);
}

static void malformed_links_are_refused(void **state)
{
	static const char *const cases[] = {
	    "\n",
	    "@a\tnms:b\n",
	    "@a\tnms:b\t@k\n",
	    "@a\tnms:b\t@k\tv\t@l\n",
	    "@a\tnms:b\t@k\tv",
	    "@a\tnms:b\t@k\tv\n@a\tnms:b\t@k\tv",
	    "\tnms:b\t@k\tv\n",
	    "@a\t\t@k\tv\n",
	    "@a\tnms:b\t\tv\n",
	    "@a\tnms:b\t@k\t\\x\n",
	    "@a\tnms:b\t@k\tv\\\n",
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t count = 9;

		if (change_links_read(arena, cases[i], &count) != NULL)
			fail_msg("case %zu was read", i);
		assert_int_equal(count, 9);
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(operations_have_names),
	    cmocka_unit_test(R7_7_links_come_back_as_they_were),
	    cmocka_unit_test(a_link_is_one_line_of_the_documented_form),
	    cmocka_unit_test(no_text_is_no_links),
	    cmocka_unit_test(malformed_links_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
