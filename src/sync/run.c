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
#include "sync/progress.h"
#include "sync/recovery.h"
#include "sync/reference.h"
#include "sync/requests.h"
#include "sync/subscription.h"
#include "sync/summary.h"

struct run {
	const struct conf *conf;
	const struct options *options;
	struct ends ends;
	struct registry *registry;
	struct schema_ids named;       /* by the options, as the registry calls them; none: all */
	struct schema_ids requested;   /* with --if-requested */
	struct schema_result *results; /* the schemas of this run, in their order */
	size_t count;
	uint64_t id;
	char message[SUMMARY_MESSAGE_SIZE];
	bool failed;
	bool cut_short; /* by a signal, with work left */
	bool away;	/* a database was: what is left may be possible soon */
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

static bool links_to(const struct run *r, const struct schema *from, const struct schema *to)
{
	for (size_t i = 0; i < from->link_count; i++) {
		if (registry_find(r->registry, from->links[i].target, NULL) == to)
			return true;
	}
	return false;
}

/* A reference table goes with the schemas that link to it, so that their keys find it. */
static bool is_named(const struct run *r, const struct schema *s, const char *id)
{
	const struct schema *named = registry_find(r->registry, id, NULL);

	if (named == s)
		return true;
	return named != NULL && named->staged && s->replicated && links_to(r, named, s);
}

static bool wanted(const struct run *r, const struct schema *s)
{
	const struct schema_ids *ids = r->options->if_requested ? &r->requested : &r->named;

	for (size_t i = 0; i < ids->count; i++) {
		if (*ids->ids[i] == '\0' || is_named(r, s, ids->ids[i]))
			return true;
	}
	return ids->count == 0;
}

static enum sync_exit read_names(struct run *r)
{
	for (size_t i = 0; i < r->options->schema_count; i++) {
		const char *id = r->options->schemas[i];
		const struct schema *s = registry_find(r->registry, id, NULL);

		if (s != NULL && (s->staged || s->replicated)) {
			schema_ids_add(&r->named, s->id);
			continue;
		}
		fprintf(stderr, "campaign-sync: schema '%s' is not %s\n", id,
			s == NULL ? "deployed" : "staged or copied");
		return SYNC_USAGE;
	}
	return SYNC_DONE;
}

/* Reference tables first, then what may point to them (R10.3). */
static void choose(struct run *r)
{
	const struct schema **order = xcalloc(2 * registry_count(r->registry) + 1, sizeof(*order));
	size_t count = registry_replicated_order(r->registry, order);

	count += registry_staged_order(r->registry, order + count);

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

		if (!s->staged)
			continue;
		rc = log_reader_bound(r->ends.db, s, &r->results[i].bound);
		if (rc != OUTCOME_OK)
			schema_failed(r, &r->results[i], db_error(r->ends.db));
		if (rc == OUTCOME_RETRY)
			return rc;
	}
	return OUTCOME_OK;
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
	return turn_end(t);
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
	if (c->schema == NULL || !(c->schema->staged || c->schema->replicated)) {
		schema_failed(r, result, "the schema is no longer staged");
		return OUTCOME_INVALID;
	}
	rc = e->ops->check(e->target, c->schema);
	if (rc != OUTCOME_OK)
		schema_failed(r, result, e->ops->reason(e->target));
	return rc;
}

static enum outcome copy_reference(struct run *r, struct schema_result *result,
				   const struct schema *s)
{
	const struct reference_options options = {
	    .ends = &r->ends,
	    .schema = s,
	    .dry_run = r->options->dry_run,
	    .counts = &result->counts,
	};
	const char *reason = "";
	enum outcome rc;

	rc = reference_copy(&options, &reason);
	if (rc != OUTCOME_OK)
		schema_failed(r, result, reason);
	return rc;
}

/* What comes before the changes. */
static enum outcome open_turn(struct run *r, struct schema_result *result, struct recovery *c)
{
	const struct ends *e = &r->ends;
	enum outcome rc;

	rc = ends_persist(&r->ends, recover_and_renew, c, &result->counts.retries);
	if (rc != OUTCOME_OK) {
		schema_failed(r, result, "cannot find out what the last run has applied");
		return rc;
	}
	result->counts.recovered = c->recovered;
	rc = subscription_purge(&r->ends, c->schema, &result->counts);
	if (rc != OUTCOME_OK)
		schema_failed(r, result,
			      e->target != NULL ? e->ops->reason(e->target)
						: "the target cannot be reached");
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
	struct recovery c = {.ends = &r->ends};
	struct progress progress;
	bool again = true;
	enum outcome rc;

