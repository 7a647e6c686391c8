/* SPDX-License-Identifier: MIT */
/* Keeps schemas in memory, and checks changes; see schemas.h. */
#include "config.h"

#include "schemas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "fuzz.h"
#include "schema/cast.h"
#include "schema/source.h"

/* Targets of links come first. */
static const char *const shipped[] = {
    "xtk_folder",  "nms_service", "nms_recipient", "nms_subscription", "nms_appSubscriptionRcp",
    "nms_subHisto"};

static const char everything[] =
    "<srcSchema namespace='cus' name='everything' label='Everything'>"
    "<element name='everything' autopk='true' autoStg='true' dataSource='x'>"
    "<key name='both' allowEmptyPart='true'><keyfield xpath='@a'/><keyfield xpath='@n'/></key>"
    "<key name='city'><keyfield xpath='location/@city'/></key>"
    "<attribute name='a' length='10'/><attribute name='n' type='long'/>"
    "<attribute name='big' type='int64'/><attribute name='small' type='byte'/>"
    "<attribute name='mid' type='short'/><attribute name='d' type='double'/>"
    "<attribute name='f' type='float'/><attribute name='p' type='percent'/>"
    "<attribute name='yes' type='boolean'/><attribute name='day' type='date'/>"
    "<attribute name='at' type='datetime'/><attribute name='tz' type='datetimetz'/>"
    "<attribute name='notz' type='datetimenotz'/><attribute name='hour' type='time'/>"
    "<attribute name='span' type='timespan'/><attribute name='file' type='blob'/>"
    "<attribute name='code' type='uuid'/><attribute name='e' type='enum' length='5'/>"
    "<attribute name='t' type='MNTOKEN'/><attribute name='twin'/>"
    "<element name='twin' type='memo' sqlname='twinText'/>"
    "<element name='html' type='html'/><element name='note' type='memo' xml='true'/>"
    "<element name='location'><attribute name='city' length='5'/>"
    "<element name='geo'><attribute name='lat' type='double'/><element name='hint' type='memo'/>"
    "</element></element>"
    "<element name='folder' type='link' target='xtk:folder'/>"
    "<element name='other' type='link' target='xtk:folder'><join xpath-src='@folder-id' "
    "xpath-dst='@id'/></element>"
    "<element name='recipient' type='link' target='nms:recipient'/>"
    "<element name='orders' type='link' target='cus:order' unbound='true'/>"
    "</element></srcSchema>";

static const char natural[] =
    "<srcSchema namespace='cus' name='natural' label=''>"
    "<element name='natural' autoStg='true' dataSource='x'>"
    "<key name='code' internal='true'><keyfield xpath='@code'/></key>"
    "<key name='alias'><keyfield xpath='@alias'/></key>"
    "<attribute name='code'/><attribute name='alias'/></element></srcSchema>";

static const char keyless[] =
    "<srcSchema namespace='cus' name='keyless'>"
    "<element name='keyless' autoStg='true' dataSource='x'><attribute name='a'/>"
    "</element></srcSchema>";

const char *const schemas_staged[] = {"dem:sampleTable",       "cus:everything",   "nms:recipient",
				      "cus:natural",	       "nms:subscription", "cus:keyless",
				      "nms:appSubscriptionRcp"};
const size_t schemas_staged_count = sizeof(schemas_staged) / sizeof(schemas_staged[0]);

static const struct schema *loaded[16];
static size_t loaded_count;

const struct schema *schemas_find(const char *id, bool *staging)
{
	if (strcmp(id, "nms:subscriptionRcp") == 0)
		id = "nms:subscription";
	else if (strcmp(id, "nms:subscriptionRcpStg") == 0)
		id = "nms:subscriptionStg";
	for (size_t i = 0; i < loaded_count; i++) {
		const struct schema *s = loaded[i];
		bool staged = s->staging_id != NULL && strcmp(s->staging_id, id) == 0;

		if (!staged && strcmp(s->id, id) != 0)
			continue;
		if (staging != NULL)
			*staging = staged;
		return s;
	}
	return NULL;
}

const struct schema *schemas_lookup(void *context, const char *id)
{
	(void)context;
	return schemas_find(id, NULL);
}

