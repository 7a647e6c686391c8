/* SPDX-License-Identifier: MIT */
/* Decides which changes of a batch are put aside; see sorting.h. */
#include "config.h"

#include "sync/sorting.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "sync/links.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

struct deferred { /* a record with a change that waits: its later changes wait too */
	unsigned char identity[FOLD_IDENTITY_SIZE];
	bool waits; /* it waits for rows that refer to it, not for a link */
	bool kept;  /* the batch in which it was found is applied */
	UT_hash_handle hh;
};

/* The key lists of the waiting changes. Changes that are deferred for a link do not count. */
struct waiting {
	enum { NO_LIST, ONE_LIST, MORE_LISTS } lists;
	struct fold_key key; /* the list, if there is only one */
};

struct sorting {
	const struct ends *ends;
	const struct registry *registry;
	const struct schema *schema;
	struct rejects *rejects;
	struct deferred *deferred;
	struct waiting waiting, kept; /* the current state, and the state before this batch */
	/* Counts of the earlier batches: */
	uint64_t deferred_changes, waiting_changes;
	uint64_t doubted_rejects, doubted_held;
	struct links links;
	struct arena *arena; /* for the links */
	/* State of the current batch: */
	struct fold_change *changes;
	size_t count;
	struct run_counts *found;
};

struct sorting *sorting_new(struct ends *ends, const struct registry *registry,
			    const struct schema *schema)
{
	struct sorting *s = xcalloc(1, sizeof(*s));

	s->ends = ends;
	s->registry = registry;
	s->schema = schema;
	s->rejects = rejects_new(schema);
	s->waiting.key.fields = xcalloc(schema->field_count + 1, sizeof(size_t));
	s->kept.key.fields = xcalloc(schema->field_count + 1, sizeof(size_t));
	s->arena = arena_new();
	return s;
}

/* Removes all records, or only those of the current batch. */
static void clear_deferred(struct sorting *s, bool all)
{
	struct deferred *d, *next;

	HASH_ITER (hh, s->deferred, d, next) {
		if (!all && d->kept)
			continue;
		HASH_DEL(s->deferred, d);
		free(d);
	}
}

void sorting_free(struct sorting **s)
{
	if (*s == NULL)
		return;
	links_clear(&(*s)->links);
	clear_deferred(*s, true);
	rejects_free(&(*s)->rejects);
	arena_free(&(*s)->arena);
	free((*s)->waiting.key.fields);
	free((*s)->kept.key.fields);
	free(*s);
	*s = NULL;
}

uint64_t sorting_deferred(const struct sorting *s)
{
	return s->deferred_changes;
}

uint64_t sorting_waiting(const struct sorting *s)
{
	return s->waiting_changes;
}

uint64_t sorting_doubts(const struct sorting *s)
{
	return s->doubted_rejects + s->doubted_held;
}

bool sorting_waits(const struct sorting *s)
{
	return s->waiting.lists != NO_LIST;
}

static void copy_waiting(struct waiting *to, const struct waiting *from)
{
	to->lists = from->lists;
	to->key.count = from->key.count;
	memcpy(to->key.fields, from->key.fields, from->key.count * sizeof(size_t));
}

struct rejects *sorting_rejects(const struct sorting *s)
{
	return s->rejects;
}

void sorting_begin(struct sorting *s, struct fold_change *changes, size_t count,
		   struct run_counts *found)
{
	rejects_undo(s->rejects);
	clear_deferred(s, false);
	copy_waiting(&s->waiting, &s->kept);
	links_clear(&s->links);
	arena_reset(s->arena);
	s->links = (struct links){
	    .ops = s->ends->ops,
	    .target = s->ends->target,
	    .db = s->ends->db,
	    .registry = s->registry,
	    .arena = s->arena,
	};
	s->changes = changes;
	s->count = count;
	s->found = found;
	for (size_t i = 0; i < count; i++)
		changes[i].fate = FOLD_IN;
}

static struct deferred *find_deferred(const struct sorting *s, const struct fold_change *c)
{
	struct deferred *d;

	HASH_FIND(hh, s->deferred, c->identity, FOLD_IDENTITY_SIZE, d);
	return d;
}

static void add_deferred(struct sorting *s, const struct fold_change *c, bool waits)
{
	struct deferred *d = find_deferred(s, c);

	if (d != NULL)
		return;
	d = xcalloc(1, sizeof(*d));
	memcpy(d->identity, c->identity, FOLD_IDENTITY_SIZE);
	d->waits = waits;
	HASH_ADD(hh, s->deferred, identity, FOLD_IDENTITY_SIZE, d);
}

