/* SPDX-License-Identifier: MIT */
/* A run, from the lock to the summary; see run.h. */
#include "config.h"

#include "sync/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "schema/registry.h"
#include "sync/history.h"
#include "sync/interrupt.h"
#include "sync/lanes.h"
#include "sync/log_reader.h"
#include "sync/named.h"
#include "sync/order.h"
#include "sync/requests.h"
#include "sync/rounds.h"
#include "sync/summary.h"

struct run {
	struct lane_frame frame;
	struct lane lane;	       /* the first worker, in the main thread */
	struct schema_ids named;       /* from the options, as ids; none: all */
	struct schema_ids requested;   /* with --if-requested */
	struct schema_result *results; /* the schemas of this run, in their order */
	size_t count;
	bool all;	    /* the run includes all schemas */
	int64_t started_ms; /* monotonic */
	char message[RESULT_MESSAGE_SIZE];
	bool failed;
	bool cut_short; /* a signal ended the run, and work is left */
	bool away;	/* a database could not be reached: a run may succeed soon */
};

/* Marks the run as failed. The history keeps the first failure. */
static void run_failed(struct run *r, const char *schema, const char *why)
{
	r->failed = true;
	if (r->message[0] != '\0')
		return;
	snprintf(r->message, sizeof(r->message), "%.130s%s%.360s", schema,
		 schema[0] != '\0' ? ": " : "", why);
}

/* ---- choosing the schemas ---- */

/* A reference table is included with the schemas that link to it, so that their keys find its
 * rows. */
static bool is_named(const struct run *r, const struct schema *s, const char *id)
{
	const struct schema *named = registry_find(r->lane.registry, id, NULL);

	if (named == s)
		return true;
	return named != NULL && named->staged && s->replicated &&
	       order_links(r->lane.registry, named, s);
}

static bool wanted(const struct run *r, const struct schema *s)
{
	const struct schema_ids *ids = r->frame.options->if_requested ? &r->requested : &r->named;

	for (size_t i = 0; i < ids->count; i++) {
		if (*ids->ids[i] == '\0' || is_named(r, s, ids->ids[i]))
			return true;
	}
	return ids->count == 0;
}

static enum sync_exit read_names(struct run *r)
{
	for (size_t i = 0; i < r->frame.options->schema_count; i++) {
		const struct schema *s =
		    named_schema(r->lane.registry, r->frame.options->schemas[i]);

		if (s == NULL)
			return SYNC_USAGE;
		schema_ids_add(&r->named, s->id);
	}
	return SYNC_DONE;
}

/* Chooses the schemas: reference tables first, then the schemas that may refer to them (R10.3). */
static void choose(struct run *r)
{
	const struct schema **order =
	    xcalloc(2 * registry_count(r->lane.registry) + 1, sizeof(*order));
	size_t count = registry_replicated_order(r->lane.registry, order);

	count += registry_staged_order(r->lane.registry, order + count);

	r->results = xcalloc(count + 1, sizeof(*r->results));
	for (size_t i = 0; i < count; i++) {
		if (wanted(r, order[i]))
			r->results[r->count++].id = xstrdup(order[i]->id);
	}
	r->all = r->count == count;
	free(order);
}

/* Warns about a section for a schema that is not deployed: that section has no effect. */
static void look_at_conf(const struct run *r)
{
	const struct conf *conf = r->frame.conf;

	for (size_t i = 0; i < conf->cloud_schema_count; i++) {
		const struct schema *s =
		    registry_find(r->lane.registry, conf->cloud_schemas[i].id, NULL);

		if (s == NULL || strcmp(s->id, conf->cloud_schemas[i].id) != 0)
			log_warn(
			    "the configuration has a section [cloud %s], and no such schema is "
			    "deployed",
			    conf->cloud_schemas[i].id);
	}
}

/* Takes the early bounds, before all other bounds. A change that a client staged before a change
 * with a number up to an early bound is within the bounds of this run, whatever its schema. */
static enum outcome take_early_bounds(struct run *r)
{
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; i < r->count && rc != OUTCOME_RETRY; i++) {
		const struct schema *s = registry_find(r->lane.registry, r->results[i].id, NULL);

		if (s->staged)
			rc = log_reader_bound(r->lane.ends.db, s, &r->results[i].early_bound);
	}
	return rc == OUTCOME_RETRY ? rc : OUTCOME_OK; /* the bound fails too and is reported */
}

