/* SPDX-License-Identifier: MIT */
/*
 * Reads one schema's log in _seq order, a batch at a time, bounded by rows and by bytes, and
 * turns each row into a struct fold_change.  A row that cannot be understood (a key that the
 * schema no longer has) is handed out with its `problem`; it is the caller's to reject.
 *
 * The reader goes up to the bound that it was given and no further (R10.5a).  A smaller
 * number that a slow transaction commits behind the cursor is not seen: it belongs to the
 * next run (R8.9).
 */
#ifndef CAMPAIGN_SYNC_LOG_READER_H
#define CAMPAIGN_SYNC_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "db/db.h"
#include "sync/fold.h"

/* Rows of the log as changes; zero-initialise it. */
struct log_batch {
	struct fold_change *changes;
	size_t count;
	uint64_t last; /* number that the next batch comes behind */
	bool end;      /* nothing is left behind it, up to the bound */
	size_t size;
	struct arena *arena; /* what the changes point to */
};

void log_batch_free(struct log_batch *b);

struct log_reader;

/* The largest number in S's log, 0 if it is empty. */
enum outcome log_reader_bound(struct db *db, const struct schema *s, uint64_t *bound);

struct log_reader *log_reader_new(const struct schema *s, uint64_t bound, size_t rows,
				  size_t bytes);
void log_reader_free(struct log_reader **r);

/* Reads the batch behind the number AFTER into B, whatever was there; its count is 0 at the
 * end.  One thread at a time. */
enum outcome log_reader_read(struct log_reader *r, struct db *db, uint64_t after,
			     struct log_batch *b);

#endif
