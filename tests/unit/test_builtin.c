/* SPDX-License-Identifier: MIT */
/* Every built-in schema compiles without a warning and has the fields and keys of 5.5. */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "schema/source.h"

#define SCHEMAS_MAX 32

static struct schema *schemas[SCHEMAS_MAX];
static size_t schema_count;

static const struct schema *find(void *context, const char *id)
{
	(void)context;
	for (size_t i = 0; i < schema_count; i++)
		if (strcmp(schemas[i]->id, id) == 0)
			return schemas[i];
	return NULL;
}

static void read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "r");
	char block[4096];
	size_t n;

	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		buf_add_n(out, block, n);
	fclose(file);
}

/* Compiles FILE, which has the name of its schema. */
static void add_schema(const char *folder, const char *file)
{
	struct buf source = BUF_INIT, errors = BUF_INIT, warnings = BUF_INIT;
	char *path = xasprintf("%s/%s", folder, file);
	struct schema *s;
	char *expected;

	read_file(path, &source);
	s = schema_compile(source.data, source.length, find, NULL, &errors, &warnings);
	if (s == NULL || warnings.length > 0)
		fail_msg("%s: %s%s", file, buf_text(&errors), buf_text(&warnings));
	expected = xasprintf("%s_%s.xml", s->ns, s->name);
	assert_string_equal(file, expected);
	assert_true(schema_count < SCHEMAS_MAX);
	schemas[schema_count++] = s;
	free(expected);
	free(path);
	buf_free(&source);
	buf_free(&errors);
	buf_free(&warnings);
}

/* The built-in schemas, in an order in which link targets come first. */
static const char *const builtins[] = {
    "xtk_folder.xml",
    "nms_service.xml",
    "nms_recipient.xml",
    "nms_subscription.xml",
    "nms_appSubscriptionRcp.xml",
    "nms_subHisto.xml",
};
#define BUILTIN_COUNT (sizeof(builtins) / sizeof(builtins[0]))

static const char folder[] = TEST_SRCDIR "/sql/schemas";

static int add_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < BUILTIN_COUNT; i++)
		add_schema(folder, builtins[i]);
	add_schema(TEST_SRCDIR "/sql/schemas/samples", "dem_sampleTable.xml");
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	while (schema_count > 0)
		schema_free(&schemas[--schema_count]);
	return 0;
}

static const struct schema *schema(const char *id)
{
	const struct schema *s = find(NULL, id);

	if (s == NULL)
		fail_msg("%s is missing", id);
	return s;
}

/* The list above has every file of the folder. */
static void list_is_complete(void **state)
{
	size_t count = 0;
	struct dirent *entry;
	DIR *dir = opendir(folder);

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strstr(entry->d_name, ".xml") != NULL;
	closedir(dir);
	assert_int_equal(count, BUILTIN_COUNT);
}