	if ((rc = prepare(r, result, &c)) != OUTCOME_OK)
		return rc;
	if (!c.schema->staged)
		return copy_reference(r, result, c.schema);
	if (!r->options->dry_run && (rc = open_turn(r, result, &c)) != OUTCOME_OK)
		return rc;
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
static enum outcome take_turns(struct run *r)
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
	return rc;
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

/* Requests. */

static enum outcome take_requests(void *context)
{
	struct run *r = context;
	enum outcome rc;

	if ((rc = requests_take(r->ends.db, &r->named)) != OUTCOME_OK)
		return rc;
	return r->options->if_requested ? requests_list(r->ends.db, &r->requested) : OUTCOME_OK;
}

/*
 * They stay for the next run if this one was cut short or a database was away.  A failure that
 * would be the same again is reported, and left to the runs that come anyway.
 */
static void end_requests(struct run *r)
{
	if (r->id == 0 || r->cut_short || r->away)
		return;
	if (ends_open_staging(&r->ends) != OUTCOME_OK ||
	    requests_served(r->ends.db, &r->named) != OUTCOME_OK)
		log_warn("the request for this run stays, and will cause another");
}

static enum sync_exit finish(struct run *r)
{
	struct run_counts total = total_of(r);

	end_requests(r);
	if (r->id != 0 && write_history(r) != OUTCOME_OK)
		run_failed(r, "", "cannot write the history");
	print_summary(r);
	if (r->failed)
		return SYNC_FAILED;
	return total.rejected + total.held > 0 ? SYNC_REJECTS : SYNC_DONE;
}

/* From here on requests are for the next run; then comes the first look at the logs. */
static enum sync_exit run_chosen(struct run *r)
{
	enum outcome rc;

	choose(r);
	if (!r->options->dry_run && history_begin(r->ends.db, &r->id) != OUTCOME_OK)
		return SYNC_FAILED;
	rc = ends_open_target(&r->ends);
	if (rc != OUTCOME_OK)
		run_failed(r, "", "the cloud database cannot be opened");
	else if ((rc = take_bounds(r)) == OUTCOME_OK)
		rc = take_turns(r);
	r->away = rc == OUTCOME_RETRY;
	return finish(r);
}

static enum sync_exit run_locked(struct run *r)
{
	uint64_t retries = 0;
	enum sync_exit status;

	if (ends_open_staging(&r->ends) != OUTCOME_OK ||
	    registry_load(r->ends.db, &r->registry) != OUTCOME_OK)
		return SYNC_FAILED;
	if ((status = read_names(r)) != SYNC_DONE)
		return status;
	if (!r->options->dry_run &&
	    ends_persist(&r->ends, take_requests, r, &retries) != OUTCOME_OK)
		return SYNC_FAILED;
	if (r->options->if_requested && r->requested.count == 0)
		return SYNC_DONE; /* another run was quicker */
	return run_chosen(r);
}

static enum sync_exit run_from_lock(struct run *r, bool waiting)
{
	bool held = false;

	if (!r->options->dry_run && ends_lock(&r->ends, &held) != OUTCOME_OK)
		return SYNC_FAILED;
	if (!held)
		return run_locked(r);
	if (r->options->if_requested && !waiting)
		return SYNC_DONE; /* what is taken is being served */
	if (r->options->if_requested)
		log_info("another run holds the lock; the request waits");
	else
		log_error("another run holds the lock");
	return SYNC_LOCKED;
}

/* Asked every few seconds, so it says nothing and costs one query when there is nothing. */
static enum sync_exit run_if_requested(struct run *r)
{
	bool waiting = false, taken = false;

	if (ends_open_staging(&r->ends) != OUTCOME_OK ||
	    requests_look(r->ends.db, &waiting, &taken) != OUTCOME_OK)
		return SYNC_FAILED;
	return waiting || taken ? run_from_lock(r, waiting) : SYNC_DONE;
}

enum sync_exit run_sync(const struct conf *conf, const struct options *options)
{
	struct options own = *options;
	struct run r = {.conf = conf, .options = &own};
	enum sync_exit status;

	if (own.batch_rows == 0)
		own.batch_rows = conf->sync_batch_rows;
	ends_init(&r.ends, conf, &target_mariadb);
	status = own.if_requested ? run_if_requested(&r) : run_from_lock(&r, true);
	ends_close(&r.ends);
	registry_release(&r.registry);
	schema_ids_free(&r.named);
	schema_ids_free(&r.requested);
	for (size_t i = 0; i < r.count; i++)
		free(r.results[i].id);
	free(r.results);
	return status;
}
