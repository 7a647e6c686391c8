/* SPDX-License-Identifier: MIT */
/*
 * The documents of schemas that clients get.  Source and expected text of the main case are read
 * from the examples in docs/protocol.md, so the examples and the code agree.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <md5.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "schema/compiled.h"
#include "schema/source.h"
#include "soap/xml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FFDA	     " dataSource='nms:extAccount:ffda'"

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

static struct schema *compile(const char *source)
{
	struct buf errors = BUF_INIT;
	struct schema *s = schema_compile(source, strlen(source), NULL, NULL, &errors, NULL);

	if (s == NULL)
		fail_msg("%s", buf_text(&errors));
	buf_free(&errors);
	return s;
}

/* Removes ` md5="..."` from DOC and returns its value. */
static char *take_md5(struct buf *doc)
{
	char *at = strstr(doc->data, " md5=\"");
	char *value, *end;

	assert_non_null(at);
	end = strchr(at + 6, '"');
	value = xstrndup(at + 6, (size_t)(end - at - 6));
	memmove(at, end + 1, strlen(end + 1) + 1);
	doc->length = strlen(doc->data);
	return value;
}

/* Returns the document of S without its md5, after checking the md5. */
static char *document(const struct schema *s, enum compiled_kind kind)
{
	struct compiled c;
	struct buf doc = BUF_INIT;
	char md5[COMPILED_MD5_SIZE], again[COMPILED_MD5_SIZE];
	char *attribute;

	compiled_begin(&c, s, kind);
	compiled_finish(&c, kind == COMPILED_SOURCE ? "srcSchema" : "schema", &doc, md5);
	attribute = take_md5(&doc);
	assert_string_equal(attribute, md5);
	MD5Data((const uint8_t *)doc.data, doc.length, again);
	assert_int_equal(strcasecmp(md5, again), 0);
	assert_int_equal(strspn(md5, "0123456789ABCDEF"), 32);
	free(attribute);
	return buf_steal(&doc);
}

/* Returns the XML in TEXT behind HEADING, from BEGIN to END. */
static char *example(const char *text, const char *heading, const char *begin, const char *end)
{
	const char *at = strstr(text, heading);
	const char *from = at != NULL ? strstr(at, begin) : NULL;
	const char *to = from != NULL ? strstr(from, end) : NULL;

	if (to == NULL)
		fail_msg("no example behind \"%s\"", heading);
	return xstrndup(from, (size_t)(to - from) + strlen(end));
}

static void R5_17_the_example(void **state)
{
	struct buf protocol = BUF_INIT, expected = BUF_INIT;
	char *source, *text, *got;
	struct schema *s;

	(void)state;
	read_file(TEST_SRCDIR "/docs/protocol.md", &protocol);
	source = example(protocol.data, "### 5.2 ", "<srcSchema", "</srcSchema>");
	text = example(protocol.data, "* R5.17 ", "<schema", "</schema>");
	buf_add(&expected, text);
	free(take_md5(&expected));

	s = compile(source);
	got = document(s, COMPILED_STAGING);
	assert_string_equal(got, expected.data);

	free(got);
	free(text);
	free(source);
	schema_free(&s);
	buf_free(&expected);
	buf_free(&protocol);
}

#define TABLE(attributes, content)                                                                 \
	"<srcSchema namespace='dem' name='t' label='T'><element name='t' " attributes ">" content  \
	"</element></srcSchema>"
#define SERVED(name, attributes, content)                                                          \
	"<schema namespace=\"dem\" name=\"" name "\" label=\"T\" mappingType=\"sql\""              \
	" xtkschema=\"xtk:schema\">\n  <element name=\"" name "\"" attributes ">" content          \
	"\n  </element>\n</schema>"
#define LINE "\n    "

