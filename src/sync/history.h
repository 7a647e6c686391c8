/* SPDX-License-Identifier: MIT */
/* The history of runs, for operators: campaign_run and campaign_run_schema. */
#ifndef CAMPAIGN_SYNC_HISTORY_H
#define CAMPAIGN_SYNC_HISTORY_H

#include <stdint.h>

#include "base/outcome.h"
#include "db/db.h"

struct run_counts {	  /* of one schema, or of the whole run */
	uint64_t changes; /* settled: merged + rejected + held */
	uint64_t merged;  /* changes applied */
	uint64_t inserted, updated, deleted;
	uint64_t rejected, held;
	uint64_t several;  /* keys that matched more than one cloud row: R10.4 */
	uint64_t deferred; /* left for the next run: the target row of their link is still staged */
	uint64_t waiting;  /* left for the next run: other rows refer to their row */
	uint64_t recovered; /* applied by a run that died between its two commits */
	uint64_t retries;   /* batches that were repeated */
	uint64_t milliseconds;
};

void run_counts_add(struct run_counts *sum, const struct run_counts *more);

/* Begins a run. The caller holds the run lock, so any run that is still marked as running has
 * died; it is marked as failed. */
enum outcome history_begin(struct db *db, uint64_t *run_id);
/*
 * Counts a batch that DB's session has just read from the log. A row can be visible before it is
 * durable: its commit is visible to other sessions while it waits for the flush. If the server
 * crashed then, another change could get the same number and would be taken for the one that was
 * read. When this statement is committed in the same session, every row read before is durable
 * too.
 */
enum outcome history_batch(struct db *db, uint64_t run_id, const char *schema_id);
/* Writes the current counts. Repeating it is harmless. */
enum outcome history_schema(struct db *db, uint64_t run_id, const char *schema_id,
			    const struct run_counts *counts);
enum outcome history_end(struct db *db, uint64_t run_id, const char *outcome, const char *message);
/* Deletes runs and audit entries older than DAYS, and sessions that ended or expired more than a
 * day ago. */
enum outcome history_prune(struct db *db, unsigned days);

#endif