static void load(const char *source, size_t length)
{
	struct buf errors = BUF_INIT;
	const struct schema *s =
	    schema_compile(source, length, schemas_lookup, NULL, &errors, NULL);

	if (s == NULL)
		fuzz_fail(__FILE__, __LINE__, buf_text(&errors));
	loaded[loaded_count++] = s;
	buf_free(&errors);
}

static void load_file(const char *folder, const char *name)
{
	char *path = xasprintf(TEST_SRCDIR "/sql/schemas/%s%s.xml", folder, name);
	FILE *file = fopen(path, "re");
	struct buf text = BUF_INIT;

	if (file == NULL)
		fuzz_fail(__FILE__, __LINE__, path);
	buf_took(&text, fread(buf_reserve(&text, 65536), 1, 65536, file));
	fclose(file);
	load(text.data, text.length);
	buf_free(&text);
	free(path);
}

void schemas_load(void)
{
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++)
		load_file("", shipped[i]);
	load_file("samples/", "dem_sampleTable");
	load(everything, strlen(everything));
	load(natural, strlen(natural));
	load(keyless, strlen(keyless));
}

/* --- changes ---------------------------------------------------------------------------- */

/* True if the comma list LIST contains NAME. */
static bool has_item(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (;; list++) {
		if (strncmp(list, name, n) == 0 && (list[n] == ',' || list[n] == '\0'))
			return true;
		list = strchr(list, ',');
		if (list == NULL)
			return false;
	}
}

static size_t count_items(const char *list)
{
	size_t n = *list != '\0';

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* Casting a stored value again gives the same value. */
static void check_cell(const struct field *f, const struct db_value *cell)
{
	const struct cast_options options = {.timezone = "UTC"};
	struct arena *arena = arena_new();
	struct db_value again = DB_NULL;
	struct fault_cause p = {0};

	if (cell->text != NULL && f->type != XTK_BLOB) {
		const char *text = arena_strndup(arena, cell->text, cell->length);

		FUZZ_CHECK(strlen(text) == cell->length);
		FUZZ_CHECK(cast_value(f, text, &options, arena, &again, &p) == 0);
		FUZZ_CHECK(again.length == cell->length && again.text != NULL &&
			   memcmp(again.text, cell->text, cell->length) == 0);
	} else if (cell->text == NULL) {
		FUZZ_CHECK(cell->length == 0);
	}
	arena_free(&arena);
}

static void check_links(const struct change *c)
{
	struct arena *arena = arena_new();
	size_t count = 0;
	struct change_link *links = change_links_read(arena, c->links, &count);

	FUZZ_CHECK(links != NULL && count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct schema *target = schemas_find(links[i].target, NULL);
		int field = schema_field_by_xpath(c->schema, links[i].fk_xpath);

		FUZZ_CHECK(target != NULL && !target->local);
		FUZZ_CHECK(field >= 0 && c->cells[field].text == NULL);
		FUZZ_CHECK(has_item(c->fields, c->schema->fields[field].name));
		for (size_t k = 0; k < links[i].key_count; k++)
			FUZZ_CHECK(schema_field_by_xpath(target, links[i].xpaths[k]) >= 0);
	}
	arena_free(&arena);
}

void schemas_check_change(const struct change *c)
{
	const struct schema *s = c->schema;
	size_t named = 0, keys = 0;

	FUZZ_CHECK(s->staged);
	FUZZ_CHECK(c->operation >= OPERATION_INSERT && c->operation <= OPERATION_DELETE);
	for (size_t i = 0; i < s->field_count; i++) {
		const struct field *f = &s->fields[i];
		bool is_named = has_item(c->fields, f->name), is_key = has_item(c->key, f->xpath);

		named += is_named;
		keys += is_key;
		FUZZ_CHECK(!is_key || is_named);
		FUZZ_CHECK(c->operation != OPERATION_DELETE || is_key == is_named);
		/* R7.13: a candidate for the primary key is stored, but _fields does not name it.
		 */
		FUZZ_CHECK(is_named || (int)i == s->pk || c->cells[i].text == NULL);
		check_cell(f, &c->cells[i]);
	}
	FUZZ_CHECK(named == count_items(c->fields) && keys == count_items(c->key));
	FUZZ_CHECK(strlen(c->key) <= 1000 && (keys > 0 || s->pk < 0));
	FUZZ_CHECK(keys > 0 ||
		   (c->operation != OPERATION_UPDATE && c->operation != OPERATION_DELETE));
	if (c->links != NULL)
		check_links(c);
}