static void R5_5_kinds_and_keys(void **state)
{
	static const struct {
		const char *id;
		bool staged, local;
		const char *keys; /* "name(@a,@b) ..." */
	} cases[] = {
	    {"nms:recipient", true, false, "id(@id) email(@email,@folder-id) "},
	    {"nms:service", false, true, "id(@id) name(@name) "},
	    {"nms:subscription", true, false, "id(@id) service(@service-id,@recipient-id) "},
	    {"nms:appSubscriptionRcp", true, false, "id(@id) token(@registrationToken) "},
	    {"nms:subHisto", false, false, "id(@id) "},
	    {"xtk:folder", false, true, "id(@id) name(@name) "},
	    {"dem:sampleTable", true, false, "id(@id) code(@code) "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct schema *s = schema(cases[i].id);
		struct buf keys = BUF_INIT;

		for (size_t k = 0; k < s->key_count; k++) {
			buf_addf(&keys, "%s(", s->keys[k].name);
			for (size_t f = 0; f < s->keys[k].field_count; f++)
				buf_addf(&keys, "%s%s", f > 0 ? "," : "",
					 s->fields[s->keys[k].fields[f]].xpath);
			buf_add(&keys, ") ");
		}
		assert_string_equal(buf_text(&keys), cases[i].keys);
		assert_int_equal(s->staged, cases[i].staged);
		assert_int_equal(s->local, cases[i].local);
		assert_int_equal(s->replicated, cases[i].local);
		assert_int_equal(s->pk, 0);
		assert_int_equal(s->fields[0].type, XTK_UUID);
		buf_free(&keys);
	}
}

static void R5_5_fields(void **state)
{
	static const struct {
		const char *id, *xpath, *type;
	} cases[] = {
	    {"nms:recipient", "@email", "string"},
	    {"nms:recipient", "@emailFormat", "byte"},
	    {"nms:recipient", "@firstName", "string"},
	    {"nms:recipient", "@lastName", "string"},
	    {"nms:recipient", "@birthDate", "date"},
	    {"nms:recipient", "@gender", "byte"},
	    {"nms:recipient", "@language", "string"},
	    {"nms:recipient", "@phone", "string"},
	    {"nms:recipient", "@mobilePhone", "string"},
	    {"nms:recipient", "@fax", "string"},
	    {"nms:recipient", "@blackList", "byte"},
	    {"nms:recipient", "@blackListEmail", "byte"},
	    {"nms:recipient", "@blackListFax", "byte"},
	    {"nms:recipient", "@blackListMobile", "byte"},
	    {"nms:recipient", "@blackListPhone", "byte"},
	    {"nms:recipient", "@blackListPostalMail", "byte"},
	    {"nms:recipient", "location/@address1", "string"},
	    {"nms:recipient", "location/@address2", "string"},
	    {"nms:recipient", "location/@address3", "string"},
	    {"nms:recipient", "location/@address4", "string"},
	    {"nms:recipient", "location/@zipCode", "string"},
	    {"nms:recipient", "location/@city", "string"},
	    {"nms:recipient", "location/@countryCode", "string"},
	    {"nms:recipient", "@folder-id", "uuid"},
	    {"nms:recipient", "@created", "datetime"},
	    {"nms:recipient", "@lastModified", "datetime"},
	    {"nms:service", "@name", "string"},
	    {"nms:service", "@label", "string"},
	    {"nms:service", "@type", "byte"},
	    {"nms:service", "@folder-id", "uuid"},
	    {"nms:service", "@lastModified", "datetime"},
	    {"nms:subscription", "@service-id", "uuid"},
	    {"nms:subscription", "@recipient-id", "uuid"},
	    {"nms:subscription", "@created", "datetime"},
	    {"nms:subscription", "@expirationDate", "datetime"},
	    {"nms:subscription", "@emailFormat", "byte"},
	    {"nms:subscription", "@addressSpecific", "string"},
	    {"nms:subscription", "@deleteStatus", "byte"},
	    {"nms:appSubscriptionRcp", "@registrationToken", "string"},
	    {"nms:appSubscriptionRcp", "@userKey", "string"},
	    {"nms:appSubscriptionRcp", "@recipient-id", "uuid"},
	    {"nms:appSubscriptionRcp", "@created", "datetime"},
	    {"nms:appSubscriptionRcp", "@lastModified", "datetime"},
	    {"nms:subHisto", "@action", "byte"},
	    {"nms:subHisto", "@date", "datetime"},
	    {"nms:subHisto", "@recipient-id", "uuid"},
	    {"nms:subHisto", "@service-id", "uuid"},
	    {"xtk:folder", "@name", "string"},
	    {"xtk:folder", "@label", "string"},
	    {"xtk:folder", "@fullName", "string"},
	    {"dem:sampleTable", "@testcol1", "string"},
	    {"dem:sampleTable", "@testcol2", "string"},
	    {"dem:sampleTable", "@amount", "double"},
	    {"dem:sampleTable", "location/@city", "string"},
	    {"dem:sampleTable", "comment", "memo"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct schema *s = schema(cases[i].id);
		int field = schema_field_by_xpath(s, cases[i].xpath);

		if (field < 0)
			fail_msg("%s has no %s", cases[i].id, cases[i].xpath);
		assert_string_equal(xtk_type_name(s->fields[field].type), cases[i].type);
	}
	assert_true(schema("nms:service")->indexes[0].unique);
	assert_int_equal(
	    schema("nms:subscription")
		->fields[schema_field_by_xpath(schema("nms:subscription"), "@addressSpecific")]
		.length,
	    128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(list_is_complete),
	    cmocka_unit_test(R5_5_kinds_and_keys),
	    cmocka_unit_test(R5_5_fields),
	};

	return cmocka_run_group_tests(tests, add_all, free_all);
}
