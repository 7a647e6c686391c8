/* SPDX-License-Identifier: MIT */
/*
 * Applies one batch from the staging log to the target; see batch.h.
 *
 * Each change is applied exactly once (R10.6) because of four facts. The rows read from the log
 * are durable (history_batch). The transaction that applies the changes also records their
 * numbers at the target. The rows are deleted from the log only after the answer to its COMMIT,
 * or after a look-up showed that it happened; deleting them twice is harmless. The record is
 * deleted only in a later target transaction, after the deletion from the log is committed.
 *
 * A batch is settled while the next one is merged (ahead.h). Therefore the next transaction
 * waits for the settlement before it deletes the record. A batch with rejects is settled at
 * once, because the next batch must know them.
 */
#include "config.h"

#include "sync/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "sync/ahead.h"
#include "sync/fold.h"
#include "sync/interrupt.h"
#include "sync/narrow.h"
#include "sync/regroup.h"
#include "sync/reject.h"
#include "sync/sorting.h"
#include "sync/subscription.h"

/* The memory limit of a run has five shares: two batches, the folds of these two, and the
 * packets that send a batch to the target. */
#define SHARES_OF_MEMORY 5

/* Throttle only if more than one change was staged per 50 merged. */
#define TRICKLE 50

/* After so many changes refused for an unknown cause the turn gives up, because all others would
 * probably be refused too. Each of them takes a few merges. */
#define DOUBTS_MAX 10000

struct turn {
	struct turn_options o;
	struct batch_source source;
	struct sorting *sorting;
	struct subhisto *subhisto;
	struct regroup *regroup;
	bool never_regroup; /* its keys match too many rows */
	bool recorded;	    /* the target holds the record of an earlier batch */
	struct ahead *ahead;
	struct ahead_batch *now, *next; /* the current batch and the next one */
	bool next_read;			/* NEXT holds the next batch */
	struct settlement *unsettled;	/* the previous batch: applied, and possibly not settled */
	bool settled;
	bool tried; /* settling was tried: the rows may be deleted already */
	/* State of the current batch: */
	struct fold_change *changes;
	size_t count;
	struct settlement *settlement;
	struct run_counts found;
	bool regrouped; /* the changes are not in log order */
	bool in_order;	/* merge in log order: a change of the reordered batch was rejected */
	bool at_target; /* the failure came from the target */
	struct narrowing narrowing;
	char doubt[REJECT_REASON_SIZE]; /* why changes are in doubt; "" if none are */
};

struct turn *turn_new(const struct turn_options *options)
{
	struct turn *t = xcalloc(1, sizeof(*t));

	t->o = *options;
	t->source.reader = log_reader_new(options->schema, options->bound, options->batch_rows,
					  options->batch_bytes / SHARES_OF_MEMORY);
	t->source.arrivals = arrivals_new(options->registry);
	t->sorting = sorting_new(options->ends, options->registry, options->schema);
	t->subhisto = subhisto_new(options->registry, options->schema);
	t->regroup = regroup_new(options->schema);
	t->ahead = ahead_new(&t->o, &t->source);
	t->now = ahead_batch_new(options->schema);
	t->next = ahead_batch_new(options->schema);
	t->settlement = xcalloc(1, sizeof(*t->settlement));
	t->unsettled = xcalloc(1, sizeof(*t->unsettled));
	t->settled = true;
	return t;
}

static void free_settlement(struct settlement *s)
{
	seqset_free(&s->applied);
	free(s);
}

void turn_free(struct turn **t)
{
	if (*t == NULL)
		return;
	ahead_free(&(*t)->ahead); /* first: the prefetch thread uses the others */
	ahead_batch_free(&(*t)->now);
	ahead_batch_free(&(*t)->next);
	free_settlement((*t)->settlement);
	free_settlement((*t)->unsettled);
	log_reader_free(&(*t)->source.reader);
	arrivals_free(&(*t)->source.arrivals);
	sorting_free(&(*t)->sorting);
	subhisto_free(&(*t)->subhisto);
	regroup_free(&(*t)->regroup);
	free(*t);
	*t = NULL;
}

uint64_t turn_deferred(const struct turn *t)
{
	return sorting_deferred(t->sorting);
}

uint64_t turn_waiting(const struct turn *t)
{
	return sorting_waiting(t->sorting);
}

