/* SPDX-License-Identifier: MIT */
/*
 * Compiles links with their foreign keys (R5.9), keys with the internal one first (R5.7), and
 * indexes.  Refuses a key on a type that an index cannot hold, and two links that would share one
 * foreign key without naming it in a join.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "schema/compiler.h"

/* True for the types that an index cannot hold. */
static bool is_large(enum xtk_type type)
{
	return xtk_type_is_memo(type) || type == XTK_BLOB;
}

static bool is_link(const struct xml_element *e)
{
	const char *type = xml_attribute(e, "type");

	return strcmp(e->name, "element") == 0 && type != NULL && strcmp(type, "link") == 0;
}

/* True for "ns:name". */
static bool is_schema_id(const char *id)
{
	const char *colon = strchr(id, ':');
	char *ns;
	bool ok;

	if (colon == NULL)
		return false;
	ns = xstrndup(id, (size_t)(colon - id));
	ok = compiler_is_name(ns, false) && compiler_is_name(colon + 1, false);
	free(ns);
	return ok;
}

/* Returns the foreign key that a join names: a field of the source, or a field added here.  Returns
 * -1 after an error. */
static int joined_field(struct compiler *c, const struct link *l, const char *xpath)
{
	int field = schema_field_by_xpath(c->schema, xpath);

	if (field >= 0)
		return field;
	if (xpath[0] != '@' || !compiler_is_name(xpath + 1, true) || strlen(xpath) > SQL_NAME_MAX) {
		compiler_error(c, "link '%s': xpath-src=\"%s\" is not a field", l->name,
			       compiler_quote(c, xpath));
		return -1;
	}
	compiler_field(c, xpath, xpath + 1, XTK_UUID);
	return (int)c->schema->field_count - 1;
}

/* R5.9: adds the foreign key "company-id" of a link without xpath-src.  Two such links to one
 * target, or an attribute of that name, are an error. */
static int implied_field(struct compiler *c, const struct link *l)
{
	char *xpath = xasprintf("@%s-id", strchr(l->target, ':') + 1);
	int field = -1;

	if (strlen(xpath + 1) > SQL_NAME_MAX)
		compiler_error(c,
			       "link '%s': '%s' is too long for a column; give a join with "
			       "xpath-src",
			       l->name, compiler_quote(c, xpath));
	else if (schema_field_by_xpath(c->schema, xpath) >= 0)
		compiler_error(
		    c,
		    "link '%s': its foreign key '%s' already exists; name the field with "
		    "<join xpath-src=\"@...\" xpath-dst=\"@id\"/>",
		    l->name, xpath);
	else
		field = joined_field(c, l, xpath);
	free(xpath);
	return field;
}

static void read_join(struct compiler *c, const struct xml_element *e, struct link *l)
{
	const struct xml_element *join = NULL;
	const char *xpath_src = NULL, *xpath_dst = NULL;

	for (const struct xml_element *n = e->first_child; n != NULL; n = n->next) {
		if (strcmp(n->name, "join") != 0)
			continue;
		if (join != NULL) {
			compiler_error(c, "link '%s': more than one join is not supported",
				       l->name);
			return;
		}
		join = n;
		xpath_src = compiler_text(n, "xpath-src");
		xpath_dst = compiler_text(n, "xpath-dst");
	}
	l->target_xpath = xpath_dst != NULL ? xstrdup(xpath_dst) : NULL;
	l->field = xpath_src != NULL ? joined_field(c, l, xpath_src) : implied_field(c, l);
	if (l->field >= 0 && c->schema->fields[l->field].link < 0)
		c->schema->fields[l->field].link = (int)(l - c->schema->links);
}

static void read_link(struct compiler *c, const struct xml_element *e)
{
	struct schema *s = c->schema;
	const char *name = xml_attribute(e, "name");
	const char *target = compiler_text(e, "target");
	const char *label = xml_attribute(e, "label");
	const char *rev_link = compiler_text(e, "revLink");
	struct link *l;

	if (name == NULL || !compiler_is_name(name, true))
		return; /* compiler_fields has reported it */
	if (target == NULL || !is_schema_id(target)) {
		compiler_error(c, "link '%s': target=\"%s\" is not the id of a schema", name,
			       compiler_quote(c, target));
		return;
	}
	s->links = compiler_grow(s->links, s->link_count, sizeof(*s->links));
	l = &s->links[s->link_count++];
	*l = (struct link){
	    .name = xstrdup(name),
	    .target = xstrdup(target),
	    .label = xstrdup(label != NULL ? label : ""),
	    .rev_link = rev_link != NULL ? xstrdup(rev_link) : NULL,
	    .unbound = compiler_flag(c, e, "unbound"),
	    .field = -1,
	};
	if (!l->unbound)
		read_join(c, e, l);
}

