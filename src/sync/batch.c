/* SPDX-License-Identifier: MIT */
/*
 * One batch from the log to the target; see batch.h.
 *
 * Exactly once (R10.6) rests on three facts.  The numbers of the applied changes are
 * recorded in the transaction that applies them.  The log's rows are deleted after its
 * COMMIT was answered, or was found to have happened; deleting them twice is harmless.  And
 * a record is forgotten only in a later transaction, when that deletion is committed.
 */
#include "config.h"

#include "sync/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "sync/fold.h"
#include "sync/links.h"
#include "sync/log_reader.h"
#include "sync/log_rows.h"
#include "sync/reject.h"
#include "sync/seqset.h"
#include "sync/subscription.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

static const char sql_version[] = "SELECT value FROM campaign_state WHERE name = 'schema_version'";

struct deferred { /* a record whose link has to wait: its later changes wait too */
	unsigned char identity[FOLD_IDENTITY_SIZE];
	bool settled; /* the batch that found it is done */
	UT_hash_handle hh;
};

struct turn {
	struct turn_options o;
	struct log_reader *reader;
	struct fold *fold;
	struct rejects *rejects;
	struct deferred *deferred;
	uint64_t deferred_changes;
	struct links links;
	struct subhisto *subhisto;
	struct arena *arena;	      /* the links' */
	struct merge_record *records; /* those of a run, side by side */
	size_t records_size;
	bool recorded; /* the target holds a record of an earlier batch */
	/* Of the batch at hand: */
	struct fold_change *changes;
	size_t count;
	struct seqset applied;
	struct run_counts found;
	bool stale;
	bool at_target; /* where a failure came from */
};

struct turn *turn_new(const struct turn_options *options)
{
	struct turn *t = xcalloc(1, sizeof(*t));

	t->o = *options;
	t->reader = log_reader_new(options->schema, options->bound, options->batch_rows,
				   options->batch_bytes);
	t->fold = fold_new(options->schema);
	t->rejects = rejects_new(options->schema);
	t->subhisto = subhisto_new(options->registry, options->schema);
	t->arena = arena_new();
	return t;
}

/* ALL, or only those of the batch at hand. */
static void clear_deferred(struct turn *t, bool all)
{
	struct deferred *d, *next;

	HASH_ITER (hh, t->deferred, d, next) {
		if (!all && d->settled)
			continue;
		HASH_DEL(t->deferred, d);
		free(d);
	}
}

void turn_free(struct turn **t)
{
	if (*t == NULL)
		return;
	links_clear(&(*t)->links);
	clear_deferred(*t, true);
	log_reader_free(&(*t)->reader);
	fold_free(&(*t)->fold);
	rejects_free(&(*t)->rejects);
	subhisto_free(&(*t)->subhisto);
	arena_free(&(*t)->arena);
	seqset_free(&(*t)->applied);
	free((*t)->records);
	free(*t);
	*t = NULL;
}

uint64_t turn_deferred(const struct turn *t)
{
	return t->deferred_changes;
}

/* Sorting out what cannot be merged. */

static void defer(struct turn *t, struct fold_change *c)
{
	struct deferred *d = NULL;

	c->fate = FOLD_ASIDE;
	t->found.deferred++;
	HASH_FIND(hh, t->deferred, c->identity, FOLD_IDENTITY_SIZE, d);
	if (d != NULL)
		return;
	d = xcalloc(1, sizeof(*d));
	memcpy(d->identity, c->identity, FOLD_IDENTITY_SIZE);
	HASH_ADD(hh, t->deferred, identity, FOLD_IDENTITY_SIZE, d);
}

static bool is_deferred(const struct turn *t, const struct fold_change *c)
{
	struct deferred *d = NULL;

	HASH_FIND(hh, t->deferred, c->identity, FOLD_IDENTITY_SIZE, d);
	return d != NULL;
}

static void reject(struct turn *t, struct fold_change *c, const char *reason)
{
	c->fate = FOLD_ASIDE;
	t->found.rejected++;
	rejects_add(t->rejects, c, reason);
}

