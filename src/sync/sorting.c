/* SPDX-License-Identifier: MIT */
/* What of a batch is put aside; see sorting.h. */
#include "config.h"

#include "sync/sorting.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "sync/links.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

struct deferred { /* a record whose link has to wait: its later changes wait too */
	unsigned char identity[FOLD_IDENTITY_SIZE];
	bool kept; /* the batch that found it is applied */
	UT_hash_handle hh;
};

struct sorting {
	const struct ends *ends;
	const struct registry *registry;
	const struct schema *schema;
	struct rejects *rejects;
	struct deferred *deferred;
	uint64_t deferred_changes; /* of the batches before */
	struct links links;
	struct arena *arena; /* the links' */
	/* Of the batch at hand: */
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
	s->arena = arena_new();
	return s;
}

/* ALL, or only those of the batch at hand. */
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
	free(*s);
	*s = NULL;
}

uint64_t sorting_deferred(const struct sorting *s)
{
	return s->deferred_changes;
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

static void defer(struct sorting *s, struct fold_change *c)
{
	struct deferred *d;

	c->fate = FOLD_ASIDE;
	s->found->deferred++;
	if (find_deferred(s, c) != NULL)
		return;
	d = xcalloc(1, sizeof(*d));
	memcpy(d->identity, c->identity, FOLD_IDENTITY_SIZE);
	HASH_ADD(hh, s->deferred, identity, FOLD_IDENTITY_SIZE, d);
}

void sorting_reject(struct sorting *s, struct fold_change *c, const char *reason)
{
	c->fate = FOLD_ASIDE;
	s->found->rejected++;
	rejects_add(s->rejects, c, reason);
}

/* A change whose record has a reject goes behind it (R10.5). */
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

void sorting_hold(struct sorting *s, size_t from)
{
	for (size_t i = from; i < s->count; i++) {
		if (s->changes[i].fate != FOLD_ASIDE)
			hold(s, &s->changes[i]);
	}
}

static enum outcome sort_out(struct sorting *s, struct fold_change *c)
{
	enum link_state state = LINK_RESOLVED;
	const char *problem = c->problem;
	enum outcome rc;

	if (hold(s, c))
		return OUTCOME_OK;
	if (find_deferred(s, c) != NULL) {
		defer(s, c);
		return OUTCOME_OK;
	}
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

/* The sweep behind the loop takes the earlier changes of records that it has rejected. */
enum outcome sorting_out(struct sorting *s)
{
	enum outcome rc;

	for (size_t i = 0; i < s->count; i++) {
		if ((rc = sort_out(s, &s->changes[i])) != OUTCOME_OK)
			return rc;
	}
	if (s->found->rejected > 0)
		sorting_hold(s, 0);
	return OUTCOME_OK;
}

void sorting_keep(struct sorting *s)
{
	struct deferred *d, *next;

	HASH_ITER (hh, s->deferred, d, next)
		d->kept = true;
	s->deferred_changes += s->found->deferred;
	s->found->deferred = 0; /* counted once, at the end of all turns */
}
