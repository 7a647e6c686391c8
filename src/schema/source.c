/* SPDX-License-Identifier: MIT */
/*
 * Compiles srcSchema XML to struct schema (docs/protocol.md 5.2 to 5.4): the schema as a whole, its
 * names and tables.  Reports every error of a source, not only the first, and refuses a source with
 * an error.
 */
#include "config.h"

#include "schema/source.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "schema/cast.h"
#include "schema/compiler.h"
#include "schema/row.h"

/* True if the XML declaration names an encoding other than UTF-8. */
static bool declares_other_encoding(const char *source, size_t length)
{
	const char *end = memmem(source, length, "?>", 2);
	const char *at;
	size_t head;

	if (length < 5 || end == NULL ||
	    memmem(source, 8 < length ? 8 : length, "<?xml", 5) == NULL)
		return false;
	head = (size_t)(end - source);
	at = memmem(source, head, "encoding", 8);
	if (at == NULL)
		return false;
	for (at += 8; at < end && strchr(" \t\r\n=\"'", *at) != NULL; at++)
		;
	return end - at < 5 || strncasecmp(at, "utf-8", 5) != 0;
}

/* True if the bytes of SOURCE can be stored and served unchanged as UTF-8.  ASCII can under any
 * declared encoding. */
static bool source_is_utf8(const char *source, size_t length)
{
	bool plain = true;

	for (size_t i = 0; i < length; i++) {
		if (source[i] == '\0')
			return false; /* UTF-16 */
		plain = plain && isascii((unsigned char)source[i]);
	}
	return plain || !declares_other_encoding(source, length);
}

static int read_tree(struct compiler *c, const char *source, size_t length)
{
	struct fault_cause p = {0};

	if (!source_is_utf8(source, length)) {
		compiler_error(c,
			       "the source is not UTF-8: convert the file and its XML declaration");
		return -1;
	}
	c->root = xml_parse(source, length, NULL, &xml_limits_default, c->arena, &p);
	if (c->root == NULL) {
		compiler_error(c, "the source is not XML that can be parsed: %s", p.text);
		return -1;
	}
	return 0;
}

static int check_identity(struct compiler *c, const char *what, const char *value)
{
	if (value == NULL) {
		compiler_error(c, "<srcSchema> has no %s", what);
		return -1;
	}
	if (!compiler_is_name(value, false)) {
		compiler_error(c,
			       "<srcSchema %s=\"%s\">: only letters, digits and _ are allowed, and "
			       "a letter comes first",
			       what, compiler_quote(c, value));
		return -1;
	}
	return 0;
}

static void read_identity(struct compiler *c, const char *ns, const char *name)
{
	struct schema *s = c->schema;

	if (strcasecmp(ns, "campaign") == 0)
		compiler_error(c, "namespace \"%s\" is reserved for this server's own tables", ns);
	s->ns = xstrdup(ns);
	s->name = xstrdup(name);
	s->id = xasprintf("%s:%s", ns, name);
}

/* R5.1.  Returns -1 if the rest cannot be compiled. */
static int read_root(struct compiler *c)
{
	const char *ns = compiler_text(c->root, "namespace");
	const char *name = compiler_text(c->root, "name");
	const char *mapping = compiler_text(c->root, "mappingType");

	if (strcmp(c->root->name, "srcSchema") != 0) {
		compiler_error(c, "the root element is <%s>, not <srcSchema>",
			       compiler_quote(c, c->root->name));
		return -1;
	}
	if (check_identity(c, "namespace", ns) < 0 || check_identity(c, "name", name) < 0)
		return -1;
	read_identity(c, ns, name);
	if (mapping != NULL && strcmp(mapping, "sql") != 0)
		compiler_error(c, "<srcSchema mappingType=\"%s\">: only \"sql\" is supported",
			       compiler_quote(c, mapping));
	if (compiler_text(c->root, "extendedSchema") != NULL)
		compiler_warning(c, "extendedSchema has no effect: %s is an independent schema",
				 c->schema->id);
	for (const struct xml_element *e = c->root->first_child; e != NULL; e = e->next) {
		const char *element = xml_attribute(e, "name");

		if (strcmp(e->name, "element") == 0 && element != NULL &&
		    strcmp(element, name) == 0) {
			c->main = e;
			return 0;
		}
	}
	compiler_error(c, "the main element is missing: <element name=\"%s\">", name);
	return -1;
}

/* R5.5, R5.15 */
static void read_tables(struct compiler *c)
{
	struct schema *s = c->schema;
	const char *sqltable = compiler_text(c->main, "sqltable");

	if (sqltable != NULL && !compiler_is_name(sqltable, false))
		compiler_error(c, "sqltable=\"%s\" is not a plain name",
			       compiler_quote(c, sqltable));
	if (sqltable != NULL && strncasecmp(sqltable, "campaign_", 9) == 0)
		compiler_error(c, "sqltable=\"%s\": names beginning with campaign_ are reserved",
			       compiler_quote(c, sqltable));
	s->table = sqltable != NULL ? xstrdup(sqltable) : xasprintf("%s_%s", s->ns, s->name);
	if (s->staged) {
		s->staging_id = xasprintf("%sStg", s->id);
		s->log_table = xasprintf("%sStg_log", s->table);
		s->staging_view = xasprintf("%sStg", s->table);
		s->reject_table = xasprintf("%sStg_rej", s->table);
	}
	if (s->staged && s->autopk && !s->autouuid)
		s->sequence = xasprintf("%s_id", s->table); /* R7.11 */
	if (strlen(s->staged ? s->log_table : s->table) > SQL_NAME_MAX)
		compiler_error(c, "the table name %s is too long: %s has more than %d bytes",
			       compiler_quote(c, s->table),
			       compiler_quote(c, s->staged ? s->log_table : s->table),
			       SQL_NAME_MAX);
}

