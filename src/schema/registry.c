/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of the deployed schemas.  registry_load reads the version before the schemas.  If a
 * deployment comes between the two reads, the snapshot has newer schemas under the older version,
 * and the next refresh loads it again.  The other order could keep old schemas under the new
 * version.
 */
#include "config.h"

#include "schema/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "schema/source.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

static const char SQL_VERSION[] = "SELECT value FROM campaign_state WHERE name = 'schema_version'";
static const char SQL_SCHEMAS[] = "SELECT id, source FROM campaign_schema ORDER BY id";

/* 5.5: Adobe's documentation uses these names without describing them. */
static const struct {
	const char *alias, *id;
} aliases[] = {
    {"nms:subscriptionRcp", "nms:subscription"},
    {"nms:subscriptionRcpStg", "nms:subscriptionStg"},
};

struct entry { /* an id of a schema */
	const char *id;
	const struct schema *schema;
	bool staging;
	UT_hash_handle hh;
};

struct registry {
	atomic_uint references;
	uint64_t version;
	struct schema **schemas; /* by id */
	size_t count;
	struct entry *entries;
};

struct registry_slot {
	struct registry *current;
	pthread_mutex_t lock; /* guards the pointer; the registry itself is immutable */
};

static struct entry *entry_find(const struct registry *r, const char *id)
{
	struct entry *e;

	HASH_FIND_STR(r->entries, id, e);
	return e;
}

static void entry_add(struct registry *r, const char *id, const struct schema *s, bool staging)
{
	struct entry *e;

	if (entry_find(r, id) != NULL)
		return;
	e = xcalloc(1, sizeof(*e));
	e->id = id;
	e->schema = s;
	e->staging = staging;
	HASH_ADD_KEYPTR(hh, r->entries, e->id, strlen(e->id), e);
}

static void entries_free(struct registry *r)
{
	struct entry *e, *next;

	HASH_ITER (hh, r->entries, e, next) {
		HASH_DEL(r->entries, e);
		free(e);
	}
}

/* Source ids come first: the id of a schema takes precedence over the staging id of another. */
static void entries_add(struct registry *r)
{
	for (size_t i = 0; i < r->count; i++)
		entry_add(r, r->schemas[i]->id, r->schemas[i], false);
	for (size_t i = 0; i < r->count; i++)
		if (r->schemas[i]->staged)
			entry_add(r, r->schemas[i]->staging_id, r->schemas[i], true);
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		const struct entry *e = entry_find(r, aliases[i].id);

		if (e != NULL)
			entry_add(r, aliases[i].alias, e->schema, e->staging);
	}
}

static void registry_free(struct registry *r)
{
	entries_free(r);
	for (size_t i = 0; i < r->count; i++)
		schema_free(&r->schemas[i]);
	free(r->schemas);
	free(r);
}

void registry_release(struct registry **r)
{
	struct registry *mine = *r;

	*r = NULL;
	if (mine != NULL && atomic_fetch_sub(&mine->references, 1) == 1)
		registry_free(mine);
}

/* One row of campaign_schema and the schema compiled from it. */
struct candidate {
	char *id, *source;
	struct schema *schema; /* NULL until compiled */
};

struct loading {
	struct candidate *candidates;
	size_t count;
	const struct candidate *self; /* is being compiled; loading_lookup skips it */
	bool missed;		      /* loading_lookup met a schema that is not compiled yet */
};

static const char *alias_target(const char *id)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].alias, id) == 0)
			return aliases[i].id;
	return id;
}

/* The schema_lookup while schemas are loaded. */
static const struct schema *loading_lookup(void *context, const char *id)
{
	struct loading *l = context;

	id = alias_target(id);
	for (size_t i = 0; i < l->count; i++) {
		const struct candidate *c = &l->candidates[i];

		if (c == l->self)
			continue;
		if (strcmp(c->id, id) == 0) {
			l->missed = l->missed || c->schema == NULL;
			return c->schema;
		}
		if (c->schema != NULL && c->schema->staged &&
		    strcmp(c->schema->staging_id, id) == 0)
			return c->schema;
	}
	return NULL;
}

