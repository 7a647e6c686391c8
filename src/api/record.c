/* SPDX-License-Identifier: MIT */
/*
 * Reads one record of a document as a change: its operation, its key, its primary key, and a value
 * for every field that it names.  Refuses records by docs/protocol.md 7.2, 7.3 and section 8.  A
 * record is read whole or not at all.
 */
#include "config.h"

#include "api/record.h"

#include <string.h>

#include "api/document.h"
#include "api/link.h"
#include "api/record_key.h"
#include "base/arena.h"
#include "soap/codes.h"

struct draft {
	const struct record_context *context;
	const struct schema *schema;
	struct document document;
	enum operation operation;
	struct record_key key;
	bool *named;		/* per field: it is listed in _fields */
	struct db_value *cells; /* per field */
	struct buf links;	/* lines of _links */
	const char *made_id;
	struct fault_cause *p;
};

/* R7.8 */

static bool has_field_of_its_own(const struct xml_element *e)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];

		if (a->prefix == NULL && a->name[0] != '_' && strcmp(a->name, "xtkschema") != 0)
			return true;
	}
	return false;
}

static bool ends_in_collection(const char *name)
{
	static const char suffix[] = "-collection";
	size_t length = strlen(name), n = sizeof(suffix) - 1;

	return length >= n && strcmp(name + length - n, suffix) == 0;
}

static bool is_named_like(const struct xml_element *e, const struct schema *s)
{
	const char *staging = s->staging_id != NULL ? strchr(s->staging_id, ':') : NULL;

	return strcmp(e->name, s->name) == 0 ||
	       (staging != NULL && strcmp(e->name, staging + 1) == 0);
}

bool record_is_collection(const struct xml_element *root, const struct schema *s)
{
	if (root->first_child == NULL || has_field_of_its_own(root))
		return false;
	if (ends_in_collection(root->name))
		return true;
	for (const struct xml_element *c = root->first_child; c != NULL; c = c->next)
		if (!is_named_like(c, s))
			return false;
	return true;
}

/* Operation and key */

static int read_operation(struct draft *d)
{
	const char *name = document_instruction(&d->document, "_operation");

	if (name == NULL) {
		d->operation = d->context->ext ? OPERATION_UPSERT : OPERATION_INSERT;
		return 0;
	}
	if (operation_parse(name, &d->operation) < 0) { /* R8.1 */
		fault_cause_set(d->p, CODE_OPERATION, "Unknown value of _operation.");
		return -1;
	}
	if (!d->context->ext && d->operation != OPERATION_INSERT) { /* R7.10 */
		fault_cause_set(
		    d->p, CODE_OPERATION,
		    "Ingest accepts only _operation='insert'; use IngestExt for others.");
		return -1;
	}
	return 0;
}

static int read_key(struct draft *d)
{
	struct arena *arena = d->context->arena;
	const char *list = document_instruction(&d->document, "_key");

	if (list != NULL)
		return record_key_given(&d->document, list, arena, &d->key, d->p);
	/* R7.14 and R8.4: an insert does not use the other keys of the schema. */
	if (d->operation == OPERATION_INSERT)
		record_key_primary(&d->document, arena, &d->key);
	else
		record_key_search(&d->document, arena, &d->key);
	if (d->key.count == 0 &&
	    (d->operation == OPERATION_UPDATE || d->operation == OPERATION_DELETE)) {
		fault_cause_set(d->p, CODE_KEY,
				"'%s' needs a key, and the document has no usable one.",
				operation_name(d->operation));
		return -1;
	}
	return 0;
}

/* Marks the fields that the change sets.  R8.6: a delete has its key fields only. */
static void name_fields(struct draft *d)
{
	const struct schema *s = d->schema;

	for (size_t i = 0; i < s->field_count; i++)
		if (d->operation != OPERATION_DELETE)
			d->named[i] =
			    d->document.raw[i] != NULL || document_link_of(&d->document, i) >= 0;
	/* With allowEmptyPart a key field may be empty; the record is reconciled on it too. */
	for (size_t i = 0; i < d->key.count; i++)
		d->named[d->key.fields[i]] = true;
	/* A primary key with the value "" counts as not given. */
	if (s->pk >= 0 && !document_has_value(&d->document, (size_t)s->pk) &&
	    !record_key_has(&d->key, (size_t)s->pk))
		d->named[s->pk] = false;
}

/* Values */

