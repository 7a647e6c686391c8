/* SPDX-License-Identifier: MIT */
/* Resolves links at the target database; see links.h. */
#include "config.h"

#include "sync/links.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "cloud/mask.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

struct link_found { /* a look-up and its answer */
	const char *question;
	const char *pk; /* NULL: no such row */
	bool pending;	/* if PK is NULL: the target schema's log still holds such a row */
	UT_hash_handle hh;
};

struct question { /* one link of one change, in terms of the link's target schema */
	const struct schema *schema;
	size_t *key;
	struct db_value *values;
	size_t count;
};

void links_clear(struct links *links)
{
	HASH_CLEAR(hh, links->found);
}

static bool understand(const struct links *links, const struct change_link *link,
		       struct question *q)
{
	q->schema = registry_find(links->registry, link->target, NULL);
	if (q->schema == NULL)
		return false;
	q->count = link->key_count;
	q->key = arena_alloc(links->arena, (q->count + 1) * sizeof(*q->key));
	q->values = arena_alloc(links->arena, (q->count + 1) * sizeof(*q->values));
	for (size_t i = 0; i < q->count; i++) {
		int field = schema_field_by_xpath(q->schema, link->xpaths[i]);

		if (field < 0)
			return false;
		q->key[i] = (size_t)field;
		q->values[i] = db_text(link->values[i]);
	}
	return q->count > 0;
}

/*
 * A row that the log of the link's target schema still holds will exist after that schema's own
 * turn: it was staged after this run began, or its schema is not part of this run. The change
 * that refers to it must wait and must not be refused.
 */
static enum outcome look_into_log(const struct links *links, const struct question *q, bool *found)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	*found = false;
	if (q->schema->log_table == NULL)
		return OUTCOME_OK;
	buf_add(&sql, "SELECT 1 FROM ");
	db_quote_name(&sql, q->schema->log_table);
	for (size_t i = 0; i < q->count; i++) {
		buf_add(&sql, i == 0 ? " WHERE " : " AND ");
		db_quote_name(&sql, q->schema->fields[q->key[i]].column);
		buf_add(&sql, " = ?");
	}
	buf_add(&sql, " LIMIT 1");
	rc = db_run(links->db, buf_text(&sql), q->values, q->count, &rows, NULL);
	if (rc == OUTCOME_OK)
		*found = db_rows_next(rows);
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

static enum outcome ask(struct links *links, const struct question *q, struct link_found *answer)
{
	char *pk = NULL;
	bool found = false;
	enum outcome rc;

	rc = links->ops->lookup(links->target, q->schema, q->key, q->values, q->count, &pk, &found);
	if (rc != OUTCOME_OK)
		return rc;
	if (found) {
		answer->pk = arena_strdup(links->arena, pk);
		free(pk);
		return OUTCOME_OK;
	}
	return look_into_log(links, q, &answer->pending);
}

/* The key of the cache: the look-up as text, with the length of each part. */
static const char *question_text(const struct links *links, const struct question *q)
{
	struct buf text = BUF_INIT;
	const char *copy;

	buf_add(&text, q->schema->id);
	for (size_t i = 0; i < q->count; i++) {
		buf_addf(&text, "\n%zu %zu ", q->key[i], q->values[i].length);
		buf_add_n(&text, q->values[i].text, q->values[i].length);
	}
	copy = arena_strndup(links->arena, buf_text(&text), text.length);
	buf_free(&text);
	return copy;
}

static enum outcome look_up(struct links *links, const struct question *q,
			    const struct link_found **out)
{
	const char *text = question_text(links, q);
	struct link_found *answer;
	enum outcome rc;

	HASH_FIND_STR(links->found, text, answer);
	if (answer == NULL) {
		answer = arena_zalloc(links->arena, sizeof(*answer));
		answer->question = text;
		if ((rc = ask(links, q, answer)) != OUTCOME_OK)
			return rc;
		HASH_ADD_KEYPTR(hh, links->found, text, strlen(text), answer);
	}
	*out = answer;
	return OUTCOME_OK;
}

static enum link_state not_found(const struct links *links, const struct link_found *answer,
				 const struct fold_change *c, const struct change_link *link,
				 size_t field, const char **problem)
{
	if (answer->pending)
		return LINK_PENDING;
	if ((c->operation == OPERATION_UPDATE || c->operation == OPERATION_DELETE) &&
	    key_has(c->key, field))
		return LINK_NOWHERE;
	*problem = arena_printf(links->arena, "CIN-100305 no %s for link %s", link->target,
				link->fk_xpath);
	return LINK_REFUSED;
}

static enum outcome resolve_one(struct links *links, const struct schema *s, struct fold_change *c,
				const struct change_link *link, unsigned char *named,
				enum link_state *state, const char **problem)
{
	const struct link_found *answer = NULL;
	struct question q;
	int field = schema_field_by_xpath(s, link->fk_xpath);
	enum outcome rc;

	if (field < 0 || !understand(links, link, &q)) {
		*problem = "CIN-100305 the link or its target is no longer in the schemas";
		*state = LINK_REFUSED;
		return OUTCOME_OK;
	}
	if ((rc = look_up(links, &q, &answer)) != OUTCOME_OK)
		return rc;
	if (answer->pk == NULL) {
		*state = not_found(links, answer, c, link, (size_t)field, problem);
		return OUTCOME_OK;
	}
	c->cells[field] = db_text(answer->pk);
	mask_set(named, (size_t)field);
	*state = LINK_RESOLVED;
	return OUTCOME_OK;
}

enum outcome links_resolve(struct links *links, const struct schema *s, struct fold_change *change,
			   enum link_state *state, const char **problem)
{
	unsigned char *named = arena_alloc(links->arena, mask_size(s));
	struct change_link *all;
	size_t count = 0;
	enum outcome rc;

	*state = LINK_RESOLVED;
	if (change->links == NULL)
		return OUTCOME_OK;
	all = change_links_read(links->arena, change->links, &count);
	if (all == NULL) {
		*problem = "CIN-100305 _links is malformed";
		*state = LINK_REFUSED;
		return OUTCOME_OK;
	}
	memcpy(named, change->named, mask_size(s)); /* other changes share the original */
	for (size_t i = 0; i < count && *state == LINK_RESOLVED; i++) {
		if ((rc = resolve_one(links, s, change, &all[i], named, state, problem)) !=
		    OUTCOME_OK)
			return rc;
	}
	change->named = named;
	return OUTCOME_OK;
}