/* A change whose record has a reject goes behind it (R10.5). */
static bool hold(struct turn *t, struct fold_change *c)
{
	uint64_t ahead = rejects_ahead(t->rejects, c->identity);

	if (ahead == 0)
		return false;
	c->fate = FOLD_ASIDE;
	t->found.held++;
	rejects_hold(t->rejects, c, ahead);
	return true;
}

static void hold_from(struct turn *t, size_t from)
{
	for (size_t i = from; i < t->count; i++) {
		if (t->changes[i].fate != FOLD_ASIDE)
			hold(t, &t->changes[i]);
	}
}

static enum outcome sort_out(struct turn *t, struct fold_change *c)
{
	enum link_state state = LINK_RESOLVED;
	const char *problem = c->problem;
	enum outcome rc;

	if (hold(t, c))
		return OUTCOME_OK;
	if (is_deferred(t, c)) {
		defer(t, c);
		return OUTCOME_OK;
	}
	if (problem == NULL && c->links != NULL) {
		rc = links_resolve(&t->links, t->o.schema, c, &state, &problem);
		if (rc != OUTCOME_OK)
			return rc;
	}
	if (problem != NULL)
		reject(t, c, problem);
	else if (state == LINK_PENDING)
		defer(t, c);
	else if (state == LINK_NOWHERE)
		c->fate = FOLD_VOID;
	return OUTCOME_OK;
}

/* The sweep behind the loop takes the earlier changes of records that it has rejected. */
static enum outcome sort_out_all(struct turn *t)
{
	enum outcome rc;

	for (size_t i = 0; i < t->count; i++) {
		if ((rc = sort_out(t, &t->changes[i])) != OUTCOME_OK)
			return rc;
	}
	if (t->found.rejected > 0)
		hold_from(t, 0);
	return OUTCOME_OK;
}

/* Merging. */

/* The record was refused for good, with all that is folded into it. */
static void reject_record(struct turn *t, size_t run, size_t record, const char *reason)
{
	for (size_t n = fold_at(t->fold, record)->first; n != FOLD_NONE; n = fold_next(t->fold, n))
		reject(t, &t->changes[run + n], reason);
}

/*
 * Merges the records FIRST to LAST of the run that starts at change RUN.  When the target
 * refuses, halves it until the culprits stand alone: the records of a run do not depend on
 * each other, so their order does not matter.
 */
static enum outcome merge_records(struct turn *t, size_t run, size_t first, size_t last)
{
	const struct ends *e = t->o.ends;
	const struct fold_key *key = fold_key(t->fold);
	struct merge_counts counts = {0};
	size_t middle = first + (last - first) / 2;
	enum outcome rc;

	rc = subhisto_before(t->subhisto, e, key, t->records + first, last - first);
	if (rc == OUTCOME_OK)
		rc = e->ops->merge(e->target, t->o.schema, key->fields, key->count,
				   t->records + first, last - first, &counts);
	if (rc == OUTCOME_OK) {
		rc = subhisto_after(t->subhisto, e, t->fold, t->changes + run, first, last);
		t->found.inserted += counts.inserted;
		t->found.updated += counts.updated;
		t->found.deleted += counts.deleted;
		t->found.several += counts.several;
	}
	if (rc != OUTCOME_REJECTED)
		return rc;
	if (last - first == 1) {
		reject_record(t, run, first, e->ops->reason(e->target));
		return OUTCOME_OK;
	}
	if ((rc = merge_records(t, run, first, middle)) != OUTCOME_OK)
		return rc;
	return merge_records(t, run, middle, last);
}

/* What would be done if every record found its row, or none. */
static void count_only(struct turn *t)
{
	for (size_t i = 0; i < fold_count(t->fold); i++) {
		const struct merge_record *r = &fold_at(t->fold, i)->merge;

		if (r->insert)
			t->found.inserted++;
		else if (r->delete)
			t->found.deleted++;
		else
			t->found.updated++;
	}
}

static enum outcome merge_run(struct turn *t, size_t run)
{
	size_t count = fold_count(t->fold);

	if (t->o.dry_run)
		count_only(t);
	if (t->o.dry_run || count == 0)
		return OUTCOME_OK;
	if (count > t->records_size) {
		t->records = xrealloc(t->records, count, sizeof(*t->records));
		t->records_size = count;
	}
	for (size_t i = 0; i < count; i++)
		t->records[i] = fold_at(t->fold, i)->merge;
	return merge_records(t, run, 0, count);
}