static int read_cell(struct draft *d, size_t i)
{
	const struct record_context *c = d->context;
	const char *text = d->document.raw[i];
	int link = document_link_of(&d->document, i);

	if (link >= 0)
		return link_resolve(c, &d->document, link, &d->cells[i], &d->links, d->p);
	return cast_value(&d->schema->fields[i], text != NULL ? text : "", &c->cast, c->arena,
			  &d->cells[i], d->p);
}

static int read_cells(struct draft *d)
{
	for (size_t i = 0; i < d->schema->field_count; i++)
		if (d->named[i] && read_cell(d, i) < 0)
			return -1;
	return 0;
}

/* A lenient cast may turn the value of a key field into NULL; no record can be found by that. */
static int check_key_values(struct draft *d)
{
	if (d->key.allow_empty_part)
		return 0;
	for (size_t i = 0; i < d->key.count; i++) {
		size_t field = d->key.fields[i];

		if (d->cells[field].text != NULL || document_link_of(&d->document, field) >= 0)
			continue;
		fault_cause_set(d->p, CODE_KEY, "Key path '%s' has no value in the document.",
				d->schema->fields[field].xpath);
		return -1;
	}
	return 0;
}

static int make_id(struct draft *d, const char **id)
{
	const struct record_context *c = d->context;
	char *uuid;

	if (!d->schema->autouuid)
		return c->ops->number(c->ops_context, d->schema, id, d->p);
	uuid = arena_alloc(c->arena, 37);
	c->ops->uuid(uuid);
	*id = uuid;
	return 0;
}

/*
 * R7.11 to R7.13a: a record that inserts, or may insert, and has no primary key gets one.  If it
 * has no other key, it reconciles on the new primary key.  Otherwise the new primary key is only a
 * candidate.
 */
static int give_primary_key(struct draft *d)
{
	const struct schema *s = d->schema;
	const char *id;

	if (s->pk < 0 || document_has_value(&d->document, (size_t)s->pk) ||
	    (d->operation != OPERATION_INSERT && d->operation != OPERATION_UPSERT))
		return 0;
	if (!s->autopk) {
		if (d->key.count > 0)
			return 0;
		fault_cause_set(d->p, CODE_KEY, "Primary key '%s' has no value in the document.",
				s->fields[s->pk].xpath);
		return -1;
	}
	if (make_id(d, &id) < 0)
		return -1;
	d->cells[s->pk] = db_text(id);
	if (d->key.count == 0) {
		d->key.fields = arena_alloc(d->context->arena, sizeof(*d->key.fields));
		d->key.fields[0] = (size_t)s->pk;
		d->key.count = 1;
		d->named[s->pk] = true;
		d->made_id = id;
	}
	return 0;
}

static const char *field_names(const struct draft *d)
{
	const struct schema *s = d->schema;
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; i < s->field_count; i++)
		if (d->named[i])
			size += strlen(s->fields[i].name) + 1;
	text = end = arena_alloc(d->context->arena, size);
	for (size_t i = 0; i < s->field_count; i++) {
		if (!d->named[i])
			continue;
		if (end > text)
			*end++ = ',';
		end = stpcpy(end, s->fields[i].name);
	}
	*end = '\0';
	return text;
}

static void write_change(const struct draft *d, struct record *out)
{
	struct arena *arena = d->context->arena;

	memset(out, 0, sizeof(*out));
	out->made_id = d->made_id;
	out->change.schema = d->schema;
	out->change.operation = d->operation;
	out->change.key = record_key_text(&d->key, d->schema, arena);
	out->change.fields = field_names(d);
	if (d->links.length > 0)
		out->change.links = arena_strndup(arena, d->links.data, d->links.length);
	out->change.cells = d->cells;
}

int record_read(const struct record_context *c, const struct schema *s, const struct xml_element *e,
		struct record *out, struct fault_cause *p)
{
	struct draft d = {.context = c, .schema = s, .links = BUF_INIT, .made_id = "", .p = p};
	int rc = -1;

	d.named = arena_zalloc(c->arena, (s->field_count + 1) * sizeof(*d.named));
	d.cells = arena_zalloc(c->arena, (s->field_count + 1) * sizeof(*d.cells));

	if (document_read(&d.document, s, s->staging_id, e, c->ignore_unknown, c->arena, p) < 0 ||
	    read_operation(&d) < 0 || read_key(&d) < 0)
		goto out;
	name_fields(&d);
	if (read_cells(&d) < 0 || check_key_values(&d) < 0 || give_primary_key(&d) < 0)
		goto out;
	write_change(&d, out);
	rc = 0;
out:
	buf_free(&d.links);
	return rc;
}