static const struct {
	const char *name, *source;
	enum compiled_kind kind;
	const char *expected;
} cases[] = {
    {"R5_7 the internal key comes first, without keys too",
     TABLE("autopk='true'", "<attribute name='a'/>"), COMPILED_SCHEMA,
     SERVED("t", " autopk=\"true\" sqltable=\"dem_t\"",
	    LINE "<key name=\"id\" internal=\"true\"><keyfield xpath=\"@id\"/></key>" LINE
		 "<attribute name=\"id\" type=\"long\" sqlname=\"id\"/>" LINE
		 "<attribute name=\"a\" sqlname=\"a\"/>")},
    {"R5_7 an internal key of the source moves to the front",
     TABLE("", "<key name='b'><keyfield xpath='@b'/></key>"
	       "<key name='a' internal='true' label='x'><keyfield xpath='@a'/></key>"
	       "<attribute name='a'/><attribute name='b'/>"),
     COMPILED_SCHEMA,
     SERVED("t", " sqltable=\"dem_t\"",
	    LINE "<key name=\"a\" internal=\"true\" label=\"x\"><keyfield xpath=\"@a\"/></key>" LINE
		 "<key name=\"b\"><keyfield xpath=\"@b\"/></key>" LINE
		 "<attribute name=\"a\" sqlname=\"a\"/>" LINE
		 "<attribute name=\"b\" sqlname=\"b\"/>")},
    {"R5_7 an id and a key that the source repeats stand there once",
     TABLE("autopk='true'", "<key name='id'><keyfield xpath='@id'/></key>"
			    "<attribute name='a'/><attribute name='id' type='long' label='I'/>"),
     COMPILED_SCHEMA,
     SERVED("t", " autopk=\"true\" sqltable=\"dem_t\"",
	    LINE "<key name=\"id\" internal=\"true\"><keyfield xpath=\"@id\"/></key>" LINE
		 "<attribute name=\"a\" sqlname=\"a\"/>" LINE
		 "<attribute name=\"id\" type=\"long\" label=\"I\" sqlname=\"id\"/>")},
    {"R5_2 what has no effect passes, in its place",
     TABLE("pkSequence='x'", "<attribute name='a' length='20' visibleIf='1 &lt; 2' sqlname='sA'>"
			     "<help>Read &amp; write</help></attribute>"
			     "<sysFilter><condition expr='@a > &quot;&quot;'/></sysFilter>"),
     COMPILED_SCHEMA,
     SERVED("t", " pkSequence=\"x\" sqltable=\"dem_t\"",
	    LINE "<attribute name=\"a\" length=\"20\" visibleIf=\"1 &lt; 2\" sqlname=\"sA\">"
		 "<help>Read &amp; write</help></attribute>" LINE
		 "<sysFilter><condition expr=\"@a &gt; &quot;&quot;\"/></sysFilter>")},
    {"R5_9 a join of the source is completed",
     TABLE("", "<attribute name='a'/><element name='l' type='link' target='dem:other'>"
	       "<join xpath-src='@other' note='n'/></element>"),
     COMPILED_SCHEMA,
     SERVED("t", " sqltable=\"dem_t\"",
	    LINE "<attribute name=\"a\" sqlname=\"a\"/>" LINE
		 "<element name=\"l\" type=\"link\" target=\"dem:other\">"
		 "<join xpath-src=\"@other\" xpath-dst=\"@id\" note=\"n\"/></element>" LINE
		 "<attribute name=\"other\" type=\"uuid\" sqlname=\"other\"/>")},
    {"R5_16 the compiled source keeps what the copy loses",
     TABLE("autoStg='true' sqltable='Own'" FFDA,
	   "<attribute name='a'/>"
	   "<element name='l' type='link' target='dem:u' revLink='ts' revLabel='T'/>"
	   "<element name='m' type='link' target='dem:v' unbound='true'/>"),
     COMPILED_SCHEMA,
     SERVED("t", " autoStg=\"true\" dataSource=\"nms:extAccount:ffda\" sqltable=\"Own\"",
	    LINE "<attribute name=\"a\" sqlname=\"a\"/>" LINE
		 "<element name=\"l\" type=\"link\" target=\"dem:u\" revLink=\"ts\" revLabel=\"T\">"
		 "<join xpath-src=\"@u-id\" xpath-dst=\"@id\"/></element>" LINE
		 "<element name=\"m\" type=\"link\" target=\"dem:v\" unbound=\"true\"/>" LINE
		 "<attribute name=\"u-id\" type=\"uuid\" sqlname=\"u-id\"/>")},
    {"R5_16 the copy has no autoStg, no dataSource and no way back",
     TABLE("autoStg='true' sqltable='Own'" FFDA,
	   "<attribute name='a'/>"
	   "<element name='l' type='link' target='dem:u' revLink='ts' revLabel='T'/>"
	   "<element name='m' type='link' target='dem:v' unbound='true'/>"),
     COMPILED_STAGING,
     SERVED("tStg", " sqltable=\"OwnStg\"",
	    LINE "<attribute name=\"a\" sqlname=\"a\"/>" LINE
		 "<element name=\"l\" type=\"link\" target=\"dem:u\">"
		 "<join xpath-src=\"@u-id\" xpath-dst=\"@id\"/></element>" LINE
		 "<attribute name=\"u-id\" type=\"uuid\" sqlname=\"u-id\"/>")},
    {"R5_13 attributes of the root; what the source says of md5 does not count",
     "<srcSchema xmlns:x='urn:x' x:y='1' md5='AA' namespace='dem' entitySchema='xtk:srcSchema'"
     " implements='xtk:a' name='t' xtkschema='b'><!-- c --><element name='t' label='Inner'>"
     "<attribute name='a'/></element></srcSchema>",
     COMPILED_SCHEMA,
     "<schema namespace=\"dem\" name=\"t\" label=\"Inner\" mappingType=\"sql\""
     " entitySchema=\"xtk:srcSchema\" implements=\"xtk:a\" xtkschema=\"xtk:schema\">\n"
     "  <element name=\"t\" label=\"Inner\" sqltable=\"dem_t\">\n"
     "    <attribute name=\"a\" sqlname=\"a\"/>\n  </element>\n</schema>"},
    {"R5_14 nms schemas go without implements",
     "<srcSchema namespace='nms' name='t' label='T' implements='xtk:a'><element name='t'>"
     "<attribute name='a'/></element></srcSchema>",
     COMPILED_SCHEMA,
     "<schema namespace=\"nms\" name=\"t\" label=\"T\" mappingType=\"sql\""
     " xtkschema=\"xtk:schema\">\n  <element name=\"t\" sqltable=\"nms_t\">\n"
     "    <attribute name=\"a\" sqlname=\"a\"/>\n  </element>\n</schema>"},
    {"5_6 the source as it was deployed",
     "<?xml version='1.0' encoding='UTF-8'?>\n<!-- x --><srcSchema namespace='dem' name='t'"
     " md5='AA'><element name='t' autopk='true'/></srcSchema>",
     COMPILED_SOURCE,
     "<srcSchema namespace=\"dem\" name=\"t\" xtkschema=\"xtk:srcSchema\">\n"
     "  <element name=\"t\" autopk=\"true\"/>\n</srcSchema>"},
    {"R5_10 what is xml has no sqlname, inside a structure neither",
     TABLE("", "<element name='s'><element name='m' type='memo'/><element name='x' type='memo'"
	       " xml='true'/><element name='i'><attribute name='a'/></element></element>"),
     COMPILED_SCHEMA,
     SERVED("t", " sqltable=\"dem_t\"",
	    LINE "<element name=\"s\"><element name=\"m\" type=\"memo\" sqlname=\"s_m\"/>"
		 "<element name=\"x\" type=\"memo\" xml=\"true\"/><element name=\"i\">"
		 "<attribute name=\"a\" sqlname=\"s_i_a\"/></element></element>")},
};