static enum outcome merge_all(struct turn *t)
{
	enum outcome rc;

	for (size_t run = 0, next; run < t->count; run = next) {
		uint64_t rejected = t->found.rejected;

		next = run + fold_run(t->fold, t->changes + run, t->count - run);
		if ((rc = merge_run(t, run)) != OUTCOME_OK)
			return rc;
		if (t->found.rejected > rejected)
			hold_from(t, next);
	}
	return OUTCOME_OK;
}

/* One try at the batch. */

static void start_over(struct turn *t)
{
	rejects_undo(t->rejects);
	clear_deferred(t, false);
	links_clear(&t->links);
	arena_reset(t->arena);
	t->links = (struct links){
	    .ops = t->o.ends->ops,
	    .target = t->o.ends->target,
	    .db = t->o.ends->db,
	    .registry = t->o.registry,
	    .arena = t->arena,
	};
	for (size_t i = 0; i < t->count; i++)
		t->changes[i].fate = FOLD_IN;
	t->found = (struct run_counts){0};
}

static void collect_applied(struct turn *t)
{
	seqset_clear(&t->applied);
	for (size_t i = 0; i < t->count; i++) {
		if (t->changes[i].fate != FOLD_ASIDE)
			seqset_add(&t->applied, t->changes[i].seq);
	}
	t->found.merged = seqset_total(&t->applied);
	t->found.changes = t->found.merged + t->found.rejected + t->found.held;
}

/* A batch of nothing but rejects leaves no record. */
static enum outcome record(struct turn *t)
{
	const struct ends *e = t->o.ends;
	enum outcome rc = OUTCOME_OK;

	if (t->recorded)
		rc = e->ops->forget(e->target, t->o.log_id);
	if (rc == OUTCOME_OK && t->applied.count > 0)
		rc = e->ops->record(e->target, t->o.log_id, t->applied.ranges, t->applied.count);
	return rc;
}

static enum outcome try_to_merge(struct turn *t)
{
	const struct ends *e = t->o.ends;
	enum outcome rc;

	start_over(t);
	if (!t->o.dry_run && (rc = e->ops->begin(e->target)) != OUTCOME_OK)
		return rc;
	if ((rc = sort_out_all(t)) == OUTCOME_OK)
		rc = merge_all(t);
	if (rc == OUTCOME_OK)
		collect_applied(t);
	if (t->o.dry_run)
		return rc;
	if (rc == OUTCOME_OK)
		rc = record(t);
	if (rc != OUTCOME_OK) {
		e->ops->rollback(e->target);
		return rc;
	}
	return e->ops->commit(e->target);
}

/* COMMIT was sent and not answered: the target knows whether it happened.  The session is
 * another one by now, and the old one has ended (target_mariadb.c). */
static enum outcome look_it_up(struct turn *t, bool *happened)
{
	const struct ends *e = t->o.ends;
	struct seqset set = {0};
	enum outcome rc;

	rc = e->ops->recorded(e->target, t->o.log_id, &set.ranges, &set.count);
	if (rc != OUTCOME_OK)
		return rc;
	*happened = t->applied.count > 0 && seqset_contains(&set, t->applied.ranges[0].first);
	seqset_free(&set);
	return OUTCOME_OK;
}

/* Until it is applied, or cannot be. */
static enum outcome merge_batch(struct turn *t)
{
	bool unknown = false, happened = false;
	unsigned tries = 0;
	enum outcome rc;

	for (;;) {
		rc = unknown ? look_it_up(t, &happened) : try_to_merge(t);
		if (rc == OUTCOME_OK && !unknown)
			break;
		if (rc == OUTCOME_OK && happened)
			break;
		if (rc == OUTCOME_OK) { /* it has not happened */
			unknown = false;
			continue;
		}
		if (rc != OUTCOME_RETRY && rc != OUTCOME_UNKNOWN)
			return rc;
		if (rc == OUTCOME_UNKNOWN)
			unknown = true;
		t->o.counts->retries++;
		if ((rc = ends_heal(t->o.ends, &tries)) != OUTCOME_OK)
			return rc;
	}
	t->recorded |= t->applied.count > 0;
	return OUTCOME_OK;
}

