/* SPDX-License-Identifier: MIT */
/* The schema compiler (docs/protocol.md 5.2 to 5.4): compiled schemas, and refused sources. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "schema/source.h"

/* The example of docs/protocol.md 5.2. */
static const char example[] =
    "<srcSchema namespace=\"dem\" name=\"sampleTable\" label=\"Sample table\" "
    "mappingType=\"sql\">\n"
    "  <enumeration name=\"colour\" basetype=\"byte\" default=\"0\">\n"
    "    <value name=\"none\" label=\"None\" value=\"0\"/>\n"
    "    <value name=\"red\" label=\"Red\" value=\"1\"/>\n"
    "  </enumeration>\n"
    "  <element name=\"sampleTable\" label=\"Sample table\" autopk=\"true\" autouuid=\"true\"\n"
    "           autoStg=\"true\" dataSource=\"nms:extAccount:ffda\">\n"
    "    <dbindex name=\"code\"><keyfield xpath=\"@code\"/></dbindex>\n"
    "    <key name=\"code\"><keyfield xpath=\"@code\"/></key>\n"
    "    <attribute name=\"code\" type=\"string\" length=\"20\"/>\n"
    "    <attribute name=\"testcol1\" type=\"string\" length=\"255\"/>\n"
    "    <attribute name=\"amount\" type=\"double\"/>\n"
    "    <attribute name=\"colour\" type=\"byte\" enum=\"colour\"/>\n"
    "    <element name=\"location\"><attribute name=\"city\" type=\"string\" "
    "length=\"50\"/></element>\n"
    "    <element name=\"comment\" type=\"memo\" xml=\"true\"/>\n"
    "    <element name=\"company\" type=\"link\" target=\"cus:company\"/>\n"
    "  </element>\n"
    "</srcSchema>\n";

static struct schema *company; /* the schema that lookup_company finds */

static const struct schema *lookup_company(void *context, const char *id)
{
	(void)context;
	if (company != NULL && (strcmp(id, company->id) == 0 ||
				(company->staged && strcmp(id, company->staging_id) == 0)))
		return company;
	return NULL;
}

/* Compiles a source that must be valid. */
static struct schema *compile(const char *source, struct buf *warnings)
{
	struct buf errors = BUF_INIT;
	struct schema *s =
	    schema_compile(source, strlen(source), lookup_company, NULL, &errors, warnings);

	if (s == NULL)
		fail_msg("%s", buf_text(&errors));
	assert_int_equal(errors.length, 0);
	buf_free(&errors);
	return s;
}

#define SCHEMA(main, fields)                                                                       \
	"<srcSchema namespace='t' name='a'><element name='a' " main ">" fields                     \
	"</element></srcSchema>"

#define STAGED "autoStg='true' dataSource='nms:extAccount:ffda' "

static void R5_2_example_fields(void **state)
{
	static const struct {
		const char *xpath, *name, *column;
		enum xtk_type type;
		unsigned length;
		bool is_element;
		int link;
	} fields[] = {
	    {"@id", "id", "id", XTK_UUID, 64, false, -1},
	    {"@code", "code", "code", XTK_STRING, 20, false, -1},
	    {"@testcol1", "testcol1", "testcol1", XTK_STRING, 255, false, -1},
	    {"@amount", "amount", "amount", XTK_DOUBLE, 0, false, -1},
	    {"@colour", "colour", "colour", XTK_BYTE, 0, false, -1},
	    {"location/@city", "location/@city", "location_city", XTK_STRING, 50, false, -1},
	    {"comment", "comment", "comment", XTK_MEMO, 0, true, -1},
	    {"@company-id", "company-id", "company-id", XTK_UUID, 64, false, 0},
	};
	struct buf warnings = BUF_INIT;
	struct schema *s = compile(example, &warnings);

	(void)state;
	assert_int_equal(s->field_count, sizeof(fields) / sizeof(fields[0]));
	for (size_t i = 0; i < s->field_count; i++) {
		assert_string_equal(s->fields[i].xpath, fields[i].xpath);
		assert_string_equal(s->fields[i].name, fields[i].name);
		assert_string_equal(s->fields[i].column, fields[i].column);
		assert_int_equal(s->fields[i].type, fields[i].type);
		assert_int_equal(s->fields[i].length, fields[i].length);
		assert_int_equal(s->fields[i].is_element, fields[i].is_element);
		assert_int_equal(s->fields[i].link, fields[i].link);
		assert_int_equal(s->fields[i].default_kind, DEFAULT_NONE);
	}
	assert_string_equal(s->fields[4].enumeration, "colour");
	assert_true(s->fields[6].xml);
	assert_string_equal(
	    buf_text(&warnings),
	    "link 'company': cus:company is not deployed; '@company-id' is assumed to be a uuid\n");
	buf_free(&warnings);
	schema_free(&s);
}

