/* SPDX-License-Identifier: MIT */
/*
 * Writes a schema as clients see it: the tree of its source, with the additions of the compiler
 * and, for a staging schema, without the parts that R5.16 excludes.  The tree also has the
 * attributes that this server ignores (R5.2); the additions come from the compiled schema.
 */
#include "config.h"

#include "schema/compiled.h"

#include <ctype.h>
#include <md5.h>
#include <string.h>

#include "base/arena.h"
#include "soap/response.h"
#include "soap/xml.h"

struct writer {
	struct buf *out;
	const struct schema *schema;
	const struct xml_element *main;
	struct arena *arena;
	bool staging;
	bool internal_key_done;
	bool *written; /* for each field: the document already has it */
};

/* Elements down to the children of the main element start on a new line. */
#define OWN_LINE_DEPTH 2

static void line_begin(struct buf *out, unsigned depth)
{
	if (depth > OWN_LINE_DEPTH)
		return;
	buf_add_char(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		buf_add(out, "  ");
}

static void element_open(struct buf *out, const char *name, unsigned depth)
{
	line_begin(out, depth);
	soap_xml_open(out, name);
}

static void element_close(struct buf *out, const char *name, unsigned depth)
{
	if (depth < OWN_LINE_DEPTH)
		line_begin(out, depth);
	soap_xml_close(out, name);
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static const char *const no_names[] = {NULL};

/* Copies all attributes of E except those in EXCEPT and those with a prefix, which are not part of
 * the schema. */
static void copy_attributes(struct buf *out, const struct xml_element *e, const char *const *except)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];

		if (a->prefix == NULL && !is_one_of(a->name, except))
			soap_xml_attribute(out, a->name, a->value);
	}
}

static bool is_blank(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return *text == '\0';
}

static void copy_element(struct buf *out, const struct xml_element *e, unsigned depth);

/* Ends the start tag, copies the content of E, and writes the end tag. */
static void copy_content(struct buf *out, const struct xml_element *e, unsigned depth)
{
	bool text = !is_blank(e->text);

	soap_xml_open_end(out, e->first_child == NULL && !text);
	if (text)
		xml_escape_content(out, e->text);
	for (const struct xml_element *n = e->first_child; n != NULL; n = n->next)
		copy_element(out, n, depth + 1);
	if (e->first_child != NULL)
		element_close(out, e->name, depth);
	else if (text)
		soap_xml_close(out, e->name);
}

static void copy_element(struct buf *out, const struct xml_element *e, unsigned depth)
{
	element_open(out, e->name, depth);
	copy_attributes(out, e, no_names);
	copy_content(out, e, depth);
}

static bool is_named(const struct xml_element *e, const char *element, const char *name)
{
	const char *own = xml_attribute(e, "name");

	return strcmp(e->name, element) == 0 && own != NULL && strcmp(own, name) == 0;
}

static const struct xml_element *child_named(const struct xml_element *parent, const char *element,
					     const char *name)
{
	for (const struct xml_element *e = parent->first_child; e != NULL; e = e->next)
		if (is_named(e, element, name))
			return e;
	return NULL;
}

/* Writes a field that the compiler added: the autopk (R5.7) or a foreign key (R5.9). */
static void write_added_field(struct writer *w, size_t field)
{
	const struct field *f = &w->schema->fields[field];

	w->written[field] = true;
	element_open(w->out, "attribute", 2);
	soap_xml_attribute(w->out, "name", f->name);
	soap_xml_attribute(w->out, "type", xtk_type_name(f->type));
	if (xtk_type_has_length(f->type) && f->type != XTK_UUID)
		buf_addf(w->out, " length=\"%u\"", f->length);
	soap_xml_attribute(w->out, "sqlname", f->column);
	soap_xml_open_end(w->out, true);
}

static void write_autopk(struct writer *w)
{
	if (w->schema->autopk && !w->written[0] && child_named(w->main, "attribute", "id") == NULL)
		write_added_field(w, 0);
}

static void write_added_fields(struct writer *w)
{
	for (size_t i = 0; i < w->schema->field_count; i++)
		if (!w->written[i])
			write_added_field(w, i);
}

static const struct key *internal_key(const struct schema *s)
{
	return s->key_count > 0 && s->keys[0].internal ? &s->keys[0] : NULL;
}

/* R5.7: writes the internal key before all other keys and all fields, wherever the source has it,
 * and also if the source does not have it. */
static void write_internal_key(struct writer *w)
{
	static const char *const own[] = {"name", "internal", NULL};
	const struct key *key = internal_key(w->schema);
	const struct xml_element *source;

	if (key == NULL || w->internal_key_done)
		return;
	w->internal_key_done = true;
	source = child_named(w->main, "key", key->name);
	element_open(w->out, "key", 2);
	soap_xml_attribute(w->out, "name", key->name);
	soap_xml_attribute(w->out, "internal", "true");
	if (source != NULL) {
		copy_attributes(w->out, source, own);
		copy_content(w->out, source, 2);
		return;
	}
	soap_xml_open_end(w->out, false);
	for (size_t i = 0; i < key->field_count; i++) {
		soap_xml_open(w->out, "keyfield");
		soap_xml_attribute(w->out, "xpath", w->schema->fields[key->fields[i]].xpath);
		soap_xml_open_end(w->out, true);
	}
	soap_xml_close(w->out, "key");
}

