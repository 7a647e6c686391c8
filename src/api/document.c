/* SPDX-License-Identifier: MIT */
/*
 * Assigns a record's attributes and child elements to the schema's fields and links: R7.3 to R7.5.
 * Refuses names that the schema does not have, and names that are given twice.
 */
#include "config.h"

#include "api/document.h"

#include <string.h>

#include "base/arena.h"
#include "soap/codes.h"

struct walk {
	struct document *d;
	bool ignore_unknown;
	struct arena *arena;
	struct fault_cause *p;
};

static int unknown(struct walk *w, const char *kind, const char *path)
{
	const struct schema *s = w->d->schema;
	char name[FAULT_NAME_SIZE];

	if (w->ignore_unknown)
		return 0;
	fault_cause_set(w->p, CODE_UNKNOWN_FIELD,
			"%s '%s' unknown (see definition of schema '%s (%s)')", kind,
			fault_quote(name, path), *s->label != '\0' ? s->label : s->name, w->d->id);
	return -1;
}

static int twice(struct walk *w, const char *path)
{
	char name[FAULT_NAME_SIZE];

	fault_cause_set(w->p, CODE_UNKNOWN_FIELD, "'%s' is given twice.", fault_quote(name, path));
	return -1;
}

static int set_field(struct walk *w, int field, const char *path, const char *text)
{
	if (w->d->raw[field] != NULL)
		return twice(w, path);
	w->d->raw[field] = text;
	return 0;
}

/* Instructions such as _key (R7.3) and prefixed names (R3.10) are not data. */
static bool is_dropped(const struct xml_attribute *a)
{
	return a->prefix != NULL || a->name[0] == '_' || strcmp(a->name, "xtkschema") == 0;
}

static int read_attribute(struct walk *w, const struct xml_attribute *a, const char *prefix)
{
	const struct schema *s = w->d->schema;
	const char *xpath;
	int field;

	if (is_dropped(a))
		return 0;
	xpath = arena_printf(w->arena, "%s@%s", prefix, a->name);
	field = schema_field_by_xpath(s, xpath);
	if (field < 0) {
		/* 6.2: the value of a memo element may be given as an attribute. */
		xpath = arena_printf(w->arena, "%s%s", prefix, a->name);
		field = schema_field_by_xpath(s, xpath);
		if (field < 0 || !s->fields[field].is_element ||
		    !xtk_type_is_memo(s->fields[field].type))
			return unknown(w, "Attribute", xpath);
	}
	return set_field(w, field, xpath, a->value);
}

/* A memo element has only a text. */
static int read_memo(struct walk *w, int field, const struct xml_element *e, const char *path)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (!is_dropped(&e->attributes[i]) &&
		    unknown(w, "Attribute",
			    arena_printf(w->arena, "%s/@%s", path, e->attributes[i].name)) < 0)
			return -1;
	for (const struct xml_element *c = e->first_child; c != NULL; c = c->next)
		if (unknown(w, "Element", arena_printf(w->arena, "%s/%s", path, c->name)) < 0)
			return -1;
	return set_field(w, field, path, e->text);
}

static int read_link(struct walk *w, int link, const struct xml_element *e)
{
	const struct link *l = &w->d->schema->links[link];

	if (l->unbound) { /* R7.7 */
		fault_cause_set(w->p, CODE_LINK_FORM,
				"Link '%s' has many targets; this release cannot write it.",
				l->name);
		return -1;
	}
	if (w->d->links[link] != NULL)
		return twice(w, l->name);
	w->d->links[link] = e;
	return 0;
}

static bool name_is_used_before(const struct xml_element *parent, const struct xml_element *child)
{
	for (const struct xml_element *c = parent->first_child; c != child; c = c->next)
		if (strcmp(c->name, child->name) == 0)
			return true;
	return false;
}

static int read_element(struct walk *w, const struct xml_element *e, const char *prefix)
{
	const struct schema *s = w->d->schema;

	for (size_t i = 0; i < e->attribute_count; i++)
		if (read_attribute(w, &e->attributes[i], prefix) < 0)
			return -1;

	for (const struct xml_element *c = e->first_child; c != NULL; c = c->next) {
		const char *path = arena_printf(w->arena, "%s%s", prefix, c->name);
		int field = schema_field_by_xpath(s, path);
		int link = *prefix == '\0' ? schema_link_by_name(s, c->name) : -1;
		int rc;

		if (field >= 0 && s->fields[field].is_element)
			rc = read_memo(w, field, c, path);
		else if (link >= 0)
			rc = read_link(w, link, c);
		else if (!schema_is_structure(s, path))
			rc = unknown(w, "Element", path);
		else if (name_is_used_before(e, c))
			rc = twice(w, path);
		else /* the recursion is at most as deep as the schema */
			rc = read_element(w, c, arena_printf(w->arena, "%s/", path));
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* A foreign key may be given once: as an attribute, or by one of the links that share it. */
static int check_links(struct walk *w)
{
	const struct document *d = w->d;

	for (size_t i = 0; i < d->schema->link_count; i++) {
		const struct link *l = &d->schema->links[i];

		if (d->links[i] == NULL ||
		    (d->raw[l->field] == NULL && document_link_of(d, (size_t)l->field) == (int)i))
			continue;
		fault_cause_set(w->p, CODE_LINK_FORM,
				"Link '%s': its foreign key '%s' is given twice.", l->name,
				d->schema->fields[l->field].xpath);
		return -1;
	}
	return 0;
}

int document_read(struct document *d, const struct schema *s, const char *id,
		  const struct xml_element *element, bool ignore_unknown, struct arena *arena,
		  struct fault_cause *p)
{
	struct walk w = {.d = d, .ignore_unknown = ignore_unknown, .arena = arena, .p = p};

	d->schema = s;
	d->id = id;
	d->element = element;
	d->raw = arena_zalloc(arena, (s->field_count + 1) * sizeof(*d->raw));
	d->links = arena_zalloc(arena, (s->link_count + 1) * sizeof(*d->links));
	if (read_element(&w, element, "") < 0)
		return -1;
	return check_links(&w);
}

const char *document_instruction(const struct document *d, const char *name)
{
	return xml_attribute(d->element, name);
}

bool document_text_is_value(const struct field *f, const char *text)
{
	if (text == NULL)
		return false;
	if (xtk_type_is_text(f->type))
		return *text != '\0';
	return text[strspn(text, " \t\r\n")] != '\0';
}

int document_link_of(const struct document *d, size_t field)
{
	for (size_t i = 0; i < d->schema->link_count; i++)
		if (d->links[i] != NULL && d->schema->links[i].field == (int)field)
			return (int)i;
	return -1;
}

bool document_has_value(const struct document *d, size_t field)
{
	return document_link_of(d, field) >= 0 ||
	       document_text_is_value(&d->schema->fields[field], d->raw[field]);
}