static void R5_2_example_schema(void **state)
{
	struct schema *s = compile(example, NULL);

	(void)state;
	assert_string_equal(s->id, "dem:sampleTable");
	assert_string_equal(s->ns, "dem");
	assert_string_equal(s->name, "sampleTable");
	assert_string_equal(s->staging_id, "dem:sampleTableStg");
	assert_string_equal(s->label, "Sample table");
	assert_string_equal(s->table, "dem_sampleTable");
	assert_string_equal(s->log_table, "dem_sampleTableStg_log");
	assert_string_equal(s->staging_view, "dem_sampleTableStg");
	assert_string_equal(s->reject_table, "dem_sampleTableStg_rej");
	assert_null(s->sequence);
	assert_string_equal(s->source, example);
	assert_true(s->autopk && s->autouuid && s->staged);
	assert_false(s->local || s->replicated);
	assert_int_equal(s->pk, 0);
	assert_int_equal(s->key_count, 2);
	assert_string_equal(s->keys[0].name, "id");
	assert_true(s->keys[0].internal);
	assert_int_equal(s->keys[0].fields[0], 0);
	assert_string_equal(s->keys[1].name, "code");
	assert_false(s->keys[1].internal);
	assert_int_equal(s->keys[1].fields[0], 1);
	assert_int_equal(s->index_count, 1);
	assert_int_equal(s->indexes[0].fields[0], 1);
	assert_int_equal(s->link_count, 1);
	assert_string_equal(s->links[0].name, "company");
	assert_string_equal(s->links[0].target, "cus:company");
	assert_string_equal(s->links[0].target_xpath, "@id");
	assert_int_equal(s->links[0].field, 7);
	schema_free(&s);
}

