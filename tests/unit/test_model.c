/* SPDX-License-Identifier: MIT */
/* Look-ups in a compiled schema: the forms of a _key item (R7.6), structures, types. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/model.h"
#include "schema/source.h"

static const char source[] =
    "<srcSchema namespace='t' name='a'><element name='a' autopk='true' autouuid='true'>"
    "<attribute name='email'/>"
    "<attribute name='both'/><element name='both' type='memo' sqlname='both_text'/>"
    "<element name='note' type='string'/>"
    "<element name='s'><attribute name='a'/><attribute name='b' sqlname='s_b1'/>"
    "<element name='b' type='string'/><element name='deep'><attribute name='c'/></element>"
    "</element>"
    "<element name='folder' type='link' target='xtk:folder'/>"
    "</element></srcSchema>";

static int make_schema(void **state)
{
	struct buf errors = BUF_INIT;
	struct schema *s = schema_compile(source, strlen(source), NULL, NULL, &errors, NULL);

	if (s == NULL)
		print_error("%s", buf_text(&errors));
	buf_free(&errors);
	*state = s;
	return s == NULL ? -1 : 0;
}

static int free_schema(void **state)
{
	struct schema *s = *state;

	schema_free(&s);
	assert_null(s);
	schema_free(&s);
	return 0;
}

static const char *xpath_at(const struct schema *s, int field)
{
	return field < 0 ? "-" : s->fields[field].xpath;
}

static void R7_6_key_forms(void **state)
{
	static const struct {
		const char *item, *field, *other;
	} cases[] = {
	    {"@email", "@email", "-"},
	    {"[@email]", "@email", "-"},
	    {"email", "@email", "-"},
	    {"[email]", "@email", "-"},
	    {"  @email\t", "@email", "-"},
	    {" [ @email ] ", "@email", "-"},
	    {"@id", "@id", "-"},
	    {"note", "note", "-"},
	    {"@note", "-", "-"},
	    {"s/@a", "s/@a", "-"},
	    {"[s/@a]", "s/@a", "-"},
	    {"s/a", "s/@a", "-"},
	    {"[s/a]", "s/@a", "-"},
	    {"s/deep/@c", "s/deep/@c", "-"},
	    {"s/deep/c", "s/deep/@c", "-"},
	    {"both", "@both", "both"}, /* the attribute, and the element in OTHER */
	    {"@both", "@both", "-"},
	    {"s/b", "s/@b", "s/b"},
	    {"folder-id", "@folder-id", "-"},
	    {"", "-", "-"},
	    {"  ", "-", "-"},
	    {"[]", "-", "-"},
	    {"@", "-", "-"},
	    {"[@email", "-", "-"},
	    {"@email]", "-", "-"},
	    {"@emai", "-", "-"},
	    {"@email1", "-", "-"},
	    {"@Email", "-", "-"},
	    {"/@email", "-", "-"},
	    {"s", "-", "-"},
	    {"s/", "-", "-"},
	    {"s/@", "-", "-"},
	    {"folder", "-", "-"},
	    {"@email,@id", "-", "-"},
	};
	const struct schema *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int other = 99, link = 99;
		char *link_xpath = NULL;
		int field = schema_key_item(s, cases[i].item, strlen(cases[i].item), &other, &link,
					    &link_xpath);

		if (strcmp(xpath_at(s, field), cases[i].field) != 0 ||
		    strcmp(xpath_at(s, other), cases[i].other) != 0)
			fail_msg("'%s': %s and %s", cases[i].item, xpath_at(s, field),
				 xpath_at(s, other));
		assert_int_equal(link, -1);
		assert_null(link_xpath);
		assert_int_equal(
		    schema_key_item(s, cases[i].item, strlen(cases[i].item), NULL, NULL, NULL),
		    field);
	}
	/* The item is part of a longer list. */
	assert_string_equal(xpath_at(s, schema_key_item(s, "@email,@id", 6, NULL, NULL, NULL)),
			    "@email");
}

