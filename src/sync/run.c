/* SPDX-License-Identifier: MIT */
/* A run from lock to summary; see run.h. */
#include "config.h"

#include "sync/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "schema/registry.h"
#include "sync/batch.h"
#include "sync/ends.h"
#include "sync/history.h"
#include "sync/interrupt.h"
#include "sync/log_reader.h"
#include "sync/log_rows.h"
#include "sync/progress.h"
#include "sync/seqset.h"
#include "sync/summary.h"

static const char sql_log_id[] = "SELECT log_id FROM campaign_schema WHERE id = ?";
static const char sql_renew[] = "UPDATE campaign_schema SET log_id = UUID() WHERE id = ?";

struct run {
	const struct conf *conf;
	const struct options *options;
	struct ends ends;
	struct registry *registry;
	struct schema_result *results; /* the schemas of this run, in their order */
	size_t count;
	uint64_t id;
	char message[SUMMARY_MESSAGE_SIZE];
	bool failed;
	bool cut_short; /* by a signal, with work left */
};

/* The first thing that went wrong is what the run's row says. */
static void run_failed(struct run *r, const char *schema, const char *why)
{
	r->failed = true;
	if (r->message[0] != '\0')
		return;
	snprintf(r->message, sizeof(r->message), "%.130s%s%.360s", schema,
		 schema[0] != '\0' ? ": " : "", why);
}

static void schema_failed(struct run *r, struct schema_result *result, const char *why)
{
	log_escape(result->message, sizeof(result->message), why);
	result->failed = true;
	log_error("%s: %s; its changes stay pending", result->id, result->message);
	run_failed(r, result->id, result->message);
}

/* Choosing the schemas. */

static bool wanted(const struct run *r, const struct schema *s)
{
	if (r->options->schema_count == 0)
		return true;
	for (size_t i = 0; i < r->options->schema_count; i++) {
		if (registry_find(r->registry, r->options->schemas[i], NULL) == s)
			return true;
	}
	return false;
}

static enum sync_exit check_wanted(const struct run *r)
{
	for (size_t i = 0; i < r->options->schema_count; i++) {
		const char *id = r->options->schemas[i];
		const struct schema *s = registry_find(r->registry, id, NULL);

		if (s != NULL && s->staged)
			continue;
		fprintf(stderr, "campaign-sync: schema '%s' is not %s\n", id,
			s == NULL ? "deployed" : "staged");
		return SYNC_USAGE;
	}
	return SYNC_DONE;
}

static void choose(struct run *r)
{
	const struct schema **order = xcalloc(registry_count(r->registry) + 1, sizeof(*order));
	size_t count = registry_staged_order(r->registry, order);

	r->results = xcalloc(count + 1, sizeof(*r->results));
	for (size_t i = 0; i < count; i++) {
		if (wanted(r, order[i]))
			r->results[r->count++].id = xstrdup(order[i]->id);
	}
	free(order);
}

/*
 * A run moves what was staged when it started (R10.5a).  Backwards, so that the bound of a
 * link's target is taken after that of the schema that links to it: a subscription within
 * its bound has its recipient within the recipients'.
 */
static enum outcome take_bounds(struct run *r)
{
	enum outcome rc;

	for (size_t i = r->count; i-- > 0;) {
		const struct schema *s = registry_find(r->registry, r->results[i].id, NULL);

		rc = log_reader_bound(r->ends.db, s, &r->results[i].bound);
		if (rc != OUTCOME_OK)
			schema_failed(r, &r->results[i], db_error(r->ends.db));
		if (rc == OUTCOME_RETRY)
			return rc;
	}
	return OUTCOME_OK;
}

/* The log's id, and what an earlier run has left. */

struct recovery {
	struct run *run;
	const struct schema *schema;
	char log_id[LOG_ID_SIZE];
	uint64_t recovered;
};

static enum outcome read_log_id(struct recovery *c)
{
	struct db_value id = db_text(c->schema->id);
	struct db_rows *rows = NULL;
	enum outcome rc;

	c->log_id[0] = '\0';
	rc = db_run(c->run->ends.db, sql_log_id, &id, 1, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		snprintf(c->log_id, sizeof(c->log_id), "%s", db_rows_text(rows, 0));
	db_rows_free(&rows);
	return rc;
}

/* What the target has committed and the log still holds: a run ended between its two
 * commits (R10.6). */
static enum outcome recover(struct recovery *c)
{
	const struct ends *e = &c->run->ends;
	struct seqset set = {0};
	enum outcome rc;