static void documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct schema *s = compile(cases[i].source);
		char *got = document(s, cases[i].kind);

		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s:\n%s\nand not\n%s", cases[i].name, got, cases[i].expected);
		free(got);
		schema_free(&s);
	}
}

/* Counts the fields that E and its structures declare. */
static size_t count_fields(const struct xml_element *e)
{
	size_t n = 0;

	for (e = e->first_child; e != NULL; e = e->next) {
		const char *type = xml_attribute(e, "type");
		bool link = type != NULL && strcmp(type, "link") == 0;

		if (strcmp(e->name, "attribute") == 0 ||
		    (strcmp(e->name, "element") == 0 && e->first_child == NULL && !link))
			n++;
		else if (strcmp(e->name, "element") == 0 && !link)
			n += count_fields(e);
	}
	return n;
}

static void R5_13_builtins_are_complete(void **state)
{
	static const char *const files[] = {"nms_recipient",	      "nms_service",
					    "nms_subscription",	      "nms_subHisto",
					    "nms_appSubscriptionRcp", "xtk_folder"};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		char *path = xasprintf("%s/sql/schemas/%s.xml", TEST_SRCDIR, files[i]);
		struct arena *arena = arena_new();
		struct buf source = BUF_INIT;
		struct schema *s;

		read_file(path, &source);
		s = compile(source.data);
		for (int kind = COMPILED_SCHEMA; kind <= (int)COMPILED_STAGING; kind++) {
			const struct xml_element *root, *main;
			struct fault_cause p = {0};
			char *text;

			if (kind == (int)COMPILED_STAGING && !s->staged)
				continue;
			text = document(s, (enum compiled_kind)kind);
			root = xml_parse(text, strlen(text), NULL, &xml_limits_default, arena, &p);
			assert_non_null(root);
			assert_string_equal(xml_attribute(root, "xtkschema"), "xtk:schema");
			main = xml_child(root, "element");
			assert_string_equal(xml_attribute(main, "name"),
					    xml_attribute(root, "name"));
			assert_int_equal(count_fields(main), s->field_count);
			free(text);
		}
		schema_free(&s);
		buf_free(&source);
		arena_free(&arena);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R5_17_the_example),
	    cmocka_unit_test(documents),
	    cmocka_unit_test(R5_13_builtins_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