const char *turn_doubt(const struct turn *t)
{
	return sorting_doubts(t->sorting) > 0 ? t->doubt : NULL;
}

/* ---- merging ---- */

/* For a dry run: counts each record as if an insert found no row and the others found one. */
static void count_only(struct turn *t)
{
	for (size_t i = 0; i < fold_count(t->now->fold); i++) {
		const struct merge_record *r = &fold_at(t->now->fold, i)->merge;

		if (r->insert)
			t->found.inserted++;
		else if (r->delete)
			t->found.deleted++;
		else
			t->found.updated++;
	}
}

static enum outcome merge_run(struct turn *t, size_t run, size_t next)
{
	if (!t->o.dry_run)
		return narrow_merge(&t->narrowing, run, next);
	count_only(t);
	return OUTCOME_OK;
}

/* The deleting records about whose rows the target is asked. */
struct freeing {
	struct fold *fold;
	size_t *numbers; /* each record's number in the fold */
};

static void take_freed(void *context, size_t record, struct db_value pk)
{
	const struct freeing *f = context;

	fold_frees(f->fold, f->numbers[record], pk);
}

/* ---- reordering (regroup.h) ---- */

struct answering {
	struct regroup *regroup;
	size_t question;
};

static void take_row(void *context, size_t record, struct db_value pk)
{
	const struct answering *a = context;

	regroup_row(a->regroup, a->question, record, pk);
}

static enum outcome ask_for_rows(struct turn *t)
{
	const struct ends *e = t->o.ends;
	struct answering a = {.regroup = t->regroup};
	struct regroup_question q;
	enum outcome rc = OUTCOME_OK;

	for (; rc == OUTCOME_OK && regroup_asks(t->regroup, a.question, &q); a.question++) {
		if (q.count > 0)
			rc =
			    e->ops->read(e->target, t->o.schema, q.key->fields, q.key->count,
					 q.records, q.count, (size_t)t->o.schema->pk, take_row, &a);
	}
	return rc;
}

/* Reorders the batch so that it has fewer runs. A subscription schema is left in log order,
 * because its history lines must keep that order. */
static enum outcome regroup(struct turn *t)
{
	enum outcome rc;

	if (t->in_order || t->never_regroup || t->o.dry_run || t->subhisto != NULL ||
	    !regroup_begin(t->regroup, t->changes, t->count))
		return OUTCOME_OK;
	t->now->folded = 0; /* the look-ups replace the loaded run at the target */
	t->regrouped = true;
	if ((rc = ask_for_rows(t)) != OUTCOME_OK)
		return rc;
	t->never_regroup = !regroup_changes(t->regroup, t->changes, t->count);
	t->regrouped = !t->never_regroup;
	return OUTCOME_OK;
}

/* Looks up the primary keys that the deletions free. The fold cannot know them; see fold.h. */
static enum outcome ask_what_is_freed(struct turn *t)
{
	const struct ends *e = t->o.ends;
	const struct fold_key *key = fold_key(t->now->fold);
	size_t count = fold_count(t->now->fold), asked = 0;
	struct merge_record *records = xcalloc(count + 1, sizeof(*records));
	struct freeing f = {t->now->fold, xcalloc(count + 1, sizeof(*f.numbers))};
	enum outcome rc;

	for (size_t i = 0; i < count; i++) {
		const struct merge_record *m = &fold_at(t->now->fold, i)->merge;

		if (!m->delete)
			continue;
		records[asked] = *m;
		f.numbers[asked++] = i;
	}
	rc = e->ops->read(e->target, t->o.schema, key->fields, key->count, records, asked,
			  (size_t)t->o.schema->pk, take_freed, &f);
	free(f.numbers);
	free(records);
	return rc == OUTCOME_REJECTED ? OUTCOME_OK : rc; /* the merge finds the change */
}

/* Folds one run from the first LIMIT changes from RUN on, and returns how many changes it took.
 * The first run of the batch may have been folded in advance. That fold is valid only if none of
 * its changes was put aside. */
static size_t fold_one(struct turn *t, size_t run, size_t limit)
{
	size_t folded = run == 0 ? t->now->folded : 0;

	for (size_t i = 0; i < folded; i++) {
		if (t->changes[i].fate != FOLD_IN)
			folded = 0;
	}
	if (folded > 0 && folded <= limit)
		return folded;
	t->now->folded = 0;
	t->o.ends->ops->unload(t->o.ends->target);
	return ahead_batch_fold(t->now, t->changes + run, limit);
}