void compiler_links(struct compiler *c)
{
	for (const struct xml_element *e = c->main->first_child; e != NULL; e = e->next)
		if (is_link(e))
			read_link(c, e);
}

static const struct schema *link_target(struct compiler *c, const struct link *l)
{
	if (strcmp(l->target, c->schema->id) == 0)
		return c->schema;
	return c->find != NULL ? c->find(c->context, l->target) : NULL;
}

/* Returns the field of the target that the foreign key points at; -1 after an error. */
static int target_field(struct compiler *c, const struct link *l, const struct schema *target)
{
	int field = target->pk;

	if (l->target_xpath != NULL)
		field = schema_field_by_xpath(target, l->target_xpath);
	if (field < 0 && l->target_xpath != NULL)
		compiler_error(c, "link '%s': xpath-dst=\"%s\" is not a field of %s", l->name,
			       compiler_quote(c, l->target_xpath), target->id);
	else if (field < 0)
		compiler_error(c, "link '%s': %s has no single primary key; give a join", l->name,
			       target->id);
	else if (is_large(target->fields[field].type))
		compiler_error(c, "link '%s': xpath-dst=\"%s\" is a %s", l->name,
			       target->fields[field].xpath,
			       xtk_type_name(target->fields[field].type));
	return field;
}

static bool declared_by_source(const struct compiler *c, const struct field *f)
{
	for (const struct xml_element *e = c->main->first_child; e != NULL; e = e->next) {
		const char *name = xml_attribute(e, "name");

		if (strcmp(e->name, "attribute") == 0 && name != NULL && strcmp(name, f->name) == 0)
			return true;
	}
	return strchr(f->xpath, '/') != NULL || f->is_element;
}

/* R5.9: gives the foreign key the type of the field that it points at, unless the source declares
 * the foreign key. */
static void type_link(struct compiler *c, struct link *l)
{
	const struct schema *target = link_target(c, l);
	struct field *f = &c->schema->fields[l->field];
	int field = target != NULL ? target_field(c, l, target) : -1;

	if (target == NULL)
		compiler_warning(c, "link '%s': %s is not deployed; '%s' is assumed to be a uuid",
				 l->name, l->target, f->xpath);
	if (field >= 0 && l->field != c->schema->pk && !declared_by_source(c, f)) {
		f->type = target->fields[field].type;
		f->length = target->fields[field].length;
	}
	if (l->target_xpath == NULL)
		l->target_xpath = xstrdup(field >= 0 ? target->fields[field].xpath : "@id");
	if (target != NULL && strcmp(target->id, l->target) != 0) { /* an alias of 5.5 */
		free(l->target);
		l->target = xstrdup(target->id);
	}
}

void compiler_link_types(struct compiler *c)
{
	for (size_t i = 0; i < c->schema->link_count; i++)
		if (c->schema->links[i].field >= 0)
			type_link(c, &c->schema->links[i]);
}

static const char *key_name(struct compiler *c, const struct xml_element *e)
{
	const char *name = compiler_text(e, "name");

	if (name != NULL && compiler_is_name(name, true) && strlen(name) < SQL_NAME_MAX - 8)
		return name;
	compiler_error(c, "<%s name=\"%s\">: a plain name is required", compiler_quote(c, e->name),
		       compiler_quote(c, name));
	return NULL;
}

static int key_field(struct compiler *c, const struct xml_element *keyfield, const char *kind,
		     const char *name)
{
	const char *xpath = compiler_text(keyfield, "xpath");
	int field;

	if (xpath == NULL) { /* R5.2 */
		compiler_error(c, "%s '%s': a keyfield has no xpath", kind, name);
		return -1;
	}
	field = schema_key_item(c->schema, xpath, strlen(xpath), NULL, NULL, NULL);
	if (field < 0) {
		compiler_error(c, "%s '%s': unknown field \"%s\"", kind, name,
			       compiler_quote(c, xpath));
		return -1;
	}
	if (is_large(c->schema->fields[field].type)) {
		compiler_error(c, "%s '%s': '%s' is a %s and cannot be part of it", kind, name,
			       c->schema->fields[field].xpath,
			       xtk_type_name(c->schema->fields[field].type));
		return -1;
	}
	return field;
}

