/* SPDX-License-Identifier: MIT */
/*
 * Reads documents with schemas, and checks the change or the fault (docs/protocol.md 7.2, 7.3, 8).
 * Needs no database: fakes answer look-ups, and have one folder.
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

#include "api/record.h"
#include "base/arena.h"
#include "schema/source.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Schemas.  The targets of links come first. */

enum { FOLDER, COMPANY, SAMPLE, NUMBERS, PERSON, SUBSCRIPTION, NATURAL, PARTS, SCHEMAS };

static const char *const sources[SCHEMAS] = {
    [FOLDER] = "<srcSchema namespace='xtk' name='folder' label='Folders'>"
	       "<element name='folder' autopk='true' autouuid='true'>"
	       "<key name='name'><keyfield xpath='@name'/></key>"
	       "<attribute name='name' type='string' length='64'/>"
	       "<attribute name='label' type='string'/>"
	       "</element></srcSchema>",
    [COMPANY] = "<srcSchema namespace='cus' name='company' label='Companies'>"
		"<element name='company' autopk='true' autouuid='true' autoStg='true'"
		" dataSource='nms:extAccount:ffda'>"
		"<key name='code'><keyfield xpath='@code'/></key>"
		"<attribute name='code' type='string' length='20'/>"
		"<attribute name='founded' type='date'/>"
		"<element name='folder' type='link' target='xtk:folder'/>"
		"</element></srcSchema>",
    [SAMPLE] = "<srcSchema namespace='dem' name='sampleTable' label='Sample table'>"
	       "<element name='sampleTable' autopk='true' autouuid='true' autoStg='true'"
	       " dataSource='nms:extAccount:ffda'>"
	       "<key name='code'><keyfield xpath='@code'/></key>"
	       "<attribute name='code' type='string' length='20'/>"
	       "<attribute name='testcol1' type='string' length='10'/>"
	       "<attribute name='amount' type='double'/>"
	       "<attribute name='colour' type='byte'/>"
	       "<attribute name='twin' type='string'/>"
	       "<element name='twin' type='memo' sqlname='twinText'/>"
	       "<element name='location'><attribute name='city' type='string' length='50'/>"
	       "<element name='geo'><attribute name='lat' type='double'/></element></element>"
	       "<element name='comment' type='memo' xml='true'/>"
	       "<element name='company' type='link' target='cus:company'/>"
	       "<element name='folder' type='link' target='xtk:folder'/>"
	       "<element name='orders' type='link' target='cus:order' unbound='true'/>"
	       "</element></srcSchema>",
    [NUMBERS] = "<srcSchema namespace='dem' name='counted' label='Counted'>"
		"<element name='counted' autopk='true' autoStg='true' dataSource='x'>"
		"<attribute name='text' type='string'/>"
		"</element></srcSchema>",
    [PERSON] = "<srcSchema namespace='dem' name='person' label='Persons'>"
	       "<element name='person' autopk='true' autouuid='true' autoStg='true' dataSource='x'>"
	       "<key name='email'><keyfield xpath='@email'/><keyfield xpath='@folder-id'/></key>"
	       "<attribute name='email' type='string'/>"
	       "<attribute name='age' type='long'/>"
	       "<element name='folder' type='link' target='xtk:folder'/>"
	       "</element></srcSchema>",
    [SUBSCRIPTION] =
	"<srcSchema namespace='dem' name='subscription' label='Subscriptions'>"
	"<element name='subscription' autoStg='true' dataSource='x'>"
	"<key name='both'><keyfield xpath='@service'/><keyfield xpath='@company-id'/></key>"
	"<attribute name='service' type='string'/>"
	"<attribute name='note' type='string'/>"
	"<element name='company' type='link' target='cus:company'/>"
	"</element></srcSchema>",
    [NATURAL] = "<srcSchema namespace='dem' name='natural' label=''>"
		"<element name='natural' autoStg='true' dataSource='x'>"
		"<key name='code' internal='true'><keyfield xpath='@code'/></key>"
		"<key name='alias'><keyfield xpath='@alias'/></key>"
		"<attribute name='code' type='string'/>"
		"<attribute name='alias' type='string'/>"
		"</element></srcSchema>",
    [PARTS] = "<srcSchema namespace='dem' name='parts' label='Parts'>"
	      "<element name='parts' autopk='true' autouuid='true' autoStg='true' dataSource='x'>"
	      "<key name='both' allowEmptyPart='true'><keyfield xpath='@a'/>"
	      "<keyfield xpath='@n'/><keyfield xpath='@b'/></key>"
	      "<attribute name='a' type='string'/>"
	      "<attribute name='n' type='long'/>"
	      "<attribute name='b' type='string'/>"
	      "</element></srcSchema>",
};