static void write_key(struct writer *w, const struct xml_element *e)
{
	const struct key *internal = internal_key(w->schema);

	write_internal_key(w);
	if (internal == NULL || !is_named(e, "key", internal->name))
		copy_element(w->out, e, 2);
}

/* Returns the path of E, a child of the structure PATH ("" for the main element). */
static const char *element_path(const struct writer *w, const struct xml_element *e,
				const char *path)
{
	return arena_printf(w->arena, "%s%s%s%s", path, *path != '\0' ? "/" : "",
			    strcmp(e->name, "attribute") == 0 ? "@" : "", xml_attribute(e, "name"));
}

/* R5.6.  Fields with xml="true" have no column of their own for clients (R5.10). */
static void write_field(struct writer *w, const struct xml_element *e, const char *path,
			unsigned depth)
{
	int field = schema_field_by_xpath(w->schema, element_path(w, e, path));

	element_open(w->out, e->name, depth);
	copy_attributes(w->out, e, no_names);
	if (field >= 0) {
		const struct field *f = &w->schema->fields[field];

		w->written[field] = true;
		if (!f->xml && xml_attribute(e, "sqlname") == NULL)
			soap_xml_attribute(w->out, "sqlname", f->column);
	}
	copy_content(w->out, e, depth);
}

/* R5.9: always writes both ends of the join. */
static void write_join(struct writer *w, const struct link *l, const struct xml_element *source,
		       unsigned depth)
{
	static const char *const ends[] = {"xpath-src", "xpath-dst", NULL};

	element_open(w->out, "join", depth);
	soap_xml_attribute(w->out, "xpath-src", w->schema->fields[l->field].xpath);
	soap_xml_attribute(w->out, "xpath-dst", l->target_xpath);
	if (source != NULL)
		copy_attributes(w->out, source, ends);
	soap_xml_open_end(w->out, true);
}

/* R5.16: a staging schema leaves out the attributes that describe the reverse side of a link. */
static void link_attributes(struct writer *w, const struct xml_element *e)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];

		if (a->prefix == NULL && !(w->staging && strncmp(a->name, "rev", 3) == 0))
			soap_xml_attribute(w->out, a->name, a->value);
	}
}

static void write_link(struct writer *w, const struct xml_element *e, const struct link *l)
{
	const struct xml_element *join = xml_child(e, "join");

	if (l->unbound && w->staging)
		return; /* R5.16: the reverse side of a link of another schema */
	element_open(w->out, e->name, 2);
	link_attributes(w, e);
	if (l->unbound) {
		copy_content(w->out, e, 2);
		return;
	}
	soap_xml_open_end(w->out, false);
	write_join(w, l, join, 3);
	for (const struct xml_element *n = e->first_child; n != NULL; n = n->next)
		if (n != join)
			copy_element(w->out, n, 3);
	element_close(w->out, e->name, 2);
}

static bool is_structure(const struct writer *w, const struct xml_element *e, const char *path)
{
	return strcmp(e->name, "element") == 0 &&
	       schema_is_structure(w->schema, element_path(w, e, path));
}

static void write_structure(struct writer *w, const struct xml_element *e, const char *path,
			    unsigned depth)
{
	const char *inner = element_path(w, e, path);

	element_open(w->out, e->name, depth);
	copy_attributes(w->out, e, no_names);
	soap_xml_open_end(w->out, false);
	for (const struct xml_element *n = e->first_child; n != NULL; n = n->next) {
		if (is_structure(w, n, inner))
			write_structure(w, n, inner, depth + 1);
		else if (strcmp(n->name, "attribute") == 0 || strcmp(n->name, "element") == 0)
			write_field(w, n, inner, depth + 1);
		else
			copy_element(w->out, n, depth + 1);
	}
	element_close(w->out, e->name, depth);
}

static void write_element(struct writer *w, const struct xml_element *e)
{
	int link = schema_link_by_name(w->schema, xml_attribute(e, "name"));

	if (link >= 0)
		write_link(w, e, &w->schema->links[link]);
	else if (is_structure(w, e, ""))
		write_structure(w, e, "", 2);
	else
		write_field(w, e, "", 2);
}

static void write_main_child(struct writer *w, const struct xml_element *e)
{
	bool attribute = strcmp(e->name, "attribute") == 0;

	if (strcmp(e->name, "key") == 0) {
		write_key(w, e);
	} else if (attribute || strcmp(e->name, "element") == 0) {
		write_internal_key(w);
		write_autopk(w);
		if (attribute)
			write_field(w, e, "", 2);
		else
			write_element(w, e);
	} else {
		copy_element(w->out, e, 2);
	}
}