static void log_errors(const char *id, struct buf *errors)
{
	char *next = errors->data;
	char *line;

	while ((line = strsep(&next, "\n")) != NULL && line[0] != '\0') {
		char text[600];

		log_error("schema %s is not loaded: %s", id, log_escape(text, sizeof(text), line));
	}
}

/* Compiles C.  Returns NULL on errors, and logs them if FINAL. */
static struct schema *compile(struct loading *l, const struct candidate *c, bool final)
{
	struct buf errors = BUF_INIT;
	struct schema *s;

	l->self = c;
	l->missed = false;
	s = schema_compile(c->source, strlen(c->source), loading_lookup, l, &errors, NULL);
	if (s != NULL && strcmp(s->id, c->id) != 0) {
		buf_addf(&errors, "its source defines %s\n", s->id);
		schema_free(&s);
	}
	if (s == NULL && final)
		log_errors(c->id, &errors);
	buf_free(&errors);
	return s;
}

/* Compiles link targets first, so that foreign keys get the type of the field that they point at
 * (R5.9). */
static void compile_in_order(struct loading *l)
{
	bool progress = true;

	while (progress) {
		progress = false;
		for (size_t i = 0; i < l->count; i++) {
			struct candidate *c = &l->candidates[i];
			struct schema *s;

			if (c->schema != NULL)
				continue;
			s = compile(l, c, false);
			if (s == NULL || l->missed) {
				schema_free(&s);
				continue;
			}
			c->schema = s;
			progress = true;
		}
	}
}

/* Compiles the schemas of a cycle of links, and those that link to an invalid schema.  The first
 * round makes each of them known to the others, the second sets the types of their foreign keys. */
static void compile_rest(struct loading *l)
{
	bool *rest = xcalloc(l->count + 1, sizeof(*rest));

	for (size_t i = 0; i < l->count; i++)
		rest[i] = l->candidates[i].schema == NULL;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < l->count; i++) {
			struct candidate *c = &l->candidates[i];
			struct schema *s;

			if (!rest[i])
				continue;
			s = compile(l, c, round == 1);
			schema_free(&c->schema);
			c->schema = s;
		}
	}
	free(rest);
}

static void loading_free(struct loading *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->candidates[i].id);
		free(l->candidates[i].source);
		schema_free(&l->candidates[i].schema);
	}
	free(l->candidates);
}

static void loading_read(struct loading *l, struct db_rows *rows)
{
	l->candidates = xcalloc(db_rows_count(rows) + 1, sizeof(*l->candidates));
	while (db_rows_next(rows)) {
		struct candidate *c = &l->candidates[l->count++];

		c->id = xstrdup(db_rows_text(rows, 0));
		c->source = xstrdup(db_rows_text(rows, 1));
	}
}

static struct registry *registry_make(struct loading *l, uint64_t version)
{
	struct registry *r = xcalloc(1, sizeof(*r));

	compile_in_order(l);
	compile_rest(l);
	atomic_init(&r->references, 1);
	r->version = version;
	r->schemas = xcalloc(l->count + 1, sizeof(struct schema *));
	for (size_t i = 0; i < l->count; i++) {
		if (l->candidates[i].schema != NULL)
			r->schemas[r->count++] = l->candidates[i].schema;
		l->candidates[i].schema = NULL;
	}
	entries_add(r);
	return r;
}

static enum outcome read_version(struct db *db, uint64_t *version)
{
	struct db_rows *rows = NULL;
	enum outcome rc = db_run(db, SQL_VERSION, NULL, 0, &rows, NULL);

	if (rc != OUTCOME_OK)
		return rc;
	*version = db_rows_next(rows) ? (uint64_t)db_rows_int(rows, 0) : 0;
	db_rows_free(&rows);
	return OUTCOME_OK;
}

enum outcome registry_load(struct db *db, struct registry **out)
{
	struct loading l = {0};
	struct db_rows *rows = NULL;
	uint64_t version = 0;
	enum outcome rc;

	if ((rc = read_version(db, &version)) != OUTCOME_OK)
		return rc;
	if ((rc = db_run(db, SQL_SCHEMAS, NULL, 0, &rows, NULL)) != OUTCOME_OK)
		return rc;
	loading_read(&l, rows);
	db_rows_free(&rows);
	*out = registry_make(&l, version);
	loading_free(&l);
	return OUTCOME_OK;
}

