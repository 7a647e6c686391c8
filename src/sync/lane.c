/* SPDX-License-Identifier: MIT */
/* Processes one schema in a run; see lane.h. */
#include "config.h"

#include "sync/lane.h"

#include <inttypes.h>

#include "base/log.h"
#include "cloud/engines.h"
#include "sync/batch.h"
#include "sync/interrupt.h"
#include "sync/log_reader.h"
#include "sync/recovery.h"
#include "sync/reference.h"
#include "sync/subscription.h"

enum outcome lane_open(struct lane *l, struct lane_frame *frame, const struct ends *like,
		       unsigned number)
{
	enum outcome rc;

	*l = (struct lane){.frame = frame};
	ends_init(&l->ends, frame->conf, like->ops, number);
	l->ends.lock = like->lock;
	l->ends.run = like->run;
	if ((rc = ends_open_staging(&l->ends)) != OUTCOME_OK)
		return rc;
	if ((rc = registry_load(l->ends.db, &l->registry)) != OUTCOME_OK)
		return rc;
	return ends_open_target(&l->ends);
}

void lane_close(struct lane *l)
{
	ends_close(&l->ends);
	registry_release(&l->registry);
}

/* Reloads the schemas. The target session refers to the old ones by address, so it is closed
 * first. */
static enum outcome reload_registry(void *context)
{
	struct lane *l = context;
	struct registry *fresh = NULL;
	enum outcome rc;

	if ((rc = registry_load(l->ends.db, &fresh)) != OUTCOME_OK)
		return rc;
	ends_close_target(&l->ends);
	registry_release(&l->registry);
	l->registry = fresh;
	return ends_open_target(&l->ends);
}

static enum outcome go_through(struct turn *t, struct schema_result *result,
			       struct progress_turn *progress, enum batch_state *state)
{
	enum outcome rc;

	*state = BATCH_DONE;
	if ((rc = turn_begin(t)) != OUTCOME_OK)
		return rc;
	while (*state == BATCH_DONE && !interrupted()) {
		uint64_t before = result->counts.changes;

		if ((rc = turn_batch(t, state)) != OUTCOME_OK)
			return rc;
		progress_add(progress, result->counts.changes - before);
	}
	return turn_end(t);
}

static enum outcome judge(const struct turn *t, enum outcome rc, enum batch_state state,
			  struct schema_result *result)
{
	if (rc != OUTCOME_OK) {
		result_fail(result, turn_reason(t));
	} else if (state == BATCH_END && turn_doubt(t) != NULL) {
		result_fail(result, turn_doubt(t));
		rc = OUTCOME_INVALID;
	}
	return rc;
}

/* Goes through the log once, up to the bound. Sets *AGAIN if schemas were deployed meanwhile, or
 * if changes wait for others that this pass has applied. */
static enum outcome pass(struct lane *l, struct schema_result *result, const struct recovery *c,
			 struct progress_turn *progress, bool *again)
{
	uint64_t merged = result->counts.merged;
	struct turn_options options = {
	    .ends = &l->ends,
	    .registry = l->registry,
	    .schema = c->schema,
	    .bound = result->bound,
	    .reject_up_to = result->last_chance ? result->early_bound : 0,
	    .batch_rows = l->frame->options->batch_rows,
	    .batch_bytes = l->frame->conf->sync_batch_bytes / l->frame->lanes,
	    .dry_run = l->frame->options->dry_run,
	    .run_id = l->frame->run_id,
	    .log_id = c->log_id,
	    .counts = &result->counts,
	    .busy = &l->frame->busy,
	};
	struct turn *t = turn_new(&options);
	enum batch_state state;
	enum outcome rc;

	atomic_fetch_add(&l->frame->busy, 1);
	rc = go_through(t, result, progress, &state);
	atomic_fetch_sub(&l->frame->busy, 1);
	rc = judge(t, rc, state, result);
	l->cut_short |= rc == OUTCOME_OK && state != BATCH_END && interrupted();
	result->counts.deferred = turn_deferred(t);
	result->counts.waiting = turn_waiting(t);
	*again = rc == OUTCOME_OK && !options.dry_run && !interrupted() &&
		 (state == BATCH_STALE || (result->counts.deferred + result->counts.waiting > 0 &&
					   result->counts.merged > merged));
	turn_free(&t);
	if (rc == OUTCOME_OK && state == BATCH_STALE) {
		log_info("%s: schemas were deployed during the run", result->id);
		rc = ends_persist(&l->ends, reload_registry, l, &result->counts.retries);
		if (rc != OUTCOME_OK)
			result_fail(result, "cannot load the schemas anew");
	}
	return rc;
}

static enum outcome prepare(struct lane *l, struct schema_result *result, struct recovery *c)
{
	const struct ends *e = &l->ends;
	enum outcome rc;