/* Sets *NEXT to the first change after this run. */
static enum outcome fold_from(struct turn *t, size_t run, size_t *next)
{
	size_t taken = fold_one(t, run, t->count - run);
	enum outcome rc;

	if (!t->o.dry_run && fold_asks(t->now->fold)) {
		if ((rc = ask_what_is_freed(t)) != OUTCOME_OK)
			return rc;
		if (fold_cut(t->now->fold) < taken)
			taken = fold_one(t, run, fold_cut(t->now->fold));
	}
	*next = run + taken;
	return OUTCOME_OK;
}

static uint64_t put_aside(const struct turn *t)
{
	return t->found.rejected + t->found.waiting;
}

static enum outcome merge_all(struct turn *t)
{
	enum outcome rc;

	t->narrowing = (struct narrowing){
	    .o = &t->o,
	    .batch = t->now,
	    .changes = t->changes,
	    .sorting = t->sorting,
	    .subhisto = t->subhisto,
	    .found = &t->found,
	    .whole = t->regrouped,
	};
	for (size_t run = 0, next; run < t->count; run = next) {
		uint64_t before = put_aside(t);

		if ((rc = fold_from(t, run, &next)) != OUTCOME_OK)
			return rc;
		if ((rc = merge_run(t, run, next)) != OUTCOME_OK)
			return rc;
		if (put_aside(t) > before)
			sorting_behind(t->sorting, next, t->count);
	}
	return OUTCOME_OK;
}

/* True if at least one row of the schema was written in this run. */
static bool any_row(const struct turn *t)
{
	const struct run_counts *all = t->o.counts, *now = &t->found;

	return all->inserted + all->updated + all->deleted + now->inserted + now->updated +
		   now->deleted >
	       0;
}

/* Keeps changes in doubt. A change that is refused for an unknown cause is proven faulty only
 * when another row is accepted (narrow.h). Until then no reject is stored. Changes refused
 * earlier are in doubt as well, because the others may be held behind them. */
static void doubt(struct turn *t)
{
	if (any_row(t) || (t->narrowing.doubt[0] == '\0' && sorting_doubts(t->sorting) == 0))
		return;
	if (t->doubt[0] == '\0')
		memcpy(t->doubt, t->narrowing.doubt, sizeof(t->doubt));
	sorting_doubt(t->sorting);
}

/* Collects the numbers of the applied changes in the settlement, and completes the counts. */
static void collect_applied(struct turn *t)
{
	struct seqset *applied = &t->settlement->applied;

	seqset_clear(applied);
	for (size_t i = 0; i < t->count; i++) {
		if (t->changes[i].fate != FOLD_ASIDE)
			seqset_add(applied, t->changes[i].seq);
	}
	t->found.merged = seqset_total(applied);
	t->found.changes = t->found.merged + t->found.rejected + t->found.held;
}

/* Waits for the prefetch thread and notes which of its steps succeeded. */
static void wait_for_ahead(struct turn *t)
{
	bool settled = false, read = false;

	t->tried |= ahead_wait(t->ahead, &settled, &read);
	t->next_read |= read;
	t->settled |= settled;
}

/* Settles the previous batch, with one try. It runs inside the target transaction, where a retry
 * is not allowed: ends_heal could reopen the target session, and the transaction would be lost
 * without notice. */
static enum outcome finish_ahead(void *context)
{
	struct turn *t = context;
	enum outcome rc;

	wait_for_ahead(t);
	if (t->settled)
		return OUTCOME_OK;
	rc = batch_settle(t->o.ends->db, &t->o, t->unsettled, NULL,
			  t->tried ? LOG_ROWS_LISTED : LOG_ROWS_THERE);
	t->tried = true;
	t->settled = rc == OUTCOME_OK;
	return rc == OUTCOME_UNKNOWN ? OUTCOME_RETRY : rc; /* settling twice is harmless */
}

/* Records the applied numbers at the target. A batch that consists of rejects leaves no record. */
static enum outcome record(struct turn *t)
{
	const struct ends *e = t->o.ends;
	const struct seqset *applied = &t->settlement->applied;
	enum outcome rc;