static void defer(struct sorting *s, struct fold_change *c)
{
	c->fate = FOLD_ASIDE;
	s->found->deferred++;
	add_deferred(s, c, false);
}

void sorting_wait(struct sorting *s, struct fold_change *c)
{
	c->fate = FOLD_ASIDE;
	s->found->waiting++;
	if (s->waiting.lists == NO_LIST) {
		const struct waiting one = {.lists = ONE_LIST, .key = *c->key};

		copy_waiting(&s->waiting, &one);
	} else if (!key_equal(&s->waiting.key, c->key)) {
		s->waiting.lists = MORE_LISTS;
	}
	if (s->waiting.lists == ONE_LIST) /* otherwise all later changes wait anyway */
		add_deferred(s, c, true);
}

static bool waits_behind(const struct sorting *s, const struct fold_change *c)
{
	if (c->key == NULL || s->waiting.lists == NO_LIST)
		return false;
	return s->waiting.lists == MORE_LISTS || !key_equal(&s->waiting.key, c->key);
}

void sorting_reject(struct sorting *s, struct fold_change *c, const char *reason)
{
	c->fate = FOLD_ASIDE;
	s->found->rejected++;
	rejects_add(s->rejects, c, reason);
}

/* Holds a change whose record has a reject (R10.5). */
static bool hold(struct sorting *s, struct fold_change *c)
{
	uint64_t ahead = rejects_ahead(s->rejects, c->identity);

	if (ahead == 0)
		return false;
	c->fate = FOLD_ASIDE;
	s->found->held++;
	rejects_hold(s->rejects, c, ahead);
	return true;
}

/* Puts C aside if it must follow a change that is put aside; returns false otherwise. */
static bool put_behind(struct sorting *s, struct fold_change *c)
{
	const struct deferred *d;

	if (hold(s, c))
		return true;
	d = find_deferred(s, c);
	if (waits_behind(s, c) || (d != NULL && d->waits))
		sorting_wait(s, c);
	else if (d != NULL)
		defer(s, c);
	else
		return false;
	return true;
}

void sorting_behind(struct sorting *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (s->changes[i].fate != FOLD_ASIDE)
			put_behind(s, &s->changes[i]);
	}
}

void sorting_doubt(struct sorting *s)
{
	rejects_doubt(s->rejects);
	s->doubted_rejects += s->found->rejected;
	s->doubted_held += s->found->held;
	s->found->changes -= s->found->rejected + s->found->held;
	s->found->rejected = s->found->held = 0;
}

void sorting_confirm(struct sorting *s)
{
	rejects_confirm(s->rejects);
	s->found->rejected += s->doubted_rejects;
	s->found->held += s->doubted_held;
	s->found->changes += s->doubted_rejects + s->doubted_held;
	s->doubted_rejects = s->doubted_held = 0;
}

static enum outcome sort_out(struct sorting *s, struct fold_change *c)
{
	enum link_state state = LINK_RESOLVED;
	const char *problem = c->problem;
	enum outcome rc;

	if (put_behind(s, c))
		return OUTCOME_OK;
	if (problem == NULL && c->links != NULL) {
		rc = links_resolve(&s->links, s->schema, c, &state, &problem);
		if (rc != OUTCOME_OK)
			return rc;
	}
	if (problem != NULL)
		sorting_reject(s, c, problem);
	else if (state == LINK_PENDING)
		defer(s, c);
	else if (state == LINK_NOWHERE)
		c->fate = FOLD_VOID;
	return OUTCOME_OK;
}

enum outcome sorting_out(struct sorting *s)
{
	enum outcome rc;

	for (size_t i = 0; i < s->count; i++) {
		if ((rc = sort_out(s, &s->changes[i])) != OUTCOME_OK)
			return rc;
	}
	return OUTCOME_OK;
}

void sorting_keep(struct sorting *s)
{
	struct deferred *d, *next;

	HASH_ITER (hh, s->deferred, d, next)
		d->kept = true;
	copy_waiting(&s->kept, &s->waiting);
	s->deferred_changes += s->found->deferred;
	s->waiting_changes += s->found->waiting;
	s->found->deferred = s->found->waiting = 0; /* counted once, after all turns */
}