/*
 * Takes the bounds: a run moves only changes that were staged before it started (R10.5a). It
 * takes them in reverse order, so that the bound of a link's target is taken after the bound of
 * the schema with the link. So if a subscription is within its bound, its recipient is within
 * the bound of the recipients.
 */
static enum outcome take_bounds(struct run *r)
{
	enum outcome rc;

	if ((rc = take_early_bounds(r)) != OUTCOME_OK)
		return rc;
	for (size_t i = r->count; i-- > 0;) {
		const struct schema *s = registry_find(r->lane.registry, r->results[i].id, NULL);

		if (!s->staged)
			continue;
		rc = log_reader_bound(r->lane.ends.db, s, &r->results[i].bound);
		if (rc != OUTCOME_OK)
			result_fail(&r->results[i], db_error(r->lane.ends.db));
		if (rc == OUTCOME_RETRY)
			return rc;
	}
	return OUTCOME_OK;
}

/* ---- the end of a run ---- */

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

	if ((rc = ends_open_staging(&r->lane.ends)) != OUTCOME_OK)
		return rc;
	for (size_t i = 0; i < r->count; i++) {
		rc = history_schema(r->lane.ends.db, r->frame.run_id, r->results[i].id,
				    &r->results[i].counts);
		if (rc != OUTCOME_OK)
			return rc;
	}
	rc = history_end(r->lane.ends.db, r->frame.run_id, outcome_of(r), r->message);
	return rc == OUTCOME_OK ? history_prune(r->lane.ends.db, r->frame.conf->history_days) : rc;
}

static void print_summary(const struct run *r)
{
	struct summary s = {
	    .run_id = r->frame.run_id,
	    .dry_run = r->frame.options->dry_run,
	    .outcome = outcome_of(r),
	    .message = r->message,
	    .milliseconds = (uint64_t)(clock_monotonic_ms() - r->started_ms),
	    .results = r->results,
	    .count = r->count,
	};

	if (r->frame.options->json)
		summary_json(&s);
	else if (!r->frame.options->quiet)
		summary_text(&s);
}

/* ---- requests ---- */

static enum outcome take_requests(void *context)
{
	struct run *r = context;
	enum outcome rc;

	if ((rc = requests_take(r->lane.ends.db, &r->named)) != OUTCOME_OK)
		return rc;
	return r->frame.options->if_requested ? requests_list(r->lane.ends.db, &r->requested)
					      : OUTCOME_OK;
}

/*
 * The requests remain for the next run if a signal ended this one or a database could not be
 * reached. After any other failure, which would probably recur, they are deleted; the scheduled
 * runs try again.
 */
static void end_requests(struct run *r)
{
	if (r->frame.run_id == 0 || r->cut_short || r->away)
		return;
	if (ends_open_staging(&r->lane.ends) != OUTCOME_OK ||
	    requests_served(r->lane.ends.db, &r->named) != OUTCOME_OK)
		log_warn("the request for this run stays, and will cause another");
}

/* The first failed schema gives the run's message. */
static void gather_failures(struct run *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->results[i].failed)
			run_failed(r, r->results[i].id, r->results[i].message);
	}
	if (!r->cut_short)
		return;
	log_warn("interrupted: what is not merged stays pending");
	run_failed(r, "", "interrupted");
}

static enum sync_exit finish(struct run *r)
{
	struct run_counts total = total_of(r);

	gather_failures(r);
	end_requests(r);
	if (r->frame.run_id != 0 && write_history(r) != OUTCOME_OK)
		run_failed(r, "", "cannot write the history");
	print_summary(r);
	if (r->failed)
		return SYNC_FAILED;
	return total.rejected + total.held > 0 ? SYNC_REJECTS : SYNC_DONE;
}

/* Opens the target and waits until transactions of a killed run have ended, before anything is
 * read. */
static enum outcome open_target(struct run *r)
{
	struct ends *e = &r->lane.ends;
	enum outcome rc = ends_open_target(e);

