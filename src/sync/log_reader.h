/* SPDX-License-Identifier: MIT */
/*
 * Reads one schema's staging log in _seq order, in batches bounded by rows and by bytes, and
 * turns each row into a struct fold_change. A row that cannot be interpreted (for example a key
 * field that the schema no longer has) is returned with its `problem`; the caller rejects it.
 *
 * The reader does not read beyond its bound (R10.5a). A slow transaction may commit a smaller
 * number behind the cursor. The reader does not see that change; the next run applies it (R8.9).
 */
#ifndef CAMPAIGN_SYNC_LOG_READER_H
#define CAMPAIGN_SYNC_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "db/db.h"
#include "sync/fold.h"

/* Rows of the log as changes. Zero-initialise it. */
struct log_batch {
	struct fold_change *changes;
	size_t count;
	uint64_t last; /* the next batch begins after this number */
	bool end;      /* no row follows this batch up to the bound */
	size_t size;
	struct arena *arena; /* owns everything that the changes point to */
};

void log_batch_free(struct log_batch *b);

struct log_reader;

/* Sets *BOUND to the largest number in the log of S, 0 if the log is empty. */
enum outcome log_reader_bound(struct db *db, const struct schema *s, uint64_t *bound);

struct log_reader *log_reader_new(const struct schema *s, uint64_t bound, size_t rows,
				  size_t bytes);
void log_reader_free(struct log_reader **r);

/* Reads the batch after the number AFTER into B and replaces its contents. B's count is 0 at the
 * end of the log. One thread may call it at a time. */
enum outcome log_reader_read(struct log_reader *r, struct db *db, uint64_t after,
			     struct log_batch *b);

#endif