static bool ends_in_stg(const char *name)
{
	size_t n = strlen(name);

	return n >= 3 && strcmp(name + n - 3, "Stg") == 0;
}

/* R5.18 */
static void check_staging(struct compiler *c)
{
	const struct schema *s = c->schema;

	if (s->staged && ends_in_stg(s->name))
		compiler_error(c, "autoStg: %s is itself a staging schema", s->id);
	if (s->staged && s->local)
		compiler_error(c, "autoStg: %s is local; staging needs a dataSource", s->id);
	if (s->staged && s->replicated)
		compiler_error(c, "autoStg: %s is replicated from local to cloud", s->id);
	if (s->replicated && !s->local)
		compiler_error(c, "replicate: %s has a dataSource, so it is not local", s->id);
}

/* An id must not mean two schemas: a schema whose name ends in Stg, and the staging schema of
 * another. */
static void check_id_is_free(struct compiler *c)
{
	const struct schema *s = c->schema;
	const struct schema *other;

	if (c->find == NULL)
		return;
	other = c->find(c->context, s->id);
	if (other != NULL && strcmp(other->id, s->id) != 0)
		compiler_error(c, "the id %s already refers to %s", s->id, other->id);
	other = s->staged ? c->find(c->context, s->staging_id) : NULL;
	if (other != NULL && strcmp(other->id, s->id) != 0)
		compiler_error(c, "autoStg: the staging schema %s would hide another schema",
			       s->staging_id);
}

static void read_main(struct compiler *c)
{
	struct schema *s = c->schema;
	const char *label = compiler_text(c->root, "label");

	if (label == NULL)
		label = compiler_text(c->main, "label");
	s->label = xstrdup(label != NULL ? label : s->name);
	s->autopk = compiler_flag(c, c->main, "autopk");
	s->autouuid = compiler_flag(c, c->main, "autouuid");
	s->staged = compiler_flag(c, c->main, "autoStg");
	s->replicated = compiler_flag(c, c->main, "replicate");
	s->local = compiler_text(c->main, "dataSource") == NULL;
	if (s->autouuid && !s->autopk) {
		compiler_warning(c, "autouuid has no effect without autopk");
		s->autouuid = false;
	}
	check_staging(c);
	read_tables(c);
	check_id_is_free(c);
}

/* R5.6; MariaDB ignores case in column names. */
static void check_collisions(struct compiler *c)
{
	const struct schema *s = c->schema;

	for (size_t i = 0; i < s->field_count; i++) {
		const struct field *a = &s->fields[i];

		for (size_t j = i + 1; j < s->field_count; j++) {
			const struct field *b = &s->fields[j];

			if (strcmp(a->xpath, b->xpath) == 0)
				compiler_error(c, "'%s' is declared twice", a->xpath);
			else if (strcasecmp(a->column, b->column) == 0)
				compiler_error(c,
					       "'%s' and '%s' would share the column %s: give one "
					       "a sqlname",
					       a->xpath, b->xpath, a->column);
		}
	}
}

/* Each element name in a document has one meaning: field, link or structure. */
static void check_element_names(struct compiler *c)
{
	const struct schema *s = c->schema;

	for (size_t i = 0; i < s->link_count; i++) {
		const char *name = s->links[i].name;

		if (schema_link_by_name(s, name) != (int)i || schema_field_by_xpath(s, name) >= 0 ||
		    schema_is_structure(s, name))
			compiler_error(c, "<element name=\"%s\"> is declared twice", name);
	}
	for (size_t i = 0; i < s->field_count; i++)
		if (s->fields[i].is_element && schema_is_structure(s, s->fields[i].xpath))
			compiler_error(c, "<element name=\"%s\"> is both a field and a structure",
				       s->fields[i].xpath);
}

/* If an attribute and an element have the same name, lists of names call the element "./a" and the
 * attribute "a". */
static void name_elements(struct schema *s)
{
	for (size_t i = 0; i < s->field_count; i++) {
		struct field *f = &s->fields[i];
		char *attribute = xasprintf("@%s", f->xpath);

		if (f->is_element && schema_field_by_xpath(s, attribute) >= 0) {
			free(f->name);
			f->name = xasprintf("./%s", f->xpath);
		}
		free(attribute);
	}
}

static void compile(struct compiler *c, const char *source, size_t length)
{
	struct schema *s = c->schema;

	if (read_tree(c, source, length) < 0 || read_root(c) < 0)
		return;
	s->source = xstrndup(source, length);
	read_main(c);
	compiler_fields(c);
	compiler_links(c);
	if (s->field_count == 0 && c->error_count == 0)
		compiler_error(c, "%s has no fields", s->id);
	if (s->field_count > FIELDS_MAX) {
		compiler_error(c,
			       "%s has %zu fields, and a schema can have %d (docs/protocol.md "
			       "R5.20): remove fields, or move some to a schema of their own "
			       "that links to this one",
			       s->id, s->field_count, FIELDS_MAX);
		return;
	}
	check_collisions(c);
	check_element_names(c);
	name_elements(s);
	compiler_keys(c);
	compiler_link_types(c);
	row_plan(s);
}

struct schema *schema_compile(const char *source, size_t length, schema_lookup *find, void *context,
			      struct buf *errors, struct buf *warnings)
{
	struct compiler c = {
	    .schema = xcalloc(1, sizeof(*c.schema)),
	    .arena = arena_new(),
	    .find = find,
	    .context = context,
	    .errors = errors,
	    .warnings = warnings,
	};

	c.schema->pk = -1;
	compile(&c, source, length);
	arena_free(&c.arena);
	if (c.error_count > 0)
		schema_free(&c.schema);
	return c.schema;
}