	if (c->log_id[0] == '\0')
		return OUTCOME_OK;
	rc = e->ops->recorded(e->target, c->log_id, &set.ranges, &set.count);
	if (rc != OUTCOME_OK || set.count == 0)
		return rc;
	if ((rc = db_begin(e->db)) != OUTCOME_OK)
		goto out;
	if ((rc = log_delete(e->db, c->schema, set.ranges, set.count)) != OUTCOME_OK) {
		db_rollback(e->db);
		goto out;
	}
	if ((rc = db_commit(e->db)) != OUTCOME_OK)
		goto out;
	if ((rc = e->ops->forget(e->target, c->log_id)) != OUTCOME_OK)
		goto out;
	c->recovered = seqset_total(&set);
	log_info("%s: %" PRIu64 " changes had been applied by a run that died", c->schema->id,
		 c->recovered);
out:
	seqset_free(&set);
	return rc;
}

/*
 * Each run gives the log a new name towards the target, committed before anything is merged.
 * Numbers alone do not tell a log from one that was dropped and made anew, or restored from a
 * backup: an old record could otherwise be taken for one about new changes that happen to
 * have the same numbers.
 */
static enum outcome renew(struct recovery *c)
{
	struct db_value id = db_text(c->schema->id);
	enum outcome rc;

	rc = db_run(c->run->ends.db, sql_renew, &id, 1, NULL, NULL);
	return rc == OUTCOME_OK ? read_log_id(c) : rc;
}

static enum outcome recover_and_renew(void *context)
{
	struct recovery *c = context;
	enum outcome rc;

	if ((rc = read_log_id(c)) != OUTCOME_OK)
		return rc;
	if ((rc = recover(c)) != OUTCOME_OK)
		return rc;
	return renew(c);
}

/* Turns. */

/* The target's session knows the old schemas by address, so it goes with them. */
static enum outcome reload_registry(void *context)
{
	struct run *r = context;
	struct registry *fresh = NULL;
	enum outcome rc;

	if ((rc = registry_load(r->ends.db, &fresh)) != OUTCOME_OK)
		return rc;
	ends_close_target(&r->ends);
	registry_release(&r->registry);
	r->registry = fresh;
	return ends_open_target(&r->ends);
}

static enum outcome go_through(struct turn *t, struct schema_result *result,
			       struct progress *progress, enum batch_state *state)
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
	turn_end(t);
	return OUTCOME_OK;
}

/* Once through the log up to the bound.  *AGAIN: schemas were deployed meanwhile, or changes
 * wait for others that this pass has applied. */
static enum outcome pass(struct run *r, struct schema_result *result, const struct recovery *c,
			 struct progress *progress, bool *again)
{
	uint64_t merged = result->counts.merged;
	struct turn_options options = {
	    .ends = &r->ends,
	    .registry = r->registry,
	    .schema = c->schema,
	    .bound = result->bound,
	    .batch_rows = r->options->batch_rows,
	    .batch_bytes = r->conf->sync_batch_bytes,
	    .dry_run = r->options->dry_run,
	    .run_id = r->id,
	    .log_id = c->log_id,
	    .counts = &result->counts,
	};
	struct turn *t = turn_new(&options);
	enum batch_state state;
	enum outcome rc;

	rc = go_through(t, result, progress, &state);
	if (rc != OUTCOME_OK)
		schema_failed(r, result, turn_reason(t));
	r->cut_short |= rc == OUTCOME_OK && state != BATCH_END && interrupted();
	result->counts.deferred = turn_deferred(t);
	*again = rc == OUTCOME_OK && !options.dry_run && !interrupted() &&
		 (state == BATCH_STALE ||
		  (result->counts.deferred > 0 && result->counts.merged > merged));
	turn_free(&t);
	if (rc == OUTCOME_OK && state == BATCH_STALE) {
		log_info("%s: schemas were deployed during the run", result->id);
		rc = ends_persist(&r->ends, reload_registry, r, &result->counts.retries);
		if (rc != OUTCOME_OK)
			schema_failed(r, result, "cannot load the schemas anew");
	}
	return rc;
}

static enum outcome prepare(struct run *r, struct schema_result *result, struct recovery *c)
{
	const struct ends *e = &r->ends;
	enum outcome rc;

	c->schema = registry_find(r->registry, result->id, NULL);
	if (c->schema == NULL || !c->schema->staged) {
		schema_failed(r, result, "the schema is no longer staged");
		return OUTCOME_INVALID;
	}
	rc = e->ops->check(e->target, c->schema);
	if (rc != OUTCOME_OK)
		schema_failed(r, result, e->ops->reason(e->target));
	return rc;
}

static uint64_t count_log(struct run *r, const struct schema *s, uint64_t bound)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	uint64_t count = 0;

	if (!progress_wants_total(r->options->quiet))
		return 0;
	buf_add(&sql, "SELECT COUNT(*) FROM ");
	db_quote_name(&sql, s->log_table);
	buf_addf(&sql, " WHERE _seq <= %" PRIu64, bound);
	if (db_run(r->ends.db, buf_text(&sql), NULL, 0, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows))
		count = (uint64_t)db_rows_int(rows, 0);
	db_rows_free(&rows);
	buf_free(&sql);
	return count;
}

static void tell_rejects(const struct schema_result *result)
{
	const struct run_counts *c = &result->counts;

	if (c->rejected + c->held > 0)
		log_warn("%s: %" PRIu64 " changes rejected, %" PRIu64
			 " held behind rejected ones: see campaign-admin rejects",
			 result->id, c->rejected, c->held);
}

