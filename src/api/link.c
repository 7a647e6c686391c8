/* SPDX-License-Identifier: MIT */
/*
 * Links to one row: R7.7.  Refuses a link element that would write its target, one without a usable
 * key, and one whose target does not exist.
 */
#include "config.h"

#include "api/link.h"

#include <string.h>

#include "api/record_key.h"
#include "base/arena.h"
#include "soap/codes.h"

static int check_form(const struct document *d, const struct link *l, int link,
		      struct fault_cause *p)
{
	const char *operation = xml_attribute(d->links[link], "_operation");

	if (operation != NULL && strcmp(operation, "none") == 0)
		return 0;
	fault_cause_set(
	    p, CODE_LINK_FORM,
	    "Link '%s' needs _operation=\"none\": this release does not write link targets.",
	    l->name);
	return -1;
}

static int read_key(const struct record_context *c, const struct document *target,
		    const struct link *l, struct record_key *key, struct fault_cause *p)
{
	const char *list = document_instruction(target, "_key");

	if (list != NULL)
		return record_key_given(target, list, c->arena, key, p);
	if (record_key_search(target, c->arena, key))
		return 0;
	fault_cause_set(p, CODE_KEY, "Link '%s' has no usable key, so its target cannot be found.",
			l->name);
	return -1;
}

static int cast_key(const struct record_context *c, const struct document *target,
		    const struct record_key *key, struct db_value *values, struct fault_cause *p)
{
	for (size_t i = 0; i < key->count; i++) {
		size_t field = key->fields[i];
		const char *text = target->raw[field];

		if (document_link_of(target, field) >= 0) {
			fault_cause_set(p, CODE_LINK_FORM,
					"The key of a link cannot contain another link.");
			return -1;
		}
		if (cast_value(&target->schema->fields[field], text != NULL ? text : "", &c->cast,
			       c->arena, &values[i], p) < 0)
			return -1;
	}
	return 0;
}

static int find_now(const struct record_context *c, const struct schema *target,
		    const struct link *l, const struct record_key *key,
		    const struct db_value *values, struct db_value *cell, struct fault_cause *p)
{
	int wanted = schema_field_by_xpath(target, l->target_xpath);

	*cell = DB_NULL;
	if (wanted >= 0 && c->ops->find(c->ops_context, target, (size_t)wanted, key->fields, values,
					key->count, cell, p) < 0)
		return -1;
	if (cell->text != NULL)
		return 0;
	fault_cause_set(p, CODE_LINK_TARGET, "Link '%s': no row of '%s' has this key.", l->name,
			target->id);
	return -1;
}

static void add_link_line(struct buf *lines, const struct document *d, const struct schema *target,
			  const struct link *l, const struct record_key *key,
			  const struct db_value *values)
{
	change_link_add(lines, d->schema->fields[l->field].xpath, target->id);
	for (size_t i = 0; i < key->count; i++)
		change_link_key(lines, target->fields[key->fields[i]].xpath,
				values[i].text != NULL ? values[i].text : "", values[i].length);
	change_link_end(lines);
}

int link_resolve(const struct record_context *c, const struct document *d, int link,
		 struct db_value *cell, struct buf *lines, struct fault_cause *p)
{
	const struct link *l = &d->schema->links[link];
	const struct schema *s;
	struct document target;
	struct record_key key;
	struct db_value *values;

	if (check_form(d, l, link, p) < 0)
		return -1;
	s = c->ops->schema(c->ops_context, l->target);
	if (s == NULL) {
		fault_cause_set(p, CODE_LINK_TARGET, "Link '%s': schema '%s' is not deployed.",
				l->name, l->target);
		return -1;
	}
	if (document_read(&target, s, s->id, d->links[link], c->ignore_unknown, c->arena, p) < 0 ||
	    read_key(c, &target, l, &key, p) < 0)
		return -1;
	values = arena_zalloc(c->arena, key.count * sizeof(*values));
	if (cast_key(c, &target, &key, values, p) < 0)
		return -1;
	if (s->local)
		return find_now(c, s, l, &key, values, cell, p);
	add_link_line(lines, d, s, l, &key, values);
	*cell = DB_NULL;
	return 0;
}