uint64_t registry_version(const struct registry *r)
{
	return r->version;
}

const struct schema *registry_find(const struct registry *r, const char *id, bool *staging)
{
	const struct entry *e = entry_find(r, id);

	if (e == NULL)
		return NULL;
	if (staging != NULL)
		*staging = e->staging;
	return e->schema;
}

const struct schema *registry_lookup(void *context, const char *id)
{
	return context != NULL ? registry_find(context, id, NULL) : NULL;
}

size_t registry_count(const struct registry *r)
{
	return r->count;
}

const struct schema *registry_at(const struct registry *r, size_t n)
{
	return r->schemas[n];
}

static bool is_placed(const struct schema **order, size_t count, const struct schema *s)
{
	for (size_t i = 0; i < count; i++)
		if (order[i] == s)
			return true;
	return false;
}

struct ordering {
	const struct registry *registry;
	bool (*belongs)(const struct schema *s);
	const struct schema **seen; /* placed, or being placed */
	size_t seen_count;
	const struct schema **order;
	size_t count;
};

/* Places S behind all schemas that it links to.  A cycle of links is broken at the schema through
 * which the search entered it. */
static void place(struct ordering *o, const struct schema *s)
{
	if (!o->belongs(s) || is_placed(o->seen, o->seen_count, s))
		return;
	o->seen[o->seen_count++] = s;
	for (size_t i = 0; i < s->link_count; i++) {
		const struct schema *target = registry_find(o->registry, s->links[i].target, NULL);

		if (target != NULL && !s->links[i].unbound)
			place(o, target);
	}
	o->order[o->count++] = s;
}

static size_t place_all(const struct registry *r, bool (*belongs)(const struct schema *s),
			const struct schema **order)
{
	struct ordering o = {.registry = r, .belongs = belongs, .order = order};

	o.seen = xcalloc(r->count + 1, sizeof(const struct schema *));
	for (size_t i = 0; i < r->count; i++)
		place(&o, r->schemas[i]);
	free(o.seen);
	return o.count;
}

static bool is_staged(const struct schema *s)
{
	return s->staged;
}

static bool is_replicated(const struct schema *s)
{
	return s->replicated;
}

size_t registry_staged_order(const struct registry *r, const struct schema **order)
{
	return place_all(r, is_staged, order);
}

size_t registry_replicated_order(const struct registry *r, const struct schema **order)
{
	return place_all(r, is_replicated, order);
}

struct registry_slot *registry_slot_new(void)
{
	struct registry_slot *slot = xcalloc(1, sizeof(*slot));

	pthread_mutex_init(&slot->lock, NULL);
	return slot;
}

void registry_slot_free(struct registry_slot **slot)
{
	struct registry_slot *mine = *slot;

	if (mine == NULL)
		return;
	*slot = NULL;
	registry_release(&mine->current);
	pthread_mutex_destroy(&mine->lock);
	free(mine);
}

struct registry *registry_slot_get(struct registry_slot *slot)
{
	struct registry *r;

	pthread_mutex_lock(&slot->lock);
	r = slot->current;
	if (r != NULL)
		atomic_fetch_add(&r->references, 1);
	pthread_mutex_unlock(&slot->lock);
	return r;
}

/* Releases the old registry outside the lock, because freeing takes time and other threads need the
 * lock only to copy the pointer. */
static void slot_put(struct registry_slot *slot, struct registry *r)
{
	struct registry *old;

	pthread_mutex_lock(&slot->lock);
	old = slot->current;
	slot->current = r;
	pthread_mutex_unlock(&slot->lock);
	registry_release(&old);
}

enum outcome registry_slot_refresh(struct registry_slot *slot, struct db *db)
{
	struct registry *r = registry_slot_get(slot);
	uint64_t version = 0;
	enum outcome rc = read_version(db, &version);
	bool current = rc == OUTCOME_OK && r != NULL && r->version == version;

	registry_release(&r);
	if (rc != OUTCOME_OK || current)
		return rc;
	if ((rc = registry_load(db, &r)) == OUTCOME_OK)
		slot_put(slot, r);
	return rc;
}