static enum outcome take_turn(struct run *r, struct schema_result *result)
{
	struct recovery c = {.run = r};
	struct progress progress;
	bool again = true;
	enum outcome rc;

	if ((rc = prepare(r, result, &c)) != OUTCOME_OK)
		return rc;
	if (!r->options->dry_run) {
		rc = ends_persist(&r->ends, recover_and_renew, &c, &result->counts.retries);
		if (rc != OUTCOME_OK) {
			schema_failed(r, result, "cannot find out what the last run has applied");
			return rc;
		}
		result->counts.recovered = c.recovered;
	}
	progress_begin(&progress, result->id, count_log(r, c.schema, result->bound),
		       r->options->quiet);
	while (rc == OUTCOME_OK && again) {
		if ((rc = prepare(r, result, &c)) == OUTCOME_OK)
			rc = pass(r, result, &c, &progress, &again);
	}
	progress_end(&progress);
	tell_rejects(result);
	return rc;
}

/* A schema that fails leaves the others alone; a database that is away ends the run. */
static void take_turns(struct run *r)
{
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; i < r->count && rc != OUTCOME_RETRY; i++) {
		if (interrupted())
			r->cut_short = true;
		else if (!r->results[i].failed)
			rc = take_turn(r, &r->results[i]);
	}
	if (r->cut_short) {
		log_warn("interrupted: what is not merged stays pending");
		run_failed(r, "", "interrupted");
	}
}

/* The end. */

static struct run_counts total_of(const struct run *r)
{
	struct run_counts total = {0};

	for (size_t i = 0; i < r->count; i++)
		run_counts_add(&total, &r->results[i].counts);
	return total;
}

static const char *outcome_of(const struct run *r)
{
	struct run_counts total = total_of(r);

	if (r->failed)
		return "failed";
	return total.rejected + total.held > 0 ? "rejects" : "done";
}

static enum outcome write_history(void *context)
{
	struct run *r = context;
	enum outcome rc;

	if ((rc = ends_open_staging(&r->ends)) != OUTCOME_OK)
		return rc;
	for (size_t i = 0; i < r->count; i++) {
		rc = history_schema(r->ends.db, r->id, r->results[i].id, &r->results[i].counts);
		if (rc != OUTCOME_OK)
			return rc;
	}
	rc = history_end(r->ends.db, r->id, outcome_of(r), r->message);
	return rc == OUTCOME_OK ? history_prune(r->ends.db, r->conf->history_days) : rc;
}

static void print_summary(const struct run *r)
{
	struct summary s = {
	    .run_id = r->id,
	    .dry_run = r->options->dry_run,
	    .outcome = outcome_of(r),
	    .message = r->message,
	    .results = r->results,
	    .count = r->count,
	};

	if (r->options->json)
		summary_json(&s);
	else if (!r->options->quiet)
		summary_text(&s);
}

static enum sync_exit finish(struct run *r)
{
	struct run_counts total = total_of(r);

	if (r->id != 0 && write_history(r) != OUTCOME_OK)
		run_failed(r, "", "cannot write the history");
	print_summary(r);
	if (r->failed)
		return SYNC_FAILED;
	return total.rejected + total.held > 0 ? SYNC_REJECTS : SYNC_DONE;
}

static enum sync_exit run_locked(struct run *r)
{
	enum sync_exit status;

	if (ends_open_staging(&r->ends) != OUTCOME_OK ||
	    registry_load(r->ends.db, &r->registry) != OUTCOME_OK)
		return SYNC_FAILED;
	if ((status = check_wanted(r)) != SYNC_DONE)
		return status;
	choose(r);
	if (!r->options->dry_run && history_begin(r->ends.db, &r->id) != OUTCOME_OK)
		return SYNC_FAILED;
	if (ends_open_target(&r->ends) != OUTCOME_OK)
		run_failed(r, "", "the cloud database cannot be opened");
	else if (take_bounds(r) == OUTCOME_OK)
		take_turns(r);
	return finish(r);
}

static enum sync_exit run_from_lock(struct run *r)
{
	bool held = false;

	if (!r->options->dry_run && ends_lock(&r->ends, &held) != OUTCOME_OK)
		return SYNC_FAILED;
	if (!held)
		return run_locked(r);
	log_error("another run holds the lock");
	return SYNC_LOCKED;
}

enum sync_exit run_sync(const struct conf *conf, const struct options *options)
{
	struct options own = *options;
	struct run r = {.conf = conf, .options = &own};
	enum sync_exit status;

	if (own.batch_rows == 0)
		own.batch_rows = conf->sync_batch_rows;
	ends_init(&r.ends, conf, &target_mariadb);
	status = run_from_lock(&r);
	ends_close(&r.ends);
	registry_release(&r.registry);
	for (size_t i = 0; i < r.count; i++)
		free(r.results[i].id);
	free(r.results);
	return status;
}