	c->schema = registry_find(l->registry, result->id, NULL);
	if (c->schema == NULL || !(c->schema->staged || c->schema->replicated)) {
		result_fail(result, "the schema is no longer staged");
		return OUTCOME_INVALID;
	}
	rc = e->ops->check(e->target, c->schema);
	if (rc != OUTCOME_OK)
		result_fail(result, e->ops->reason(e->target));
	return rc;
}

static enum outcome copy_reference(struct lane *l, struct schema_result *result,
				   const struct schema *s)
{
	const struct reference_options options = {
	    .ends = &l->ends,
	    .schema = s,
	    .dry_run = l->frame->options->dry_run,
	    .counts = &result->counts,
	};
	const char *reason = "";
	enum outcome rc;

	rc = reference_copy(&options, &reason);
	if (rc != OUTCOME_OK)
		result_fail(result, reason);
	return rc;
}

struct staging_check {
	const struct ends *ends;
	const struct schema *schema;
	struct buf reason;
};

/* Checks the tables that a batch is read from and those that it is settled in. */
static enum outcome check_engines(void *context)
{
	struct staging_check *c = context;
	const char *const names[] = {c->schema->log_table, c->schema->reject_table,
				     "campaign_reject", "campaign_run_schema", "campaign_schema"};

	return engines_check(c->ends->db, names, sizeof(names) / sizeof(names[0]), &c->reason);
}

static enum outcome check_staging(struct lane *l, struct schema_result *result,
				  const struct schema *s)
{
	struct staging_check c = {.ends = &l->ends, .schema = s, .reason = BUF_INIT};
	enum outcome rc = ends_persist(&l->ends, check_engines, &c, &result->counts.retries);

	if (c.reason.length > 0)
		buf_add(&c.reason, " in the staging database");
	else
		buf_add(&c.reason, "the staging database cannot be read");
	if (rc != OUTCOME_OK)
		result_fail(result, buf_text(&c.reason));
	buf_free(&c.reason);
	return rc;
}

/* The steps before the first batch: checks, recovery, purge of ended subscriptions. */
static enum outcome open_turn(struct lane *l, struct schema_result *result, struct recovery *c)
{
	const struct ends *e = &l->ends;
	enum outcome rc;

	if ((rc = check_staging(l, result, c->schema)) != OUTCOME_OK)
		return rc;
	rc = ends_persist(&l->ends, recover_and_renew, c, &result->counts.retries);
	if (rc != OUTCOME_OK) {
		result_fail(result, "cannot find out what the last run has applied");
		return rc;
	}
	result->counts.recovered += c->recovered;
	rc = subscription_purge(&l->ends, c->schema, &result->counts);
	if (rc != OUTCOME_OK)
		result_fail(result, e->target != NULL ? e->ops->reason(e->target)
						      : "the target cannot be reached");
	return rc;
}

static uint64_t count_log(struct lane *l, const struct schema *s, uint64_t bound)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	uint64_t count = 0;

	if (!progress_wants_total(l->frame->progress))
		return 0;
	buf_add(&sql, "SELECT COUNT(*) FROM ");
	db_quote_name(&sql, s->log_table);
	buf_addf(&sql, " WHERE _seq <= %" PRIu64, bound);
	if (db_run(l->ends.db, buf_text(&sql), NULL, 0, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows))
		count = (uint64_t)db_rows_int(rows, 0);
	db_rows_free(&rows);
	buf_free(&sql);
	return count;
}

static void tell_rejects(const struct schema_result *result, uint64_t before)
{
	const struct run_counts *c = &result->counts;

	if (c->rejected + c->held > before)
		log_warn("%s: %" PRIu64 " changes rejected, %" PRIu64
			 " held behind rejected ones: see campaign-admin rejects",
			 result->id, c->rejected, c->held);
}

enum outcome lane_take(struct lane *l, struct schema_result *result)
{
	uint64_t before = result->counts.rejected + result->counts.held;
	struct recovery c = {.ends = &l->ends};
	struct progress_turn progress;
	bool again = true;
	enum outcome rc;

	if ((rc = prepare(l, result, &c)) != OUTCOME_OK)
		return rc;
	if (!c.schema->staged)
		return copy_reference(l, result, c.schema);
	if (!l->frame->options->dry_run && (rc = open_turn(l, result, &c)) != OUTCOME_OK)
		return rc;
	progress_begin(l->frame->progress, &progress, result->id,
		       count_log(l, c.schema, result->bound));
	while (rc == OUTCOME_OK && again) {
		if ((rc = prepare(l, result, &c)) == OUTCOME_OK)
			rc = pass(l, result, &c, &progress, &again);
	}
	progress_end(&progress);
	tell_rejects(result, before);
	return rc;
}
