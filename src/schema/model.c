/* SPDX-License-Identifier: MIT */
/*
 * Look-ups in a compiled schema, and schema_free.  The lists are short (tens of fields), so a
 * linear search is faster than a hash table.
 */
#include "config.h"

#include "schema/model.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"

static void fields_free(struct schema *s)
{
	for (size_t i = 0; i < s->field_count; i++) {
		struct field *f = &s->fields[i];

		free(f->xpath);
		free(f->name);
		free(f->column);
		free(f->label);
		free(f->desc);
		free(f->enumeration);
		free(f->default_text);
	}
	free(s->fields);
}

static void keys_free(struct schema *s)
{
	for (size_t i = 0; i < s->key_count; i++) {
		free(s->keys[i].name);
		free(s->keys[i].fields);
	}
	free(s->keys);
	for (size_t i = 0; i < s->index_count; i++) {
		free(s->indexes[i].name);
		free(s->indexes[i].fields);
	}
	free(s->indexes);
}

static void links_free(struct schema *s)
{
	for (size_t i = 0; i < s->link_count; i++) {
		struct link *l = &s->links[i];

		free(l->name);
		free(l->target);
		free(l->label);
		free(l->target_xpath);
		free(l->rev_link);
	}
	free(s->links);
}

void schema_free(struct schema **schema)
{
	struct schema *s = *schema;

	if (s == NULL)
		return;
	*schema = NULL;
	fields_free(s);
	keys_free(s);
	links_free(s);
	free(s->ns);
	free(s->name);
	free(s->id);
	free(s->staging_id);
	free(s->label);
	free(s->table);
	free(s->log_table);
	free(s->staging_view);
	free(s->reject_table);
	free(s->sequence);
	free(s->source);
	free(s);
}

int schema_field_by_xpath(const struct schema *s, const char *xpath)
{
	for (size_t i = 0; i < s->field_count; i++)
		if (strcmp(s->fields[i].xpath, xpath) == 0)
			return (int)i;
	return -1;
}

int schema_field_by_name(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->field_count; i++)
		if (strcmp(s->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

int schema_field_by_column(const struct schema *s, const char *column)
{
	for (size_t i = 0; i < s->field_count; i++)
		if (strcasecmp(s->fields[i].column, column) == 0)
			return (int)i;
	return -1;
}

int schema_link_by_name(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->link_count; i++)
		if (strcmp(s->links[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool schema_is_structure(const struct schema *s, const char *path)
{
	size_t length = strlen(path);

	if (length == 0)
		return false;
	for (size_t i = 0; i < s->field_count; i++) {
		const char *xpath = s->fields[i].xpath;

		if (strncmp(xpath, path, length) == 0 && xpath[length] == '/')
			return true;
	}
	return false;
}

/* A part of a _key list, without a NUL at its end. */
struct piece {
	const char *at;
	size_t length;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct piece piece_trim(struct piece p)
{
	while (p.length > 0 && is_blank(p.at[0])) {
		p.at++;
		p.length--;
	}
	while (p.length > 0 && is_blank(p.at[p.length - 1]))
		p.length--;
	return p;
}

/* Turns "[@a]" into "@a".  A single bracket is kept, so that the item names no field. */
static struct piece piece_unbracket(struct piece p)
{
	p = piece_trim(p);
	if (p.length >= 2 && p.at[0] == '[' && p.at[p.length - 1] == ']')
		p = piece_trim((struct piece){p.at + 1, p.length - 2});
	return p;
}

/* Returns the length of the path at the start of P, with its last slash: 2 for "s/@a", 0 for
 * "@a". */
static size_t piece_path_length(struct piece p)
{
	size_t n = p.length;

	while (n > 0 && p.at[n - 1] != '/')
		n--;
	return n;
}

/* True if XPATH is PATH followed by MARK ("@" or "") and LEAF. */
static bool xpath_is(const char *xpath, struct piece path, const char *mark, struct piece leaf)
{
	size_t mark_length = strlen(mark);

	return strncmp(xpath, path.at, path.length) == 0 &&
	       strncmp(xpath + path.length, mark, mark_length) == 0 &&
	       strncmp(xpath + path.length + mark_length, leaf.at, leaf.length) == 0 &&
	       xpath[path.length + mark_length + leaf.length] == '\0';
}

static int field_find(const struct schema *s, struct piece path, const char *mark,
		      struct piece leaf)
{
	for (size_t i = 0; i < s->field_count; i++)
		if (xpath_is(s->fields[i].xpath, path, mark, leaf))
			return (int)i;
	return -1;
}

/* Resolves "folder/@name" or "folder/name" if folder is a link. */
static void key_item_link(const struct schema *s, struct piece item, int *link, char **link_xpath)
{
	const char *slash = memchr(item.at, '/', item.length);
	struct piece name, rest;
	size_t path;

	if (slash == NULL)
		return;
	name = (struct piece){item.at, (size_t)(slash - item.at)};
	rest = (struct piece){slash + 1, item.length - name.length - 1};
	path = piece_path_length(rest);
	if (rest.length == path)
		return; /* "folder/" */
	for (size_t i = 0; i < s->link_count; i++) {
		const char *known = s->links[i].name;

		if (strncmp(known, name.at, name.length) != 0 || known[name.length] != '\0')
			continue;
		*link = (int)i;
		*link_xpath =
		    xasprintf("%.*s%s%.*s", (int)path, rest.at, rest.at[path] == '@' ? "" : "@",
			      (int)(rest.length - path), rest.at + path);
		return;
	}
}

int schema_key_item(const struct schema *s, const char *item, size_t length, int *other, int *link,
		    char **link_xpath)
{
	struct piece whole = piece_unbracket((struct piece){item, length});
	size_t path_length = piece_path_length(whole);
	struct piece path = {whole.at, path_length};
	struct piece leaf = {whole.at + path_length, whole.length - path_length};
	int attribute, element;

	if (other != NULL)
		*other = -1;
	if (link != NULL) {
		*link = -1;
		*link_xpath = NULL;
	}
	if (leaf.length == 0)
		return -1;
	if (leaf.at[0] == '@') {
		attribute = field_find(s, path, "", leaf);
		element = -1;
	} else {
		attribute = field_find(s, path, "@", leaf);
		element = field_find(s, path, "", leaf);
	}
	if (attribute < 0 && element < 0 && link != NULL)
		key_item_link(s, whole, link, link_xpath);
	if (attribute < 0)
		return element;
	if (other != NULL)
		*other = element;
	return attribute;
}