	if (rc == OUTCOME_OK && !r->frame.options->dry_run)
		rc = e->ops->await_others(e->target, LANES_MAX);
	if (rc != OUTCOME_OK)
		run_failed(r, "", "the cloud database cannot be opened");
	return rc;
}

static enum outcome take_turns(struct run *r)
{
	struct rounds rounds = {
	    .first = &r->lane,
	    .results = r->results,
	    .count = r->count,
	    .all = r->all,
	};
	enum outcome rc;

	r->frame.progress = progress_new("changes", r->frame.options->quiet);
	rc = rounds_run(&rounds);
	r->cut_short = rounds.cut_short;
	progress_free(&r->frame.progress);
	return rc;
}

/* Requests were taken before this point; later ones are for the next run. The logs are first
 * read after it. */
static enum sync_exit run_chosen(struct run *r)
{
	enum outcome rc;

	look_at_conf(r);
	choose(r);
	if (!r->frame.options->dry_run &&
	    history_begin(r->lane.ends.db, &r->frame.run_id) != OUTCOME_OK)
		return SYNC_FAILED;
	r->lane.ends.run = r->frame.run_id;
	if ((rc = open_target(r)) == OUTCOME_OK && (rc = take_bounds(r)) == OUTCOME_OK)
		rc = take_turns(r);
	r->away = rc == OUTCOME_RETRY;
	return finish(r);
}

static enum sync_exit run_locked(struct run *r)
{
	uint64_t retries = 0;
	enum sync_exit status;

	if (ends_open_staging(&r->lane.ends) != OUTCOME_OK ||
	    registry_load(r->lane.ends.db, &r->lane.registry) != OUTCOME_OK)
		return SYNC_FAILED;
	if ((status = read_names(r)) != SYNC_DONE)
		return status;
	if (!r->frame.options->dry_run &&
	    ends_persist(&r->lane.ends, take_requests, r, &retries) != OUTCOME_OK)
		return SYNC_FAILED;
	if (r->frame.options->if_requested && r->requested.count == 0)
		return SYNC_DONE; /* another run has served the requests */
	return run_chosen(r);
}

static enum sync_exit run_from_lock(struct run *r, bool waiting)
{
	bool held = false;

	if (!r->frame.options->dry_run && run_lock_take(r->lane.ends.lock, &held) != OUTCOME_OK)
		return SYNC_FAILED;
	r->started_ms = clock_monotonic_ms();
	if (!held)
		return run_locked(r);
	if (r->frame.options->if_requested && !waiting)
		return SYNC_DONE; /* the other run serves the taken requests */
	if (r->frame.options->if_requested)
		log_info("another run holds the lock; the request waits");
	else
		log_error("another run holds the lock");
	return SYNC_LOCKED;
}

/* A timer calls this every few seconds, so without a request it prints nothing and makes one
 * query. */
static enum sync_exit run_if_requested(struct run *r)
{
	bool waiting = false, taken = false;

	if (ends_open_staging(&r->lane.ends) != OUTCOME_OK ||
	    requests_look(r->lane.ends.db, &waiting, &taken) != OUTCOME_OK)
		return SYNC_FAILED;
	return waiting || taken ? run_from_lock(r, waiting) : SYNC_DONE;
}

enum sync_exit run_sync(const struct conf *conf, const struct options *options)
{
	struct options own = *options;
	struct run r = {0};
	enum sync_exit status;

	if (own.batch_rows == 0)
		own.batch_rows = conf->sync_batch_rows;
	if (own.jobs == 0)
		own.jobs = conf->sync_jobs;
	r.frame = (struct lane_frame){.conf = conf, .options = &own, .lanes = 1};
	r.lane.frame = &r.frame;
	ends_init(&r.lane.ends, conf, &target_mariadb, 0);
	r.lane.ends.lock = run_lock_new(&r.lane.ends.login);
	status = own.if_requested ? run_if_requested(&r) : run_from_lock(&r, true);
	lane_close(&r.lane);
	run_lock_free(&r.lane.ends.lock);
	schema_ids_free(&r.named);
	schema_ids_free(&r.requested);
	for (size_t i = 0; i < r.count; i++)
		free(r.results[i].id);
	free(r.results);
	return status;
}
