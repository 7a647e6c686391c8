/* SPDX-License-Identifier: MIT */
/*
 * A turn is a worker's processing of one schema in a run. It goes through the schema's staging
 * log in batches. Each batch is read, folded, merged and recorded in one target transaction, and
 * then settled in one staging transaction, which deletes the applied changes and moves the
 * rejected ones. While a batch is merged, the prefetch thread reads the next one and settles the
 * previous one (ahead.h).
 */
#ifndef CAMPAIGN_SYNC_BATCH_H
#define CAMPAIGN_SYNC_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "schema/registry.h"
#include "sync/ends.h"
#include "sync/history.h"

#define LOG_ID_SIZE 37

enum batch_state {
	BATCH_DONE,  /* the log may hold more changes */
	BATCH_END,   /* the log holds no more changes up to the bound */
	BATCH_STALE, /* schemas were deployed since the registry was loaded: reload it */
};

struct turn;

struct turn_options {
	struct ends *ends;
	const struct registry *registry;
	const struct schema *schema;
	uint64_t bound;
	/* A change up to this number is rejected if other rows refer to its row. A later change
	 * waits. */
	uint64_t reject_up_to;
	size_t batch_rows, batch_bytes;
	bool dry_run;
	uint64_t run_id;
	const char *log_id;	   /* created anew for this run */
	struct run_counts *counts; /* the turn adds to these counts */
	const atomic_uint *busy;   /* the number of workers that merge, including this one */
};

struct turn *turn_new(const struct turn_options *options);
void turn_free(struct turn **t);
/* Call it before the first batch. */
enum outcome turn_begin(struct turn *t);
enum outcome turn_batch(struct turn *t, enum batch_state *state);
/* The reason for the last failure. */
const char *turn_reason(const struct turn *t);
/* Call it after the last batch. Settles the applied changes and lets the target delete its
 * record of them. If it fails, the next run repeats it. */
enum outcome turn_end(struct turn *t);
/* The number of this turn's changes that wait for the target row of a link, and of those that
 * wait because other rows refer to their row. */
uint64_t turn_deferred(const struct turn *t);
uint64_t turn_waiting(const struct turn *t);
/* The database's reason, if changes were refused for an unknown cause and no row could be
 * written in this run: these changes stay in the log, and the schema fails (narrow.h). NULL
 * otherwise. */
const char *turn_doubt(const struct turn *t);

#endif
