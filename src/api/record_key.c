/* SPDX-License-Identifier: MIT */
/*
 * Chooses the fields on which a record is reconciled: R7.6, R8.2.  Refuses paths that the schema
 * does not have, and keys without a value in the document.
 */
#include "config.h"

#include "api/record_key.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "soap/codes.h"

#define KEY_LIST_MAX 1000 /* characters; the size of the log's column _key */

static int refuse_item(struct fault_cause *p, const char *item, size_t length, const char *why,
		       struct arena *arena)
{
	char name[FAULT_NAME_SIZE];

	fault_cause_set(p, CODE_KEY, "Key path '%s' %s.",
			fault_quote(name, arena_strndup(arena, item, length)), why);
	return -1;
}

static void key_add(struct record_key *key, size_t field)
{
	if (!record_key_has(key, field)) /* a field that is named twice is added once */
		key->fields[key->count++] = field;
}

/* True if the link element E has a value at XPATH: "@name" or "location/@city". */
static bool link_has_value(const struct xml_element *e, const char *xpath, struct arena *arena)
{
	const char *slash, *text;

	while (e != NULL && (slash = strchr(xpath, '/')) != NULL) {
		e = xml_child(e, arena_strndup(arena, xpath, (size_t)(slash - xpath)));
		xpath = slash + 1;
	}
	text = e != NULL ? xml_attribute(e, xpath + 1) : NULL;
	return text != NULL && *text != '\0';
}

/* Adds an item like "[folder/@name]": the key field is the foreign key of the link. */
static bool link_item(const struct document *d, int link, const char *xpath, struct arena *arena,
		      struct record_key *key)
{
	const struct link *l = &d->schema->links[link];

	if (l->unbound)
		return false;
	if (d->links[link] != NULL) {
		if (!link_has_value(d->links[link], xpath, arena))
			return false;
	} else if (strcmp(xpath, l->target_xpath) != 0 ||
		   !document_has_value(d, (size_t)l->field)) {
		/* for "[folder/@id]" the attribute of the foreign key may have the value */
		return false;
	}
	key_add(key, (size_t)l->field);
	return true;
}

static int add_item(const struct document *d, const char *item, size_t length, struct arena *arena,
		    struct record_key *key, struct fault_cause *p)
{
	int other = -1, link = -1, field;
	char *link_xpath = NULL;
	bool done;

	field = schema_key_item(d->schema, item, length, &other, &link, &link_xpath);
	if (field < 0 && link < 0) {
		free(link_xpath);
		return refuse_item(p, item, length, "is not one of the schema", arena);
	}
	if (field < 0) {
		done = link_item(d, link, link_xpath, arena, key);
		free(link_xpath);
	} else {
		/* R7.6: "a" names the attribute, unless the element "a" has a value. */
		if (other >= 0 && document_has_value(d, (size_t)other))
			field = other;
		done = document_has_value(d, (size_t)field);
		if (done)
			key_add(key, (size_t)field);
	}
	return done ? 0 : refuse_item(p, item, length, "has no value in the document", arena);
}

static void trim(const char **item, size_t *length)
{
	while (*length > 0 && strchr(" \t\r\n", **item) != NULL) {
		(*item)++;
		(*length)--;
	}
	while (*length > 0 && strchr(" \t\r\n", (*item)[*length - 1]) != NULL)
		(*length)--;
}

static size_t *fields_new(const struct schema *s, struct arena *arena)
{
	return arena_alloc(arena, (s->field_count + 1) * sizeof(size_t));
}

int record_key_given(const struct document *d, const char *list, struct arena *arena,
		     struct record_key *out, struct fault_cause *p)
{
	struct record_key key = {.fields = fields_new(d->schema, arena)};

	for (;;) {
		size_t length = strcspn(list, ",");
		const char *item = list;
		size_t item_length = length;

		trim(&item, &item_length);
		if (item_length == 0) {
			fault_cause_set(p, CODE_KEY, "The list of key paths has an empty item.");
			return -1;
		}
		if (add_item(d, item, item_length, arena, &key, p) < 0)
			return -1;
		if (list[length] == '\0')
			break;
		list += length + 1;
	}
	if (strlen(record_key_text(&key, d->schema, arena)) > KEY_LIST_MAX) {
		fault_cause_set(p, CODE_KEY, "The list of key paths is too long.");
		return -1;
	}
	*out = key;
	return 0;
}

bool record_key_primary(const struct document *d, struct arena *arena, struct record_key *out)
{
	const struct schema *s = d->schema;

	if (s->pk < 0 || !document_has_value(d, (size_t)s->pk))
		return false;
	*out = (struct record_key){.fields = fields_new(s, arena)};
	key_add(out, (size_t)s->pk);
	return true;
}

/* R8.2: all fields have a value; with allowEmptyPart at least one. */
static bool key_is_usable(const struct document *d, const struct key *k)
{
	size_t with_value = 0;

	for (size_t i = 0; i < k->field_count; i++)
		if (document_has_value(d, k->fields[i]))
			with_value++;
	return with_value > 0 && (with_value == k->field_count || k->allow_empty_part);
}

bool record_key_search(const struct document *d, struct arena *arena, struct record_key *out)
{
	const struct schema *s = d->schema;

	if (record_key_primary(d, arena, out))
		return true;
	for (size_t i = 0; i < s->key_count; i++) {
		const struct key *k = &s->keys[i];

		if (!key_is_usable(d, k))
			continue;
		*out = (struct record_key){.fields = fields_new(s, arena),
					   .allow_empty_part = k->allow_empty_part};
		for (size_t j = 0; j < k->field_count; j++)
			key_add(out, k->fields[j]);
		return true;
	}
	return false;
}

bool record_key_has(const struct record_key *key, size_t field)
{
	for (size_t i = 0; i < key->count; i++)
		if (key->fields[i] == field)
			return true;
	return false;
}

const char *record_key_text(const struct record_key *key, const struct schema *s,
			    struct arena *arena)
{
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; i < key->count; i++)
		size += strlen(s->fields[key->fields[i]].xpath) + 1;
	text = end = arena_alloc(arena, size);
	for (size_t i = 0; i < key->count; i++) {
		if (i > 0)
			*end++ = ',';
		end = stpcpy(end, s->fields[key->fields[i]].xpath);
	}
	*end = '\0';
	return text;
}
