/* SPDX-License-Identifier: MIT */
/*
 * The staging side of a turn: reading a batch and settling one that is applied.  While the
 * target merges a batch, a second thread with a session of its own settles the batch before
 * it, reads the one behind it, folds its first run and loads that at the target; never more
 * than one each, so memory stays bounded.
 *
 * It only saves time.  It tries everything once; what it did not manage the main thread does
 * again, with all the patience that ends.h has.  All of it may be done twice.
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

/* A batch and the schemas' version as it was after its rows were read: a change that names a
 * new attribute was staged after its schema was deployed, so a version that is still the
 * registry's says that we know every attribute in these rows. */
struct ahead_batch {
	struct log_batch log;
	uint64_t version;
	uint64_t arrived; /* changes, since the batch before was read */
	/* The first run, folded as if nothing in it were to be put aside, and its records side by
	 * side; FOLDED: how many changes it took, 0 if it is still to be folded. */
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
	struct run_counts counts; /* for the history, as they stood then */
};

/* What a turn reads with; one thread at a time. */
struct batch_source {
	struct log_reader *reader;
	struct arrivals *arrivals;
};

enum outcome batch_read(struct db *db, const struct turn_options *o,
			const struct batch_source *source, uint64_t after,
			struct ahead_batch *batch);
/* One transaction: what was applied goes, REJECTS (may be NULL) are moved, the counts are
 * written. */
enum outcome batch_settle(struct db *db, const struct turn_options *o, const struct settlement *s,
			  const struct rejects *rejects, enum log_rows rows);

struct ahead;

/* OPTIONS and SOURCE outlive it. */
struct ahead *ahead_new(const struct turn_options *options, const struct batch_source *source);
void ahead_free(struct ahead **a); /* waits */

/* SETTLE (NULL: nothing), and then read behind the number AFTER into NEXT (NULL: nothing), and load
 * it.  Until ahead_wait all of them, the source, and the ends' target as far as target.h says so
 * belong to the other thread: the target must not be closed. */
void ahead_start(struct ahead *a, const struct settlement *settle, uint64_t after,
		 struct ahead_batch *next);
/* Waits for what was started, and tells what it managed; false if nothing was. */
bool ahead_wait(struct ahead *a, bool *settled, bool *read);

#endif