	if ((rc = finish_ahead(t)) != OUTCOME_OK) {
		t->at_target = false;
		return rc;
	}
	if (t->recorded)
		rc = e->ops->forget(e->target, t->o.log_id);
	if (rc == OUTCOME_OK && applied->count > 0)
		rc = e->ops->record(e->target, t->o.log_id, applied->ranges, applied->count);
	return rc;
}

/* Puts the changes back into log order. */
static void restore_order(struct turn *t)
{
	if (t->regrouped)
		regroup_restore(t->changes, t->count);
	t->regrouped = false;
}

/* Sorts and merges the batch, inside a target transaction unless it is a dry run. */
static enum outcome sort_and_merge(struct turn *t)
{
	enum outcome rc;

	restore_order(t);
	t->found = (struct run_counts){0};
	sorting_begin(t->sorting, t->changes, t->count, &t->found);
	if ((rc = sorting_out(t->sorting)) != OUTCOME_OK)
		return rc;
	if ((rc = regroup(t)) != OUTCOME_OK)
		return rc;
	return merge_all(t);
}

static enum outcome begin_and_merge(struct turn *t)
{
	const struct ends *e = t->o.ends;
	enum outcome rc;

	if (!t->o.dry_run && (rc = e->ops->begin(e->target)) != OUTCOME_OK)
		return rc;
	rc = sort_and_merge(t);
	if ((rc != OUTCOME_REJECTED && rc != OUTCOME_BUG) || !t->regrouped)
		return rc;
	e->ops->rollback(e->target); /* in log order another change may be the refused one */
	t->in_order = true;
	if ((rc = e->ops->begin(e->target)) != OUTCOME_OK)
		return rc;
	return sort_and_merge(t);
}

static enum outcome try_to_merge(struct turn *t)
{
	const struct ends *e = t->o.ends;
	enum outcome rc;

	t->at_target = true;
	rc = begin_and_merge(t);
	restore_order(t);
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

/* COMMIT was sent but not answered, so the target is asked whether it happened. By now the
 * session is a new one, and the old session has ended (mariadb.c). */
static enum outcome look_it_up(struct turn *t, bool *happened)
{
	const struct ends *e = t->o.ends;
	const struct seqset *applied = &t->settlement->applied;
	struct seqset set = {0};
	enum outcome rc;

	rc = e->ops->recorded(e->target, t->o.log_id, &set.ranges, &set.count);
	if (rc != OUTCOME_OK)
		return rc;
	*happened = applied->count > 0 && seqset_contains(&set, applied->ranges[0].first);
	seqset_free(&set);
	return OUTCOME_OK;
}

/* Repeats the batch until it is applied or a failure is permanent. */
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
		if (rc == OUTCOME_OK) { /* COMMIT did not happen */
			unknown = false;
			continue;
		}
		if (rc != OUTCOME_RETRY && rc != OUTCOME_UNKNOWN)
			return rc;
		if (rc == OUTCOME_UNKNOWN)
			unknown = true;
		t->o.counts->retries++;
		wait_for_ahead(t); /* it uses the target, which ends_heal may close */
		if ((rc = ends_heal(t->o.ends, &tries)) != OUTCOME_OK)
			return rc;
	}
	t->recorded |= t->settlement->applied.count > 0;
	return OUTCOME_OK;
}

/* Reads the next batch, unless the prefetch thread has read it. */
static enum outcome read_batch(void *context)
{
	struct turn *t = context;
	enum outcome rc;

	if ((rc = run_lock_check(t->o.ends->lock)) != OUTCOME_OK || t->next_read)
		return rc;
	return batch_read(t->o.ends->db, &t->o, &t->source, t->now->log.last, t->next);
}

/* Makes the next batch the current one. */
static enum outcome advance(struct turn *t)
{
	struct ahead_batch *now;
	enum outcome rc;

	if ((rc = ends_persist(t->o.ends, read_batch, t, &t->o.counts->retries)) != OUTCOME_OK)
		return rc;
	now = t->next;
	t->next = t->now;
	t->now = now;
	t->next_read = false;
	t->changes = now->log.changes;
	t->count = now->log.count;
	t->regrouped = t->in_order = false;
	t->o.ends->ops->turn(t->o.ends->target);
	return OUTCOME_OK;
}

static enum outcome load_rejects(void *context)
{
	const struct turn *t = context;