static void R7_7_key_by_link(void **state)
{
	static const struct {
		const char *item, *xpath;
	} cases[] = {
	    {"[folder/@name]", "@name"},
	    {"folder/@name", "@name"},
	    {" [folder/name] ", "@name"},
	    {"folder/s/@a", "s/@a"},
	    {"[folder/s/deep/c]", "s/deep/@c"},
	    {"folder/", NULL},
	    {"folde/@name", NULL},
	    {"folder2/@name", NULL},
	    {"/@name", NULL},
	};
	const struct schema *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int other, link;
		char *xpath;

		assert_int_equal(
		    schema_key_item(s, cases[i].item, strlen(cases[i].item), &other, &link, &xpath),
		    -1);
		assert_int_equal(link, cases[i].xpath != NULL ? 0 : -1);
		if (cases[i].xpath == NULL)
			assert_null(xpath);
		else
			assert_string_equal(xpath, cases[i].xpath);
		free(xpath);
	}
}

static void structures(void **state)
{
	const struct schema *s = *state;

	assert_true(schema_is_structure(s, "s"));
	assert_true(schema_is_structure(s, "s/deep"));
	assert_false(schema_is_structure(s, "note"));
	assert_false(schema_is_structure(s, "folder"));
	assert_false(schema_is_structure(s, "s/"));
	assert_false(schema_is_structure(s, "de"));
	assert_false(schema_is_structure(s, ""));
}

/* Each name in _fields finds its field, also if an attribute and an element share a name. */
static void names_are_unique(void **state)
{
	const struct schema *s = *state;

	for (size_t i = 0; i < s->field_count; i++) {
		assert_int_equal(schema_field_by_name(s, s->fields[i].name), i);
		assert_int_equal(schema_field_by_xpath(s, s->fields[i].xpath), i);
	}
	assert_string_equal(s->fields[schema_field_by_xpath(s, "@both")].name, "both");
	assert_string_equal(s->fields[schema_field_by_xpath(s, "both")].name, "./both");
	assert_string_equal(s->fields[schema_field_by_xpath(s, "s/@b")].name, "s/@b");
	assert_int_equal(schema_field_by_name(s, "@email"), -1);
	assert_int_equal(schema_link_by_name(s, "folder"), 0);
	assert_int_equal(schema_link_by_name(s, "s"), -1);
}

static void R5_4_types(void **state)
{
	static const char *const stored[] = {
	    "string", "long",	    "int64",	    "short",	"byte",	    "double",
	    "float",  "percent",    "boolean",	    "date",	"datetime", "time",
	    "blob",   "datetimetz", "datetimenotz", "timespan", "memo",	    "CDATA",
	    "html",   "uuid",	    "enum",	    "MNTOKEN",
	};
	static const char *const refused[] = {"bin", "ANY", "primarykey", "link", "String", ""};
	enum xtk_type type;

	(void)state;
	for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
		assert_int_equal(xtk_type_parse(stored[i], &type), 0);
		assert_string_equal(xtk_type_name(type), stored[i]);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(xtk_type_parse(refused[i], &type), -1);
	assert_true(xtk_type_is_number(XTK_BOOLEAN));
	assert_false(xtk_type_is_number(XTK_DATE));
	assert_true(xtk_type_is_text(XTK_UUID));
	assert_false(xtk_type_is_text(XTK_BLOB));
	assert_true(xtk_type_is_memo(XTK_HTML));
	assert_false(xtk_type_has_length(XTK_MEMO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R7_6_key_forms), cmocka_unit_test(R7_7_key_by_link),
	    cmocka_unit_test(structures),     cmocka_unit_test(names_are_unique),
	    cmocka_unit_test(R5_4_types),
	};

	return cmocka_run_group_tests(tests, make_schema, free_schema);
}