/* Returns the fields of the keyfields of E; NULL after an error. */
static size_t *key_fields(struct compiler *c, const struct xml_element *e, const char *kind,
			  const char *name, size_t *count)
{
	size_t *fields = xcalloc(KEY_FIELDS_MAX, sizeof(*fields));
	size_t n = 0;
	size_t errors = c->error_count;

	for (const struct xml_element *k = e->first_child; k != NULL; k = k->next) {
		int field;

		if (strcmp(k->name, "keyfield") != 0)
			continue;
		field = key_field(c, k, kind, name);
		if (field < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (fields[i] == (size_t)field)
				compiler_error(c, "%s '%s': '%s' is given twice", kind, name,
					       c->schema->fields[field].xpath);
		if (n == KEY_FIELDS_MAX) {
			compiler_error(c, "%s '%s' has more than %d fields", kind, name,
				       KEY_FIELDS_MAX);
			break;
		}
		fields[n++] = (size_t)field;
	}
	if (n == 0 && c->error_count == errors)
		compiler_error(c, "%s '%s' has no keyfield", kind, name);
	if (c->error_count != errors) {
		free(fields);
		return NULL;
	}
	*count = n;
	return fields;
}

static void add_key(struct schema *s, const struct key *key)
{
	s->keys = compiler_grow(s->keys, s->key_count, sizeof(*s->keys));
	s->keys[s->key_count++] = *key;
}

static void add_autopk_key(struct schema *s)
{
	struct key key = {
	    .name = xstrdup("id"),
	    .fields = xcalloc(1, sizeof(*key.fields)), /* field 0 */
	    .field_count = 1,
	    .internal = true,
	};

	add_key(s, &key);
}

/* True if the source repeats the key that autopk has added already. */
static bool is_autopk_key(const struct schema *s, const struct key *key)
{
	return s->autopk && strcmp(key->name, "id") == 0 && key->field_count == 1 &&
	       key->fields[0] == 0;
}

static void read_key(struct compiler *c, const struct xml_element *e)
{
	struct schema *s = c->schema;
	const char *name = key_name(c, e);
	struct key key = {0};

	if (name == NULL)
		return;
	key.fields = key_fields(c, e, "key", name, &key.field_count);
	if (key.fields == NULL)
		return;
	key.name = xstrdup(name);
	key.internal = compiler_flag(c, e, "internal");
	key.allow_empty_part = compiler_flag(c, e, "allowEmptyPart");
	key.no_db_index = compiler_flag(c, e, "noDbIndex");
	if (is_autopk_key(s, &key)) {
		free(key.name);
		free(key.fields);
		return;
	}
	for (size_t i = 0; i < s->key_count; i++) {
		if (strcmp(s->keys[i].name, name) == 0)
			compiler_error(c, "key '%s' is declared twice", name);
		if (s->keys[i].internal && key.internal)
			compiler_error(c, "key '%s': the internal key is already '%s'", name,
				       s->keys[i].name);
	}
	add_key(s, &key);
}

static void read_index(struct compiler *c, const struct xml_element *e)
{
	struct schema *s = c->schema;
	const char *name = key_name(c, e);
	struct dbindex *index;
	size_t *fields, count;

	if (name == NULL)
		return;
	for (size_t i = 0; i < s->index_count; i++)
		if (strcmp(s->indexes[i].name, name) == 0)
			compiler_error(c, "dbindex '%s' is declared twice", name);
	fields = key_fields(c, e, "dbindex", name, &count);
	if (fields == NULL)
		return;
	s->indexes = compiler_grow(s->indexes, s->index_count, sizeof(*s->indexes));
	index = &s->indexes[s->index_count++];
	index->name = xstrdup(name);
	index->fields = fields;
	index->field_count = count;
	index->unique = compiler_flag(c, e, "unique");
}

static void internal_key_first(struct schema *s)
{
	for (size_t i = 0; i < s->key_count; i++) {
		struct key internal = s->keys[i];

		if (!internal.internal)
			continue;
		memmove(&s->keys[1], &s->keys[0], i * sizeof(*s->keys));
		s->keys[0] = internal;
		if (internal.field_count == 1)
			s->pk = (int)internal.fields[0];
		return;
	}
}

void compiler_keys(struct compiler *c)
{
	if (c->schema->autopk)
		add_autopk_key(c->schema);
	for (const struct xml_element *e = c->main->first_child; e != NULL; e = e->next) {
		if (strcmp(e->name, "key") == 0)
			read_key(c, e);
		else if (strcmp(e->name, "dbindex") == 0)
			read_index(c, e);
	}
	internal_key_first(c->schema);
}