	return rejects_load(sorting_rejects(t->sorting), t->o.ends->db);
}

enum outcome turn_begin(struct turn *t)
{
	return ends_persist(t->o.ends, load_rejects, t, &t->o.counts->retries);
}

static enum batch_state state_of(const struct turn *t)
{
	if (sorting_doubts(t->sorting) >= DOUBTS_MAX)
		return BATCH_END;
	if (t->now->version != registry_version(t->o.registry))
		return BATCH_STALE;
	return t->count == 0 ? BATCH_END : BATCH_DONE;
}

static enum outcome settle_with_rejects(void *context)
{
	struct turn *t = context;
	enum outcome rc;

	rc = batch_settle(t->o.ends->db, &t->o, t->unsettled, sorting_rejects(t->sorting),
			  t->tried ? LOG_ROWS_LISTED : LOG_ROWS_THERE);
	t->tried = true;
	return rc;
}

/* After the current batch was applied: makes it the batch to settle, and settles it at once if
 * it has rejects. */
static enum outcome hand_over(struct turn *t)
{
	struct settlement *s = t->settlement;
	enum outcome rc = OUTCOME_OK;

	t->settlement = t->unsettled;
	t->unsettled = s;
	s->counts = *t->o.counts;
	t->tried = false;
	t->settled = t->o.dry_run;
	if (t->found.rejected + t->found.held == 0)
		return OUTCOME_OK;
	if (!t->o.dry_run)
		rc = ends_persist(t->o.ends, settle_with_rejects, t, &t->o.counts->retries);
	if (rc != OUTCOME_OK)
		return rc;
	t->settled = true;
	rejects_stored(sorting_rejects(t->sorting));
	return OUTCOME_OK;
}

static enum outcome finish_for_sure(struct turn *t)
{
	t->at_target = false;
	return ends_persist(t->o.ends, finish_ahead, t, &t->o.counts->retries);
}

/*
 * SOAP calls have priority over a run. While changes are being staged, a worker pauses between
 * two batches, when it holds no lock and no transaction. A single worker pauses 4/3 of the time
 * that its last batch took, because its prefetch thread works at the same time. Several workers
 * pause longer, so that together they do as much work as one. A low rate of calls causes no
 * pause (TRICKLE).
 */
static void give_way(const struct turn *t)
{
	uint64_t ms = t->found.milliseconds;
	unsigned busy = atomic_load(t->o.busy);

	if (t->next_read && t->next->arrived * TRICKLE > t->count)
		interrupt_pause(ms * 7 * busy / 3 - ms);
}

static enum outcome apply_batch(struct turn *t)
{
	int64_t start = clock_monotonic_ms();
	enum outcome rc;

	ahead_start(t->ahead, t->settled ? NULL : t->unsettled, t->now->log.last,
		    t->now->log.end ? NULL : t->next);
	if ((rc = merge_batch(t)) != OUTCOME_OK)
		return rc;
	if ((rc = finish_for_sure(t)) != OUTCOME_OK)
		return rc;
	doubt(t);
	if (sorting_doubts(t->sorting) > 0 && any_row(t))
		sorting_confirm(t->sorting);
	sorting_keep(t->sorting);
	t->found.milliseconds = (uint64_t)(clock_monotonic_ms() - start);
	run_counts_add(t->o.counts, &t->found);
	if ((rc = hand_over(t)) == OUTCOME_OK)
		give_way(t);
	return rc;
}

enum outcome turn_batch(struct turn *t, enum batch_state *state)
{
	enum outcome rc;

	t->at_target = false;
	*state = BATCH_END;
	if (t->now->log.end)
		return OUTCOME_OK;
	if ((rc = advance(t)) != OUTCOME_OK)
		return rc;
	*state = state_of(t);
	return *state == BATCH_DONE ? apply_batch(t) : OUTCOME_OK;
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

enum outcome turn_end(struct turn *t)
{
	const struct ends *e = t->o.ends;
	enum outcome rc;

	if ((rc = finish_for_sure(t)) != OUTCOME_OK)
		return rc;
	if (t->recorded && e->target != NULL &&
	    e->ops->forget(e->target, t->o.log_id) != OUTCOME_OK)
		log_warn("%s: the record of applied changes stays; the next run tidies it up",
			 t->o.schema->id);
	return OUTCOME_OK;
}
