/* SPDX-License-Identifier: MIT */
/*
 * The staging side of a batch: reading it from the staging log, and settling it once it is
 * applied. While the main thread merges a batch at the target, a prefetch thread with its own
 * staging session settles the previous batch, reads the next one, folds its first run and loads
 * that run at the target. It handles at most one batch of each kind, so memory stays bounded.
 *
 * The prefetch thread tries each step once and never retries. The main thread repeats a step
 * that failed, with the retry policy of ends.h. Every step may be repeated without harm.
 */
#ifndef CAMPAIGN_SYNC_AHEAD_H
#define CAMPAIGN_SYNC_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "cloud/seqset.h"
#include "db/db.h"
#include "sync/arrivals.h"
#include "sync/batch.h"
#include "sync/fold.h"
#include "sync/history.h"
#include "sync/log_reader.h"
#include "sync/log_rows.h"
#include "sync/reject.h"

/* A batch, and the version of the schemas as recorded after its rows were read. A change with a
 * new attribute is staged only after its schema was deployed. So if VERSION equals the
 * registry's version, the registry knows every attribute in these rows. */
struct ahead_batch {
	struct log_batch log;
	uint64_t version;
	uint64_t arrived; /* changes staged since the previous batch was read */
	/* The first run, folded as if no change in it were put aside, and an array of its
	 * records. FOLDED is the number of changes in that run; 0 means that it is not folded
	 * yet. */
	struct fold *fold;
	size_t folded;
	struct merge_record *records;
	size_t size;
};

struct ahead_batch *ahead_batch_new(const struct schema *s);
void ahead_batch_free(struct ahead_batch **batch);
/* Folds one run from the start of CHANGES (fold_run) and lists its records. */
size_t ahead_batch_fold(struct ahead_batch *batch, const struct fold_change *changes, size_t count);

struct settlement {
	struct seqset applied;
	struct run_counts counts; /* for the history, as of this batch */
};

/* The readers of a turn. One thread uses it at a time. */
struct batch_source {
	struct log_reader *reader;
	struct arrivals *arrivals;
};

enum outcome batch_read(struct db *db, const struct turn_options *o,
			const struct batch_source *source, uint64_t after,
			struct ahead_batch *batch);
/* One staging transaction: deletes the applied changes from the log, moves REJECTS (NULL: none)
 * to the reject table, and writes the counts. */
enum outcome batch_settle(struct db *db, const struct turn_options *o, const struct settlement *s,
			  const struct rejects *rejects, enum log_rows rows);

struct ahead;

/* OPTIONS and SOURCE must outlive it. */
struct ahead *ahead_new(const struct turn_options *options, const struct batch_source *source);
void ahead_free(struct ahead **a); /* waits for the running task */

/* Starts the prefetch thread. It settles SETTLE (NULL: nothing), then reads the batch after the
 * number AFTER into NEXT (NULL: nothing) and loads it at the target. Until ahead_wait returns,
 * the prefetch thread owns SETTLE, NEXT and the source, and the part of the target session that
 * target.h names. The caller must not close the target before. */
void ahead_start(struct ahead *a, const struct settlement *settle, uint64_t after,
		 struct ahead_batch *next);
/* Waits for the task and reports which steps succeeded. Returns false if no task was running. */
bool ahead_wait(struct ahead *a, bool *settled, bool *read);

#endif