/* R5.15: the main element has the name of its schema. */
static void write_main(struct writer *w)
{
	static const char *const own[] = {"name", "sqltable", NULL};
	static const char *const not_staged[] = {"name", "sqltable", "autoStg", "dataSource", NULL};
	const struct schema *s = w->schema;

	element_open(w->out, "element", 1);
	soap_xml_attribute(w->out, "name", w->staging ? strchr(s->staging_id, ':') + 1 : s->name);
	copy_attributes(w->out, w->main, w->staging ? not_staged : own);
	soap_xml_attribute(w->out, "sqltable", w->staging ? s->staging_view : s->table);
	soap_xml_open_end(w->out, false);
	for (const struct xml_element *e = w->main->first_child; e != NULL; e = e->next)
		write_main_child(w, e);
	write_internal_key(w);
	write_autopk(w);
	write_added_fields(w);
	element_close(w->out, "element", 1);
}

/* R5.13.  Returns the offset at which compiled_finish inserts md5. */
static size_t root_attributes(struct writer *w, const struct xml_element *root)
{
	static const char *const own[] = {"namespace", "name",	    "label", "mappingType",
					  "md5",       "xtkschema", NULL};
	static const char *const own_nms[] = {"namespace",  "name", "label",	 "mappingType",
					      "implements", "md5",  "xtkschema", NULL};
	const struct schema *s = w->schema;
	const char *mapping = xml_attribute(root, "mappingType");
	size_t at;

	soap_xml_attribute(w->out, "namespace", s->ns);
	soap_xml_attribute(w->out, "name", w->staging ? strchr(s->staging_id, ':') + 1 : s->name);
	soap_xml_attribute(w->out, "label", s->label);
	soap_xml_attribute(w->out, "mappingType", mapping != NULL ? mapping : "sql");
	copy_attributes(w->out, root, strcmp(s->ns, "nms") == 0 ? own_nms : own); /* R5.14 */
	at = w->out->length;
	soap_xml_attribute(w->out, "xtkschema", "xtk:schema");
	return at;
}

static size_t write_schema(struct writer *w, const struct xml_element *root)
{
	size_t at;

	soap_xml_open(w->out, "schema");
	at = root_attributes(w, root);
	soap_xml_open_end(w->out, false);
	for (const struct xml_element *e = root->first_child; e != NULL; e = e->next) {
		if (e == w->main)
			write_main(w);
		else
			copy_element(w->out, e, 1);
	}
	return at;
}

static size_t write_source(struct writer *w, const struct xml_element *root)
{
	static const char *const own[] = {"md5", "xtkschema", NULL};
	size_t at;

	soap_xml_open(w->out, "srcSchema");
	copy_attributes(w->out, root, own);
	at = w->out->length;
	soap_xml_attribute(w->out, "xtkschema", "xtk:srcSchema");
	soap_xml_open_end(w->out, false);
	for (const struct xml_element *e = root->first_child; e != NULL; e = e->next)
		copy_element(w->out, e, 1);
	return at;
}

void compiled_begin(struct compiled *c, const struct schema *s, enum compiled_kind kind)
{
	struct arena *arena = arena_new();
	struct fault_cause p = {0};
	/* This cannot fail: schema_compile has parsed the source under the same limits. */
	const struct xml_element *root =
	    xml_parse(s->source, strlen(s->source), NULL, &xml_limits_default, arena, &p);
	struct writer w = {
	    .out = &c->text,
	    .schema = s,
	    .main = child_named(root, "element", s->name),
	    .arena = arena,
	    .staging = kind == COMPILED_STAGING,
	    .written = arena_zalloc(arena, s->field_count * sizeof(*w.written)),
	};

	*c = (struct compiled){0};
	c->md5_at = kind == COMPILED_SOURCE ? write_source(&w, root) : write_schema(&w, root);
	arena_free(&arena);
}

void compiled_begin_plain(struct compiled *c, const char *attributes)
{
	*c = (struct compiled){0};
	soap_xml_open(&c->text, "schema");
	buf_add(&c->text, attributes);
	c->md5_at = c->text.length;
	soap_xml_attribute(&c->text, "xtkschema", "xtk:schema");
	soap_xml_open_end(&c->text, false);
}

void compiled_finish(struct compiled *c, const char *root, struct buf *out,
		     char md5[COMPILED_MD5_SIZE])
{
	element_close(&c->text, root, 0);
	MD5Data((const uint8_t *)c->text.data, c->text.length, md5);
	for (char *h = md5; *h != '\0'; h++)
		*h = (char)toupper((unsigned char)*h);
	buf_add_n(out, c->text.data, c->md5_at);
	soap_xml_attribute(out, "md5", md5);
	buf_add(out, c->text.data + c->md5_at);
	buf_free(&c->text);
}