static struct schema *schemas[SCHEMAS];

static const struct schema *schema_of(void *context, const char *id)
{
	(void)context;
	for (size_t i = 0; i < SCHEMAS; i++)
		if (schemas[i] != NULL && strcmp(schemas[i]->id, id) == 0)
			return schemas[i];
	return NULL;
}

static int setup(void **state)
{
	(void)state;
	if (cast_init("UTC") < 0)
		return -1;
	for (size_t i = 0; i < SCHEMAS; i++) {
		struct buf errors = BUF_INIT;

		schemas[i] =
		    schema_compile(sources[i], strlen(sources[i]), schema_of, NULL, &errors, NULL);
		if (schemas[i] == NULL)
			fail_msg("schema %zu: %s", i, buf_text(&errors));
		buf_free(&errors);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCHEMAS; i++)
		schema_free(&schemas[i]);
	return 0;
}

/* Fakes: the folder "News" exists; generated ids are always the same. */

static int find_folder(void *context, const struct schema *target, size_t wanted,
		       const size_t *fields, const struct db_value *values, size_t count,
		       struct db_value *out, struct fault_cause *p)
{
	unsigned *asked = context;

	(void)p;
	(*asked)++;
	assert_string_equal(target->id, "xtk:folder");
	assert_string_equal(target->fields[wanted].name, "id");
	assert_int_equal(count, 1);
	*out = DB_NULL;
	if ((strcmp(target->fields[fields[0]].name, "name") == 0 &&
	     strcmp(values[0].text, "News") == 0) ||
	    (strcmp(target->fields[fields[0]].name, "id") == 0 &&
	     strcmp(values[0].text, "F1") == 0))
		*out = db_text("F1");
	return 0;
}

static int fake_number(void *context, const struct schema *s, const char **out,
		       struct fault_cause *p)
{
	(void)context;
	(void)p;
	assert_string_equal(s->sequence, "dem_counted_id");
	*out = "4001";
	return 0;
}

static void fake_uuid(char out[37])
{
	snprintf(out, 37, "NEW");
}

static const struct record_ops fakes = {
    .schema = schema_of,
    .find = find_folder,
    .number = fake_number,
    .uuid = fake_uuid,
};

/* Cases: an accepted document has `key`; a refused one has `code`. */

struct expected {
	const char *name;
	int schema;
	bool ext;
	enum operation operation;
	const char *xml;
	const char *key, *fields;
	const char *cells; /* "name=text|..." of the cells that are not NULL, in schema order */
	const char *links; /* NULL: none */
	const char *made_id;
	const char *code, *text; /* text: a part of the fault's text */
};

static void cells_text(struct buf *out, const struct change *c)
{
	for (size_t i = 0; i < c->schema->field_count; i++) {
		if (c->cells[i].text == NULL)
			continue;
		if (out->length > 0)
			buf_add_char(out, '|');
		buf_addf(out, "%s=%.*s", c->schema->fields[i].name, (int)c->cells[i].length,
			 c->cells[i].text);
	}
}

static void expect_text(const char *test, const char *what, const char *got, const char *want)
{
	if ((got == NULL) != (want == NULL) || (got != NULL && strcmp(got, want) != 0))
		fail_msg("%s: %s is \"%s\", not \"%s\"", test, what, got != NULL ? got : "(null)",
			 want != NULL ? want : "(null)");
}

static void expect_change(const struct expected *t, const struct record *r)
{
	struct buf cells = BUF_INIT;

	if (r->change.operation != t->operation)
		fail_msg("%s: operation %s", t->name, operation_name(r->change.operation));
	cells_text(&cells, &r->change);
	expect_text(t->name, "_key", r->change.key, t->key);
	expect_text(t->name, "_fields", r->change.fields, t->fields);
	expect_text(t->name, "cells", buf_text(&cells), t->cells);
	expect_text(t->name, "_links", r->change.links, t->links);
	expect_text(t->name, "made id", r->made_id, t->made_id != NULL ? t->made_id : "");
	assert_ptr_equal(r->change.schema, schemas[t->schema]);
	buf_free(&cells);
}