/* The staging side. */

/* May be done twice: an unknown outcome is no different from a failure. */
static enum outcome settle(void *context)
{
	struct turn *t = context;
	struct db *db = t->o.ends->db;
	enum outcome rc;

	if ((rc = db_begin(db)) != OUTCOME_OK)
		return rc;
	rc = log_delete(db, t->o.schema, t->applied.ranges, t->applied.count, LOG_ROWS_THERE);
	if (rc == OUTCOME_OK)
		rc = rejects_store(t->rejects, db);
	if (rc == OUTCOME_OK)
		rc = history_schema(db, t->o.run_id, t->o.schema->id, t->o.counts);
	if (rc == OUTCOME_OK)
		return db_commit(db);
	db_rollback(db);
	return rc;
}

static enum outcome recorded_version(struct turn *t, uint64_t *version)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(t->o.ends->db, sql_version, NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK)
		*version = db_rows_next(rows) ? strtoull(db_rows_text(rows, 0), NULL, 10) : 0;
	db_rows_free(&rows);
	return rc;
}

/*
 * The version is asked for after the rows were read: a change that names a new attribute was
 * staged after its schema was deployed, so a version that is still the registry's says that
 * we know every attribute in these rows.
 */
static enum outcome read_batch(void *context)
{
	struct turn *t = context;
	uint64_t version = 0;
	enum outcome rc;

	if ((rc = ends_check_lock(t->o.ends)) != OUTCOME_OK)
		return rc;
	rc = log_reader_next(t->reader, t->o.ends->db, &t->changes, &t->count);
	if (rc != OUTCOME_OK)
		return rc;
	if ((rc = recorded_version(t, &version)) != OUTCOME_OK)
		return rc;
	t->stale = version != registry_version(t->o.registry);
	return OUTCOME_OK;
}

static enum outcome load_rejects(void *context)
{
	const struct turn *t = context;

	return rejects_load(t->rejects, t->o.ends->db);
}

enum outcome turn_begin(struct turn *t)
{
	return ends_persist(t->o.ends, load_rejects, t, &t->o.counts->retries);
}

static void keep_deferred(struct turn *t)
{
	struct deferred *d, *next;

	HASH_ITER (hh, t->deferred, d, next)
		d->settled = true;
	t->deferred_changes += t->found.deferred;
	t->found.deferred = 0; /* counted once, at the end of all turns */
}

enum outcome turn_batch(struct turn *t, enum batch_state *state)
{
	int64_t start = clock_monotonic_ms();
	uint64_t *retries = &t->o.counts->retries;
	enum outcome rc;

	t->at_target = false;
	if ((rc = ends_persist(t->o.ends, read_batch, t, retries)) != OUTCOME_OK)
		return rc;
	*state = t->stale ? BATCH_STALE : t->count == 0 ? BATCH_END : BATCH_DONE;
	if (*state != BATCH_DONE)
		return OUTCOME_OK;
	t->at_target = true;
	if ((rc = merge_batch(t)) != OUTCOME_OK)
		return rc;
	t->at_target = false;
	keep_deferred(t);
	t->found.milliseconds = (uint64_t)(clock_monotonic_ms() - start);
	run_counts_add(t->o.counts, &t->found);
	if (!t->o.dry_run && (rc = ends_persist(t->o.ends, settle, t, retries)) != OUTCOME_OK)
		return rc;
	rejects_stored(t->rejects);
	log_reader_accept(t->reader);
	return OUTCOME_OK;
}

const char *turn_reason(const struct turn *t)
{
	const struct ends *e = t->o.ends;

	if (t->at_target && e->target == NULL)
		return "the target cannot be reached";
	if (t->at_target && e->ops->reason(e->target)[0] != '\0')
		return e->ops->reason(e->target);
	return e->db != NULL ? db_error(e->db) : "the staging database cannot be reached";
}

void turn_end(struct turn *t)
{
	const struct ends *e = t->o.ends;

	if (t->recorded && e->target != NULL &&
	    e->ops->forget(e->target, t->o.log_id) != OUTCOME_OK)
		log_warn("%s: the record of applied changes stays; the next run tidies it up",
			 t->o.schema->id);
}
