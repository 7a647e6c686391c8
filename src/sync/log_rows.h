/* SPDX-License-Identifier: MIT */
/*
 * Deletes or moves rows of the staging log that are settled. Both functions must run in a
 * staging transaction. Repeating them is harmless: after a COMMIT that was not answered, the
 * caller repeats the transaction.
 */
#ifndef CAMPAIGN_SYNC_LOG_ROWS_H
#define CAMPAIGN_SYNC_LOG_ROWS_H

#include "base/outcome.h"
#include "cloud/target.h"
#include "db/db.h"
#include "schema/model.h"

enum log_rows {
	LOG_ROWS_THERE,	 /* every number was read and still exists: ranges are allowed */
	LOG_ROWS_LISTED, /* some rows may be deleted: list each number, twice as slow */
};

/* Deletes exactly these numbers. It waits for no uncommitted row, with either value of ROWS. */
enum outcome log_delete(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count, enum log_rows rows);
/* Moves exactly these numbers to the reject table. */
enum outcome log_reject(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count);

#endif
