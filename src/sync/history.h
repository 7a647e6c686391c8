/* SPDX-License-Identifier: MIT */
/* What a run leaves behind to be looked at: campaign_run and campaign_run_schema. */
#ifndef CAMPAIGN_SYNC_HISTORY_H
#define CAMPAIGN_SYNC_HISTORY_H

#include <stdint.h>

#include "base/outcome.h"
#include "db/db.h"

struct run_counts {	  /* of one schema, or all of them */
	uint64_t changes; /* settled: merged + rejected + held */
	uint64_t merged;  /* changes applied */
	uint64_t inserted, updated, deleted;
	uint64_t rejected, held;
	uint64_t several;   /* keys that matched more than one cloud row: R10.4 */
	uint64_t deferred;  /* left for the next run: their link's target is still staged */
	uint64_t waiting;   /* likewise: other rows refer to theirs */
	uint64_t recovered; /* of a run that died between its two commits */
	uint64_t retries;   /* batches that were repeated */
	uint64_t milliseconds;
};

void run_counts_add(struct run_counts *sum, const struct run_counts *more);

/* The caller holds the lock, so a run that still counts as running has died: it is marked. */
enum outcome history_begin(struct db *db, uint64_t *run_id);
/*
 * Counts a batch that DB's session has just read from the log.  A row can be seen before it lasts:
 * its commit is visible to others while it waits to be written.  If the server died then, its
 * number could be given to another change, which would be taken for the one that was read.  When
 * this is committed, in the same session, whatever was read before lasts as well.
 */
enum outcome history_batch(struct db *db, uint64_t run_id, const char *schema_id);
/* Writes the counts as they stand; the same again does no harm. */
enum outcome history_schema(struct db *db, uint64_t run_id, const char *schema_id,
			    const struct run_counts *counts);
enum outcome history_end(struct db *db, uint64_t run_id, const char *outcome, const char *message);
/* Runs older than DAYS, and sessions that ended or expired more than a day ago. */
enum outcome history_prune(struct db *db, unsigned days);

#endif