static void expect_cause(const struct expected *t, const struct fault_cause *p)
{
	expect_text(t->name, "code", p->code, t->code);
	if (strstr(p->text, t->text) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", t->name, p->text, t->text);
}

static unsigned run_case(const struct expected *t, bool ignore_unknown, bool lenient)
{
	unsigned asked = 0;
	struct arena *arena = arena_new();
	struct fault_cause p = {0};
	struct record record;
	struct record_context context = {.ops = &fakes,
					 .ops_context = &asked,
					 .ext = t->ext,
					 .ignore_unknown = ignore_unknown,
					 .cast = {lenient, "UTC"},
					 .arena = arena};
	const struct xml_element *root =
	    xml_parse(t->xml, strlen(t->xml), NULL, &xml_limits_default, arena, &p);
	int rc;

	if (root == NULL)
		fail_msg("%s: %s", t->name, p.text);
	rc = record_read(&context, schemas[t->schema], root, &record, &p);
	if (rc == 0 && t->code == NULL)
		expect_change(t, &record);
	else if (rc < 0 && t->code != NULL)
		expect_cause(t, &p);
	else
		fail_msg("%s: %s %s", t->name, rc == 0 ? "was accepted" : p.code, p.text);
	arena_free(&arena);
	return asked;
}

static void run_cases(const struct expected *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_case(&cases[i], false, false);
}

#define INGEST	.ext = false, .operation = OPERATION_INSERT
#define UPSERT	.ext = true, .operation = OPERATION_UPSERT
#define EXT(op) .ext = true, .operation = OPERATION_##op
#define ANY	.ext = true, .operation = OPERATION_NONE /* for refused documents */

static void R7_3_instructions_and_foreign_names_are_dropped(void **state)
{
	static const struct expected cases[] = {
	    {"other instructions", SAMPLE, INGEST,
	     "<x xtkschema='dem:sampleTableStg' _cs='n' _x='y' id='1' xmlns:q='u' q:code='z'/>",
	     .key = "@id", .fields = "id", .cells = "id=1"},
	    {"nested too", SAMPLE, INGEST,
	     "<x id='1'><location _cs='n' xtkschema='a:b' city='Oslo'/></x>", .key = "@id",
	     .fields = "id,location/@city", .cells = "id=1|location/@city=Oslo"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R7_4_fields_by_form(void **state)
{
	static const struct expected cases[] = {
	    {"structures, also nested", SAMPLE, INGEST,
	     "<x id='1'><location city='A'><geo lat='1.50'/></location></x>", .key = "@id",
	     .fields = "id,location/@city,location/geo/@lat",
	     .cells = "id=1|location/@city=A|location/geo/@lat=1.5"},
	    {"memo as element", SAMPLE, INGEST,
	     "<x id='1'><comment><![CDATA[fragile <3]]></comment></x>", .key = "@id",
	     .fields = "id,comment", .cells = "id=1|comment=fragile <3"},
	    {"memo as attribute (6.2)", SAMPLE, INGEST, "<x id='1' comment='c'/>", .key = "@id",
	     .fields = "id,comment", .cells = "id=1|comment=c"},
	    {"name spaces do not count", SAMPLE, INGEST,
	     "<m:x xmlns:m='urn:m' xmlns='urn:d' id='1'><location city='A'/></m:x>", .key = "@id",
	     .fields = "id,location/@city", .cells = "id=1|location/@city=A"},
	    {"memo given twice", SAMPLE, INGEST, "<x comment='c'><comment>d</comment></x>",
	     .code = "CIN-100202", .text = "'comment' is given twice"},
	    {"structure given twice", SAMPLE, INGEST,
	     "<x><location city='A'/><location city='B'/></x>", .code = "CIN-100202",
	     .text = "'location' is given twice"},
	    {"memo with children", SAMPLE, INGEST, "<x><comment><b/></comment></x>",
	     .code = "CIN-100202", .text = "Element 'comment/b' unknown"},
	    {"empty is emptied, R6.2", SAMPLE, INGEST,
	     "<x id='1' testcol1='' amount='' comment=''/>", .key = "@id",
	     .fields = "id,testcol1,amount,comment", .cells = "id=1|amount=0"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R7_5_unknown_names(void **state)
{
	static const struct expected cases[] = {
	    {"attribute", SAMPLE, INGEST, "<x nope='1'/>", .code = "CIN-100202",
	     .text = "Attribute 'nope' unknown (see definition of schema 'Sample table "
		     "(dem:sampleTableStg)')"},
	    {"element", SAMPLE, INGEST, "<x><nope/></x>", .code = "CIN-100202",
	     .text = "Element 'nope' unknown (see definition of schema 'Sample table "
		     "(dem:sampleTableStg)')"},
	    {"nested", SAMPLE, INGEST, "<x><location nope='1'/></x>", .code = "CIN-100202",
	     .text = "Attribute 'location/nope' unknown"},
	    {"an attribute's name as element", SAMPLE, INGEST, "<x><code>1</code></x>",
	     .code = "CIN-100202", .text = "Element 'code' unknown"},
	    {"letter case counts", SAMPLE, INGEST, "<x Code='1'/>", .code = "CIN-100202",
	     .text = "'Code'"},
	    {"never the code that makes clients log on again", SAMPLE, INGEST, "<x XSV-350008=''/>",
	     .code = "CIN-100202", .text = "'XSV-......'"},
	    {"a schema without label", NATURAL, INGEST, "<x nope=''/>", .code = "CIN-100202",
	     .text = "'natural (dem:naturalStg)'"},
	    {"also when deleting", SAMPLE, ANY, "<x _operation='delete' id='1' nope='1'/>",
	     .code = "CIN-100202", .text = "'nope'"},
	};
	static const struct expected ignored = {
	    "ignored",
	    SAMPLE,
	    INGEST,
	    "<x id='1' nope='1'><nope a='b'><c/></nope><comment d='e'>f<g/></comment></x>",
	    .key = "@id",
	    .fields = "id,comment",
	    .cells = "id=1|comment=f"};

	(void)state;
	run_cases(cases, COUNT(cases));
	run_case(&ignored, true, false);
}

static void R7_6_key_forms(void **state)
{
	static const char *const forms[] = {"@code", "[@code]", "code", "[code]", " \t@code\n"};
	static const struct expected cases[] = {
	    {"nested in brackets", SAMPLE, UPSERT,
	     "<x _key='[location/@city]' ><location city='A'/></x>", .key = "location/@city",
	     .fields = "location/@city", .cells = "id=NEW|location/@city=A"},
	    {"nested, and two", SAMPLE, UPSERT,
	     "<x _key='location/@city , @code' code='K'><location city='A'/></x>",
	     .key = "location/@city,@code", .fields = "code,location/@city",
	     .cells = "id=NEW|code=K|location/@city=A"},
	    {"named twice counts once", SAMPLE, UPSERT, "<x _key='@code,code' code='K'/>",
	     .key = "@code", .fields = "code", .cells = "id=NEW|code=K"},
	    {"without @, the attribute", SAMPLE, UPSERT, "<x _key='twin' twin='A'/>",
	     .key = "@twin", .fields = "twin", .cells = "id=NEW|twin=A"},
	    {"without @, an element that has a value", SAMPLE, UPSERT,
	     "<x _key='twin' twin='A'><twin>B</twin></x>", .key = "twin", .fields = "twin,./twin",
	     .cells = "id=NEW|twin=A|./twin=B"},
	    {"with @, always the attribute", SAMPLE, UPSERT,
	     "<x _key='@twin' twin='A'><twin>B</twin></x>", .key = "@twin", .fields = "twin,./twin",
	     .cells = "id=NEW|twin=A|./twin=B"},
	    {"unknown", SAMPLE, UPSERT, "<x _key='@nope' code='K'/>", .code = "CIN-100203",
	     .text = "Key path '@nope' is not one of the schema"},
	    {"not named", SAMPLE, UPSERT, "<x _key='@code' testcol1='a'/>", .code = "CIN-100203",
	     .text = "Key path '@code' has no value in the document"},
	    {"empty", SAMPLE, UPSERT, "<x _key='@code' code=''/>", .code = "CIN-100203",
	     .text = "no value"},
	    {"an empty number", SAMPLE, UPSERT, "<x _key='@amount' amount=' '/>",
	     .code = "CIN-100203", .text = "no value"},
	    {"blanks are a value of a text, R6.3", SAMPLE, UPSERT, "<x _key='@code' code=' '/>",
	     .key = "@code", .fields = "code", .cells = "id=NEW|code= "},
	    {"one of two missing", SAMPLE, UPSERT, "<x _key='@code,@twin' code='K'/>",
	     .code = "CIN-100203", .text = "'@twin'"},
	    {"empty list", SAMPLE, UPSERT, "<x _key='' code='K'/>", .code = "CIN-100203",
	     .text = "empty item"},
	    {"empty item", SAMPLE, UPSERT, "<x _key='@code,' code='K'/>", .code = "CIN-100203",
	     .text = "empty item"},
	    {"a form that does not exist", SAMPLE, UPSERT, "<x _key='[@code' code='K'/>",
	     .code = "CIN-100203", .text = "'[@code'"},
	    {"also for Ingest", SAMPLE, INGEST, "<x _key='@code'/>", .code = "CIN-100203",
	     .text = "no value"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		char xml[80];
		struct expected t = {forms[i],
				     SAMPLE,
				     UPSERT,
				     xml,
				     .key = "@code",
				     .fields = "code",
				     .cells = "id=NEW|code=K"};

		snprintf(xml, sizeof(xml), "<x _key='%s' code='K'/>", forms[i]);
		run_case(&t, false, false);
	}
	run_cases(cases, COUNT(cases));
}

static void R7_6_a_lenient_cast_leaves_no_key(void **state)
{
	static const struct expected t = {"bad date",
					  COMPANY,
					  UPSERT,
					  "<x _key='@founded' founded='soon'/>",
					  .code = "CIN-100203",
					  .text = "'@founded' has no value"};

	(void)state;
	run_case(&t, false, true);
}

static void R7_7_links_to_local_targets(void **state)
{
	static const struct expected cases[] = {
	    {"by the first eligible key", SAMPLE, INGEST,
	     "<x id='1'><folder name='News' _operation='none'/></x>", .key = "@id",
	     .fields = "id,folder-id", .cells = "id=1|folder-id=F1"},
	    {"by _key", SAMPLE, INGEST,
	     "<x id='1'><folder _key='@name' id='other' name='News' _operation='none'/></x>",
	     .key = "@id", .fields = "id,folder-id", .cells = "id=1|folder-id=F1"},
	    {"by the primary key", SAMPLE, INGEST,
	     "<x id='1'><folder id='F1' _operation='none'/></x>", .key = "@id",
	     .fields = "id,folder-id", .cells = "id=1|folder-id=F1"},
	    {"no such row", SAMPLE, INGEST,
	     "<x id='1'><folder name='Other' _operation='none'/></x>", .code = "CIN-100305",
	     .text = "Link 'folder': no row of 'xtk:folder'"},
	    {"no such primary key", SAMPLE, INGEST,
	     "<x id='1'><folder id='F2' _operation='none'/></x>", .code = "CIN-100305",
	     .text = "Link 'folder'"},
	    {"in the key", PERSON, UPSERT,
	     "<x _key='[folder/@name], @email' email='a'><folder name='News' "
	     "_operation='none'/></x>",
	     .key = "@folder-id,@email", .fields = "email,folder-id",
	     .cells = "id=NEW|email=a|folder-id=F1"},
	    {"in the key, without the path's value", PERSON, UPSERT,
	     "<x _key='[folder/@name]'><folder id='F1' _operation='none'/></x>",
	     .code = "CIN-100203", .text = "'[folder/@name]' has no value"},
	    {"in the key, without the link", PERSON, UPSERT, "<x _key='[folder/@name]'/>",
	     .code = "CIN-100203", .text = "no value"},
	    {"in a key of the schema, R8.2", PERSON, UPSERT,
	     "<x email='a'><folder name='News' _operation='none'/></x>", .key = "@email,@folder-id",
	     .fields = "email,folder-id", .cells = "id=NEW|email=a|folder-id=F1"},
	    {"the foreign key's own attribute", SAMPLE, INGEST, "<x id='1' folder-id='F9'/>",
	     .key = "@id", .fields = "id,folder-id", .cells = "id=1|folder-id=F9"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R7_7_links_to_staged_targets(void **state)
{
	static const struct expected cases[] = {
	    {"remembered", SAMPLE, INGEST,
	     "<x id='1'><company code='A&#9;B' _operation='none'/></x>", .key = "@id",
	     .fields = "id,company-id", .cells = "id=1",
	     .links = "@company-id\tcus:company\t@code\tA\\tB\n"},
	    {"with the cast value", SAMPLE, INGEST,
	     "<x id='1'><company _key='@founded,@code' code='A' founded='2026/02/03'"
	     " _operation='none'/></x>",
	     .key = "@id", .fields = "id,company-id", .cells = "id=1",
	     .links = "@company-id\tcus:company\t@founded\t2026-02-03\t@code\tA\n"},
	    {"in the key", SUBSCRIPTION, UPSERT,
	     "<x service='S'><company code='A' _operation='none'/></x>",
	     .key = "@service,@company-id", .fields = "service,company-id", .cells = "service=S",
	     .links = "@company-id\tcus:company\t@code\tA\n"},
	    {"in the key of a deletion", SUBSCRIPTION, EXT(DELETE),
	     "<x service='S' note='n' _operation='delete'><company code='A' "
	     "_operation='none'/></x>",
	     .key = "@service,@company-id", .fields = "service,company-id", .cells = "service=S",
	     .links = "@company-id\tcus:company\t@code\tA\n"},
	    {"bad value", SAMPLE, INGEST,
	     "<x><company _key='@founded' founded='soon' _operation='none'/></x>",
	     .code = "CIN-100204", .text = "founded"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R7_7_link_forms_that_are_refused(void **state)
{
	static const struct expected cases[] = {
	    {"no _operation", SAMPLE, INGEST, "<x><folder name='News'/></x>", .code = "CIN-100306",
	     .text = "Link 'folder' needs _operation=\"none\""},
	    {"another _operation", SAMPLE, INGEST,
	     "<x><folder name='News' _operation='insert'/></x>", .code = "CIN-100306",
	     .text = "'folder'"},
	    {"many targets", SAMPLE, INGEST, "<x><orders _operation='none'/></x>",
	     .code = "CIN-100306", .text = "'orders'"},
	    {"no key at all", SAMPLE, INGEST, "<x><folder _operation='none'/></x>",
	     .code = "CIN-100203", .text = "'folder'"},
	    {"unknown name", SAMPLE, INGEST,
	     "<x><folder name='News' nope='1' _operation='none'/></x>", .code = "CIN-100202",
	     .text = "'Folders (xtk:folder)'"},
	    {"twice", SAMPLE, INGEST,
	     "<x><folder name='News' _operation='none'/><folder name='News' "
	     "_operation='none'/></x>",
	     .code = "CIN-100202", .text = "'folder' is given twice"},
	    {"as element and attribute", SAMPLE, INGEST,
	     "<x folder-id='F1'><folder name='News' _operation='none'/></x>", .code = "CIN-100306",
	     .text = "Link 'folder'"},
	    {"a key over another link", SAMPLE, INGEST,
	     "<x><company _operation='none' _key='[folder/@name]'>"
	     "<folder name='News' _operation='none'/></company></x>",
	     .code = "CIN-100306", .text = "another link"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R7_7_target_is_not_deployed(void **state)
{
	static const struct expected t = {"away",
					  SAMPLE,
					  INGEST,
					  "<x><folder name='News' _operation='none'/></x>",
					  .code = "CIN-100305",
					  .text = "not deployed"};
	struct schema *folder = schemas[FOLDER];

	(void)state;
	schemas[FOLDER] = NULL;
	run_case(&t, false, false);
	schemas[FOLDER] = folder;
}

static void R7_8_what_is_a_collection(void **state)
{
	static const struct {
		const char *xml;
		bool expected;
	} cases[] = {
	    {"<any-collection xtkschema='dem:sampleTableStg' _key='@id'><a/></any-collection>",
	     true},
	    {"<any-collection/>", false},
	    {"<any-collection code='1'><a/></any-collection>", false},
	    {"<x xmlns:q='u' q:code='1'><sampleTable/><sampleTableStg/></x>", true},
	    {"<x><sampleTable/><location/></x>", false},
	    {"<x><sampletable/></x>", false},
	    {"<collection><a/></collection>", false},
	    {"<x code='1'><sampleTable/></x>", false},
	    {"<x/>", false},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault_cause p;
		const struct xml_element *root = xml_parse(cases[i].xml, strlen(cases[i].xml), NULL,
							   &xml_limits_default, arena, &p);

		assert_non_null(root);
		if (record_is_collection(root, schemas[SAMPLE]) != cases[i].expected)
			fail_msg("%s", cases[i].xml);
	}
	arena_free(&arena);
}

static void R7_10_ingest_only_inserts(void **state)
{
	static const char *const refused[] = {
	    "update", "delete", "insertOrUpdate", "none", "Insert", "", "nope"};
	static const struct expected said = {
	    "insert",	  SAMPLE,	  INGEST,	  "<x _operation='insert' id='1'/>",
	    .key = "@id", .fields = "id", .cells = "id=1"};

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		char xml[80];
		struct expected t = {refused[i],	   SAMPLE,    INGEST, xml,
				     .code = "CIN-100210", .text = ""};

		snprintf(xml, sizeof(xml), "<x _operation='%s' id='1'/>", refused[i]);
		run_case(&t, false, false);
	}
	run_case(&said, false, false);
}

static void R7_11_to_R7_14_primary_keys(void **state)
{
	static const struct expected cases[] = {
	    {"R7.11 made, R7.12 returned", SAMPLE, INGEST, "<x testcol1='a'/>", .key = "@id",
	     .fields = "id,testcol1", .cells = "id=NEW|testcol1=a", .made_id = "NEW"},
	    {"nothing named at all", SAMPLE, INGEST, "<x/>", .key = "@id", .fields = "id",
	     .cells = "id=NEW", .made_id = "NEW"},
	    {"an empty id is none", SAMPLE, INGEST, "<x id='' testcol1='a'/>", .key = "@id",
	     .fields = "id,testcol1", .cells = "id=NEW|testcol1=a", .made_id = "NEW"},
	    {"R7.11 a number of the sequence", NUMBERS, INGEST, "<x text='a'/>", .key = "@id",
	     .fields = "id,text", .cells = "id=4001|text=a", .made_id = "4001"},
	    {"R7.11 supplied", SAMPLE, INGEST, "<x _key='@id' id='SHOP-1' testcol1='a'/>",
	     .key = "@id", .fields = "id,testcol1", .cells = "id=SHOP-1|testcol1=a"},
	    {"R7.13 a candidate stays unnamed", SAMPLE, INGEST,
	     "<x _key='@code' code='K' testcol1='a'/>", .key = "@code", .fields = "code,testcol1",
	     .cells = "id=NEW|code=K|testcol1=a"},
	    {"R7.13 beside an empty id too", SAMPLE, INGEST, "<x _key='@code' code='K' id=''/>",
	     .key = "@code", .fields = "code", .cells = "id=NEW|code=K"},
	    {"R7.13a id without _key", SAMPLE, INGEST, "<x id='1' code='K'/>", .key = "@id",
	     .fields = "id,code", .cells = "id=1|code=K"},
	    {"R7.13a id beside another key", SAMPLE, INGEST, "<x _key='@code' id='1' code='K'/>",
	     .key = "@code", .fields = "id,code", .cells = "id=1|code=K"},
	    {"R7.14 Ingest does not search keys", SAMPLE, INGEST, "<x code='K'/>", .key = "@id",
	     .fields = "id,code", .cells = "id=NEW|code=K", .made_id = "NEW"},
	    {"a natural primary key", NATURAL, INGEST, "<x code='C' alias='A'/>", .key = "@code",
	     .fields = "code,alias", .cells = "code=C|alias=A"},
	    {"a natural primary key that is missing", NATURAL, INGEST, "<x alias='A'/>",
	     .code = "CIN-100203", .text = "'@code'"},
	    {"no candidate for a natural primary key", NATURAL, INGEST,
	     "<x _key='@alias' alias='A'/>", .key = "@alias", .fields = "alias",
	     .cells = "alias=A"},
	    {"no primary key in the schema", SUBSCRIPTION, INGEST, "<x note='n'/>", .key = "",
	     .fields = "note", .cells = "note=n"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R8_1_operations(void **state)
{
	static const struct expected cases[] = {
	    {"default", SAMPLE, UPSERT, "<x id='1'/>", .key = "@id", .fields = "id",
	     .cells = "id=1"},
	    {"insertOrUpdate", SAMPLE, UPSERT, "<x id='1' _operation='insertOrUpdate'/>",
	     .key = "@id", .fields = "id", .cells = "id=1"},
	    {"insert", SAMPLE, EXT(INSERT), "<x id='1' _operation='insert'/>", .key = "@id",
	     .fields = "id", .cells = "id=1"},
	    {"update", SAMPLE, EXT(UPDATE), "<x id='1' code='K' _operation='update'/>",
	     .key = "@id", .fields = "id,code", .cells = "id=1|code=K"},
	    {"none", SAMPLE, EXT(NONE), "<x testcol1='a' _operation='none'/>", .key = "",
	     .fields = "testcol1", .cells = "testcol1=a"},
	    {"none is validated", SAMPLE, ANY, "<x amount='a' _operation='none'/>",
	     .code = "CIN-100204", .text = "amount"},
	    {"another", SAMPLE, ANY, "<x id='1' _operation='upsert'/>", .code = "CIN-100210",
	     .text = "_operation"},
	    {"empty", SAMPLE, ANY, "<x id='1' _operation=''/>", .code = "CIN-100210",
	     .text = "_operation"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R8_2_key_search(void **state)
{
	static const struct expected cases[] = {
	    {"the primary key first", SAMPLE, UPSERT, "<x id='1' code='K'/>", .key = "@id",
	     .fields = "id,code", .cells = "id=1|code=K"},
	    {"then the schema's keys", SAMPLE, UPSERT, "<x code='K'/>", .key = "@code",
	     .fields = "code", .cells = "id=NEW|code=K"},
	    {"an empty id is none", SAMPLE, UPSERT, "<x id='' code='K'/>", .key = "@code",
	     .fields = "code", .cells = "id=NEW|code=K"},
	    {"an empty field makes no key", SAMPLE, UPSERT, "<x code='' testcol1='a'/>",
	     .key = "@id", .fields = "id,code,testcol1", .cells = "id=NEW|testcol1=a",
	     .made_id = "NEW"},
	    {"half a key is none", PERSON, UPSERT, "<x email='a'/>", .key = "@id",
	     .fields = "id,email", .cells = "id=NEW|email=a", .made_id = "NEW"},
	    {"allowEmptyPart: one part will do", PARTS, UPSERT, "<x b='B'/>", .key = "@a,@n,@b",
	     .fields = "a,n,b", .cells = "id=NEW|n=0|b=B"},
	    {"allowEmptyPart: none will not", PARTS, UPSERT, "<x a='' n=''/>", .key = "@id",
	     .fields = "id,a,n", .cells = "id=NEW|n=0", .made_id = "NEW"},
	    {"update without a key", SAMPLE, ANY, "<x _operation='update' testcol1='a'/>",
	     .code = "CIN-100203", .text = "update"},
	    {"update with an empty one", SAMPLE, ANY, "<x _operation='update' code=''/>",
	     .code = "CIN-100203", .text = "update"},
	    {"delete without a key", SAMPLE, ANY, "<x _operation='delete'/>", .code = "CIN-100203",
	     .text = "delete"},
	    {"delete with an empty _key", SAMPLE, ANY, "<x _operation='delete' _key='' id='1'/>",
	     .code = "CIN-100203", .text = "empty"},
	    {"update names no candidate", SAMPLE, EXT(UPDATE),
	     "<x _operation='update' id='' code='K'/>", .key = "@code", .fields = "code",
	     .cells = "code=K"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R8_4_insert_does_not_search_keys(void **state)
{
	static const struct expected cases[] = {
	    {"no key", SAMPLE, EXT(INSERT), "<x code='K' _operation='insert'/>", .key = "@id",
	     .fields = "id,code", .cells = "id=NEW|code=K", .made_id = "NEW"},
	    {"_key", SAMPLE, EXT(INSERT), "<x _key='code' code='K' _operation='insert'/>",
	     .key = "@code", .fields = "code", .cells = "id=NEW|code=K"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

static void R8_6_a_deletion_carries_its_key_only(void **state)
{
	static const struct expected cases[] = {
	    {"others are not even cast", SAMPLE, EXT(DELETE),
	     "<x _operation='delete' _key='@code' code='K' amount='much' testcol1='far too long'>"
	     "<folder name='Other'/></x>",
	     .key = "@code", .fields = "code", .cells = "code=K"},
	    {"nor the id beside the key", SAMPLE, EXT(DELETE),
	     "<x _operation='delete' _key='@code' code='K' id='1'/>", .key = "@code",
	     .fields = "code", .cells = "code=K"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(run_case(&cases[i], false, false), 0); /* no look-up is made */
}

static void R6_values_are_judged(void **state)
{
	static const struct expected cases[] = {
	    {"too long", SAMPLE, INGEST, "<x testcol1='12345678901'/>", .code = "CIN-100205",
	     .text = "'testcol1'"},
	    {"characters, not bytes", SAMPLE, INGEST, "<x id='1' testcol1='åäöåäöåäöå'/>",
	     .key = "@id", .fields = "id,testcol1", .cells = "id=1|testcol1=åäöåäöåäöå"},
	    {"no number", SAMPLE, INGEST, "<x colour='red'/>", .code = "CIN-100204",
	     .text = "colour"},
	};

	(void)state;
	run_cases(cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R7_3_instructions_and_foreign_names_are_dropped),
	    cmocka_unit_test(R7_4_fields_by_form),
	    cmocka_unit_test(R7_5_unknown_names),
	    cmocka_unit_test(R7_6_key_forms),
	    cmocka_unit_test(R7_6_a_lenient_cast_leaves_no_key),
	    cmocka_unit_test(R7_7_links_to_local_targets),
	    cmocka_unit_test(R7_7_links_to_staged_targets),
	    cmocka_unit_test(R7_7_link_forms_that_are_refused),
	    cmocka_unit_test(R7_7_target_is_not_deployed),
	    cmocka_unit_test(R7_8_what_is_a_collection),
	    cmocka_unit_test(R7_10_ingest_only_inserts),
	    cmocka_unit_test(R7_11_to_R7_14_primary_keys),
	    cmocka_unit_test(R8_1_operations),
	    cmocka_unit_test(R8_2_key_search),
	    cmocka_unit_test(R8_4_insert_does_not_search_keys),
	    cmocka_unit_test(R8_6_a_deletion_carries_its_key_only),
	    cmocka_unit_test(R6_values_are_judged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