static void R5_12_defaults(void **state)
{
	static const struct {
		const char *attributes;
		enum field_default kind;
		const char *text;
	} cases[] = {
	    {"type='string' default=\"'blue'\"", DEFAULT_CONSTANT, "blue"},
	    {"type='string' default='\"blue\"'", DEFAULT_CONSTANT, "blue"},
	    {"type='string' default='7'", DEFAULT_CONSTANT, "7"},
	    {"type='string' default=\"''\"", DEFAULT_NONE, NULL},
	    {"type='string' default=''", DEFAULT_NONE, NULL},
	    {"type='long' default='-12'", DEFAULT_CONSTANT, "-12"},
	    {"type='byte' default=\"'1'\"", DEFAULT_CONSTANT, "1"},
	    {"type='double' default='2.50'", DEFAULT_CONSTANT, "2.5"},
	    {"type='boolean' default='true'", DEFAULT_CONSTANT, "1"},
	    {"type='boolean' default='false'", DEFAULT_CONSTANT, "0"},
	    {"type='date' default=\"'2026/02/03'\"", DEFAULT_CONSTANT, "2026-02-03"},
	    {"type='datetime' default=\"'2026-02-03T04:05:06+01'\"", DEFAULT_CONSTANT,
	     "2026-02-03 03:05:06.000"},
	    {"type='datetime' default='GetDate()'", DEFAULT_GETDATE, NULL},
	    {"type='date' default='GetDate()'", DEFAULT_GETDATE, NULL},
	    {"type='uuid' default='NewUuid()'", DEFAULT_NEWUUID, NULL},
	    {"type='string' length='36' default='NewUuid()'", DEFAULT_NEWUUID, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *source =
		    xasprintf(SCHEMA("", "<attribute name='f' %s/>"), cases[i].attributes);
		struct schema *s = compile(source, NULL);

		assert_int_equal(s->fields[0].default_kind, cases[i].kind);
		if (cases[i].text == NULL)
			assert_null(s->fields[0].default_text);
		else
			assert_string_equal(s->fields[0].default_text, cases[i].text);
		schema_free(&s);
		free(source);
	}
}

static void R5_3_types_and_structures(void **state)
{
	struct schema *s = compile(
	    SCHEMA("", "<attribute name='plain' label='Plain' desc='d' notNull='1' required='yes'/>"
		       "<element name='bare'/>"
		       "<element name='a'><element name='b'><attribute name='c'/>"
		       "<element name='text' type='memo'/></element></element>"
		       "<attribute name='named' sqlname='sNamed'/>"
		       "<attribute name='u' type='uuid' length='10'/>"
		       "<help>nothing</help>"),
	    NULL);

	(void)state;
	assert_int_equal(s->field_count, 6);
	assert_int_equal(s->fields[0].type, XTK_STRING);
	assert_int_equal(s->fields[0].length, 255);
	assert_string_equal(s->fields[0].label, "Plain");
	assert_string_equal(s->fields[0].desc, "d");
	assert_true(s->fields[0].not_null && s->fields[0].required);
	assert_true(s->fields[1].is_element);
	assert_string_equal(s->fields[2].xpath, "a/b/@c");
	assert_string_equal(s->fields[2].column, "a_b_c");
	assert_string_equal(s->fields[3].xpath, "a/b/text");
	assert_string_equal(s->fields[3].column, "a_b_text");
	assert_string_equal(s->fields[4].column, "sNamed");
	assert_int_equal(s->fields[5].length, 64);
	assert_true(s->local);
	assert_false(s->staged);
	assert_null(s->staging_id);
	assert_null(s->log_table);
	assert_int_equal(s->pk, -1);
	assert_string_equal(s->label, "a");
	schema_free(&s);
}

/* The element is found by its name, not by its position, and other nodes are ignored. */
static void R5_1_the_main_element_has_the_schemas_name(void **state)
{
	static const char source[] =
	    "<srcSchema namespace='t' name='a'>"
	    "<element name='b' sqltable='wrong'><attribute name='wrong'/></element>"
	    "<enumeration name='a'><value name='x' value='1'/></enumeration>"
	    "<attribute name='a'/>"
	    "<element name='a' sqltable='right'><attribute name='right'/></element>"
	    "<element name='A' sqltable='wrong'><attribute name='wrong'/></element>"
	    "</srcSchema>";
	struct schema *s = compile(source, NULL);

	(void)state;
	assert_string_equal(s->table, "right");
	assert_int_equal(s->field_count, 1);
	assert_string_equal(s->fields[0].xpath, "@right");
	schema_free(&s);
}

static void R5_6_column_names(void **state)
{
	static const struct {
		const char *fields, *column;
	} cases[] = {
	    {"<attribute name='testcol1'/>", "testcol1"},
	    {"<attribute name='company-id'/>", "company-id"},
	    {"<attribute name='TestCol'/>", "TestCol"},
	    {"<attribute name='x' sqlname='sTestcol1'/>", "sTestcol1"},
	    {"<element name='location'><attribute name='city'/></element>", "location_city"},
	    {"<element name='a'><element name='b'><attribute name='c'/></element></element>",
	     "a_b_c"},
	    {"<element name='a'><attribute name='c' sqlname='plain'/></element>", "plain"},
	    {"<element name='comment' type='memo'/>", "comment"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *source = xasprintf(SCHEMA("", "%s"), cases[i].fields);
		struct schema *s = compile(source, NULL);

		assert_string_equal(s->fields[0].column, cases[i].column);
		schema_free(&s);
		free(source);
	}
}

static void R5_5_sqltable(void **state)
{
	struct schema *s = compile(SCHEMA(STAGED "sqltable='DemA'", "<attribute name='f'/>"), NULL);

	(void)state;
	assert_string_equal(s->table, "DemA");
	assert_string_equal(s->staging_view, "DemAStg");
	assert_string_equal(s->log_table, "DemAStg_log");
	schema_free(&s);
}

static void R5_7_autopk(void **state)
{
	struct schema *s = compile(
	    SCHEMA(STAGED "autopk='true'",
		   "<key name='code'><keyfield xpath='@code'/></key>"
		   "<key name='id' internal='true'><keyfield xpath='@id'/></key>"
		   "<attribute name='code'/><attribute name='id' type='long' label='Number'/>"),
	    NULL);

	(void)state;
	assert_int_equal(s->field_count, 2);
	assert_string_equal(s->fields[0].xpath, "@id");
	assert_int_equal(s->fields[0].type, XTK_LONG);
	assert_string_equal(s->fields[0].label, "Number");
	assert_int_equal(s->key_count, 2);
	assert_string_equal(s->keys[0].name, "id");
	assert_string_equal(s->sequence, "t_a_id"); /* R7.11 */
	assert_int_equal(s->pk, 0);
	schema_free(&s);
}

static void R5_7_internal_key_first(void **state)
{
	struct schema *s = compile(
	    SCHEMA("", "<key name='one' allowEmptyPart='true' noDbIndex='true'>"
		       "<keyfield xpath='@x'/><keyfield xpath='s/@y'/></key>"
		       "<key name='two'><keyfield xpath='@x'/></key>"
		       "<key name='three' internal='true'><keyfield xpath='[s/@y]'/></key>"
		       "<dbindex name='i' unique='true'><keyfield xpath='@x'/></dbindex>"
		       "<attribute name='x'/><element name='s'><attribute name='y'/></element>"),
	    NULL);

	(void)state;
	assert_int_equal(s->key_count, 3);
	assert_string_equal(s->keys[0].name, "three");
	assert_string_equal(s->keys[1].name, "one");
	assert_string_equal(s->keys[2].name, "two");
	assert_true(s->keys[1].allow_empty_part && s->keys[1].no_db_index);
	assert_int_equal(s->keys[1].field_count, 2);
	assert_int_equal(s->keys[1].fields[1], 1);
	assert_true(s->indexes[0].unique);
	assert_int_equal(s->pk, 1);
	schema_free(&s);
}

static void R5_9_links(void **state)
{
	struct schema *s;

	(void)state;
	company = compile("<srcSchema namespace='cus' name='company'><element name='company' "
			  "autopk='true' " STAGED ">"
			  "<attribute name='code' length='12'/></element></srcSchema>",
			  NULL);
	s = compile(
	    SCHEMA("autopk='true' autouuid='true'",
		   "<key name='k'><keyfield xpath='@company-id'/></key>"
		   "<element name='company' type='link' target='cus:company' revLink='people'/>"
		   "<element name='byCode' type='link' target='cus:company'>"
		   "<join xpath-src='@companyCode' xpath-dst='@code'/></element>"
		   "<element name='own' type='link' target='cus:companyStg'>"
		   "<join xpath-src='s/@mine' xpath-dst='@id'/></element>"
		   "<element name='parent' type='link' target='t:a'/>"
		   "<element name='children' type='link' target='t:a' unbound='true'/>"
		   "<element name='s'><attribute name='mine' type='int64'/></element>"),
	    NULL);
	assert_int_equal(s->field_count, 5);
	assert_string_equal(s->fields[2].xpath, "@company-id");
	assert_int_equal(s->fields[2].type, XTK_LONG); /* the type of the target's key */
	assert_int_equal(s->fields[2].link, 0);
	assert_int_equal(s->keys[1].fields[0], 2);
	assert_string_equal(s->links[0].rev_link, "people");
	/* The compiler adds @companyCode with the type of the target's field. */
	assert_string_equal(s->fields[3].xpath, "@companyCode");
	assert_int_equal(s->fields[3].type, XTK_STRING);
	assert_int_equal(s->fields[3].length, 12);
	assert_string_equal(s->links[1].target_xpath, "@code");
	assert_int_equal(s->links[2].field, 1); /* declared: has the type that the source gives */
	assert_int_equal(s->fields[1].type, XTK_INT64);
	assert_string_equal(s->links[2].target, "cus:company");
	assert_string_equal(s->fields[4].xpath, "@a-id"); /* the schema links to itself */
	assert_int_equal(s->fields[4].type, XTK_UUID);
	assert_true(s->links[4].unbound);
	assert_int_equal(s->links[4].field, -1);
	schema_free(&s);
	schema_free(&company);
}

static void warnings_are_said(void **state)
{
	static const struct {
		const char *source, *said;
	} cases[] = {
	    {SCHEMA("autouuid='true'", "<attribute name='x'/>"), "autouuid"},
	    {SCHEMA("", "<attribute name='x' enum='nowhere'/>"), "\"nowhere\""},
	    {SCHEMA("", "<attribute name='x' expr='1+1'/>"), "expr"},
	    {SCHEMA("", "<element name='x' ref='t:b'/>"), "ref"},
	    {"<srcSchema namespace='t' name='a' extendedSchema='nms:recipient'>"
	     "<element name='a'><attribute name='x'/></element></srcSchema>",
	     "extendedSchema"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf warnings = BUF_INIT;
		struct schema *s = compile(cases[i].source, &warnings);

		if (strstr(buf_text(&warnings), cases[i].said) == NULL)
			fail_msg("%s: '%s'", cases[i].said, buf_text(&warnings));
		buf_free(&warnings);
		schema_free(&s);
	}
}

#define X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Each refused source has `said` in one of its errors. */
static const struct {
	const char *source, *said;
} bad[] = {
    {"", "not XML"},
    {"<srcSchema", "not XML"},
    {"<!DOCTYPE a><srcSchema namespace='t' name='a'/>", "not XML"},
    {"<?xml version='1.0' encoding='ISO-8859-1'?><srcSchema namespace='t' name='a' label='\xe5'>"
     "<element name='a'><attribute name='x'/></element></srcSchema>",
     "not UTF-8"},
    {"<schema namespace='t' name='a'/>", "<schema>"},
    {"<srcSchema name='a'/>", "namespace"},
    {"<srcSchema namespace='t'/>", "no name"},
    {"<srcSchema namespace='t-x' name='a'/>", "\"t-x\""},
    {"<srcSchema namespace='1t' name='a'/>", "\"1t\""},
    {"<srcSchema namespace='t' name='a b'/>", "\"a b\""},
    {"<srcSchema namespace='t' name='\xc3\xa5'/>", "letters"},
    {"<srcSchema namespace='t' name='a'><element name='b'/></srcSchema>", "main element"},
    {"<srcSchema namespace='campaign' name='a'><element name='a'><attribute name='x'/></element>"
     "</srcSchema>",
     "\"campaign\""},
    {"<srcSchema namespace='t' name='a' mappingType='xmlFile'><element name='a'>"
     "<attribute name='x'/></element></srcSchema>",
     "xmlFile"},
    {SCHEMA("", ""), "no fields"},
    {SCHEMA("sqltable='a b'", "<attribute name='x'/>"), "a b"},
    {SCHEMA("sqltable='Campaign_state'", "<attribute name='x'/>"), "Campaign_state"},
    {SCHEMA("sqltable='t" X40 "xxxxxxxxxxxxxxxxx' " STAGED, "<attribute name='x'/>"), "too long"},
    {SCHEMA("autopk='maybe'", "<attribute name='x'/>"), "autopk=\"maybe\""},
    /* R5.18 */
    {SCHEMA("autoStg='true'", "<attribute name='x'/>"), "dataSource"},
    {SCHEMA(STAGED "replicate='true'", "<attribute name='x'/>"), "replicated"},
    {SCHEMA("dataSource='x' replicate='true'", "<attribute name='x'/>"), "replicate"},
    {"<srcSchema namespace='t' name='aStg'><element name='aStg' " STAGED ">"
     "<attribute name='x'/></element></srcSchema>",
     "itself a staging schema"},
    /* names and types */
    {SCHEMA("", "<attribute/>"), "has no name"},
    {SCHEMA("", "<attribute name='_x'/>"), "reserved"},
    {SCHEMA("", "<attribute name='x,y'/>"), "'x,y'"},
    {SCHEMA("", "<attribute name='9x'/>"), "'9x'"},
    {SCHEMA("", "<attribute name='x' type='varchar'/>"), "\"varchar\""},
    {SCHEMA("", "<attribute name='x' type='bin'/>"), "\"bin\""},
    {SCHEMA("", "<attribute name='x' type='ANY'/>"), "\"ANY\""},
    {SCHEMA("", "<attribute name='x' type='primarykey'/>"), "\"primarykey\""},
    {SCHEMA("", "<attribute name='x' type='link'/>"), "must be an element"},
    {SCHEMA("", "<attribute name='x' length='0'/>"), "length=\"0\""},
    {SCHEMA("", "<attribute name='x' length='16384'/>"), "16384"},
    {SCHEMA("", "<attribute name='x' length='ten'/>"), "ten"},
    {SCHEMA("", "<attribute name='x' sqlname='a-b'/>"), "a-b"},
    {SCHEMA("", "<attribute name='x' sqlname='_seq'/>"), "_seq"},
    {SCHEMA("", "<attribute name='" X40 "xxxxxxxxxxxxxxxxxxxxxxxxx'/>"), "more than 64"},
    {SCHEMA("", "<attribute name='x'/><attribute name='x'/>"), "'@x' is declared twice"},
    {SCHEMA("", "<attribute name='x'/><attribute name='X'/>"), "share the column"},
    {SCHEMA("", "<attribute name='x'/><element name='x' type='memo'/>"), "share the column"},
    {SCHEMA("", "<attribute name='s_x'/><element name='s'><attribute name='x'/></element>"),
     "share the column"},
    {SCHEMA("", "<element name='s' type='memo'><attribute name='x'/></element>"), "both a type"},
    {SCHEMA("", "<element name='s' type='memo' sqlname='m'/>"
		"<element name='s'><attribute name='x'/></element>"),
     "both a field and a structure"},
    {SCHEMA("autopk='true'", "<attribute name='id' type='uuid'/>"), "'@id'"},
    {SCHEMA("autopk='true' autouuid='true'", "<attribute name='id'/>"), "'@id'"},
    /* R5.12 */
    {SCHEMA("", "<attribute name='x' default='Rand()'/>"), "Rand()"},
    {SCHEMA("", "<attribute name='x' default='blue'/>"), "blue"},
    {SCHEMA("", "<attribute name='x' default=\"'a'+'b'\"/>"), "unsupported default"},
    {SCHEMA("", "<attribute name='x' default=\"'open\"/>"), "unsupported default"},
    {SCHEMA("", "<attribute name='x' type='date' default='2026-02-03'/>"), "unsupported default"},
    {SCHEMA("", "<attribute name='x' type='byte' default='300'/>"), "not a valid byte"},
    {SCHEMA("", "<attribute name='x' length='2' default=\"'abc'\"/>"), "longer than 2"},
    {SCHEMA("", "<attribute name='x' type='long' default='GetDate()'/>"), "GetDate()"},
    {SCHEMA("", "<attribute name='x' type='long' default='NewUuid()'/>"), "NewUuid()"},
    {SCHEMA("", "<attribute name='x' length='35' default='NewUuid()'/>"), "NewUuid()"},
    {SCHEMA("", "<attribute name='x' type='blob' default=\"'YQ=='\"/>"), "blob"},
    /* keys */
    {SCHEMA("", "<attribute name='x'/><key name='k'><keyfield/></key>"), "a keyfield has no xpath"},
    {SCHEMA("", "<attribute name='x'/><key name='k'/>"), "no keyfield"},
    {SCHEMA("", "<attribute name='x'/><key><keyfield xpath='@x'/></key>"), "plain name"},
    {SCHEMA("", "<attribute name='x'/><key name='k'><keyfield xpath='@y'/></key>"), "\"@y\""},
    {SCHEMA("", "<attribute name='x'/><dbindex name='k'><keyfield xpath='@y'/></dbindex>"),
     "dbindex 'k'"},
    {SCHEMA("", "<element name='m' type='memo'/><key name='k'><keyfield xpath='m'/></key>"),
     "memo"},
    {SCHEMA("", "<attribute name='x'/><key name='k'><keyfield xpath='@x'/><keyfield xpath='x'/>"
		"</key>"),
     "given twice"},
    {SCHEMA("", "<attribute name='x'/><key name='k'><keyfield xpath='@x'/></key>"
		"<key name='k'><keyfield xpath='@x'/></key>"),
     "key 'k' is declared twice"},
    {SCHEMA("autopk='true'", "<attribute name='x'/><key name='k' internal='true'>"
			     "<keyfield xpath='@x'/></key>"),
     "internal"},
    /* links */
    {SCHEMA("", "<element name='l' type='link'/>"), "link 'l'"},
    {SCHEMA("", "<element name='l' type='link' target='company'/>"), "\"company\""},
    {SCHEMA("", "<element name='l' type='link' target='c:d'/>"
		"<element name='m' type='link' target='c:d'/>"),
     "xpath-src"},
    {SCHEMA("", "<attribute name='d-id'/><element name='l' type='link' target='c:d'/>"),
     "xpath-src"},
    {SCHEMA("", "<element name='l' type='link' target='c:d'/>"
		"<element name='l' type='link' target='c:e'/>"),
     "\"l\"> is declared twice"},
    {SCHEMA("", "<element name='s'><element name='l' type='link' target='c:d'/></element>"),
     "cannot be part of 's'"},
    {SCHEMA("", "<element name='l' type='link' target='c:d'><join xpath-src='x y'/></element>"),
     "\"x y\""},
    {SCHEMA("", "<element name='l' type='link' target='c:d'><join xpath-src='@_x'/></element>"),
     "\"@_x\""},
    {SCHEMA("", "<element name='l' type='link' target='c:d'><join xpath-src='@x'/>"
		"<join xpath-src='@y'/></element>"),
     "more than one join"},
    {SCHEMA("", "<element name='l' type='link' target='t:a'/>"), "no single primary key"},
    {SCHEMA("autopk='true'", "<element name='l' type='link' target='t:a'>"
			     "<join xpath-src='@x' xpath-dst='@nowhere'/></element>"),
     "@nowhere"},
};

static void bad_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf errors = BUF_INIT, warnings = BUF_INIT;
		struct schema *s = schema_compile(bad[i].source, strlen(bad[i].source), NULL, NULL,
						  &errors, &warnings);

		if (s != NULL)
			fail_msg("accepted: %s", bad[i].source);
		if (strstr(buf_text(&errors), bad[i].said) == NULL)
			fail_msg("'%s' not said about %s but: %s", bad[i].said, bad[i].source,
				 buf_text(&errors));
		assert_true(errors.length > 0 && errors.data[errors.length - 1] == '\n');
		buf_free(&errors);
		buf_free(&warnings);
	}
}

static void every_error_is_a_line(void **state)
{
	static const char source[] =
	    SCHEMA("", "<attribute name='x&#10;y'/><attribute name='b' type='bin'/>");
	struct buf errors = BUF_INIT;

	(void)state;
	assert_null(schema_compile(source, strlen(source), NULL, NULL, &errors, NULL));
	assert_string_equal(
	    buf_text(&errors),
	    "'x?y': only letters, digits, _ and - are allowed in names, and a letter "
	    "comes first\n"
	    "'@b': type \"bin\" is not stored by this server\n");
	buf_free(&errors);
}

static void R5_20_too_many_fields(void **state)
{
	struct buf source = BUF_INIT, errors = BUF_INIT;

	(void)state;
	buf_add(&source, "<srcSchema namespace='t' name='a'><element name='a'>");
	for (int i = 0; i < 351; i++)
		buf_addf(&source, "<attribute name='f%d'/>", i);
	buf_add(&source, "</element></srcSchema>");
	assert_null(schema_compile(source.data, source.length, NULL, NULL, &errors, NULL));
	assert_string_equal(buf_text(&errors),
			    "t:a has 351 fields, and a schema can have 350 (docs/protocol.md "
			    "R5.20): remove fields, "
			    "or move some to a schema of their own that links to this one\n");
	buf_free(&source);
	buf_free(&errors);
}

/* An id is refused if it already is the staging id of another schema. */
static void ids_are_unique(void **state)
{
	static const char source[] =
	    "<srcSchema namespace='cus' name='companyStg'><element name='companyStg'>"
	    "<attribute name='x'/></element></srcSchema>";
	struct buf errors = BUF_INIT;

	(void)state;
	company =
	    compile("<srcSchema namespace='cus' name='company'><element name='company' " STAGED
		    "><attribute name='x'/></element></srcSchema>",
		    NULL);
	assert_null(schema_compile(source, strlen(source), lookup_company, NULL, &errors, NULL));
	assert_string_equal(buf_text(&errors),
			    "the id cus:companyStg already refers to cus:company\n");
	buf_free(&errors);
	schema_free(&company);
}

static void utf8_sources(void **state)
{
	struct schema *s = compile("<?xml version='1.0' encoding='UTF-8'?>"
				   "<srcSchema namespace='t' name='a' label='Sm\xc3\xa5 ting'>"
				   "<element name='a'><attribute name='x'/></element></srcSchema>",
				   NULL);

	(void)state;
	assert_string_equal(s->label, "Sm\xc3\xa5 ting");
	schema_free(&s);
	s = compile("<?xml version='1.0' encoding='ISO-8859-1'?><srcSchema namespace='t' name='a'>"
		    "<element name='a'><attribute name='x'/></element></srcSchema>",
		    NULL);
	schema_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R5_1_the_main_element_has_the_schemas_name),
	    cmocka_unit_test(R5_2_example_fields),
	    cmocka_unit_test(R5_2_example_schema),
	    cmocka_unit_test(R5_3_types_and_structures),
	    cmocka_unit_test(R5_5_sqltable),
	    cmocka_unit_test(R5_6_column_names),
	    cmocka_unit_test(R5_7_autopk),
	    cmocka_unit_test(R5_7_internal_key_first),
	    cmocka_unit_test(R5_9_links),
	    cmocka_unit_test(R5_12_defaults),
	    cmocka_unit_test(warnings_are_said),
	    cmocka_unit_test(bad_sources),
	    cmocka_unit_test(every_error_is_a_line),
	    cmocka_unit_test(R5_20_too_many_fields),
	    cmocka_unit_test(ids_are_unique),
	    cmocka_unit_test(utf8_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
