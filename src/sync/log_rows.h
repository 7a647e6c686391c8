/* SPDX-License-Identifier: MIT */
/*
 * What becomes of rows of the log that are settled.  Both functions belong into a staging
 * transaction, and both do the same again without harm: after a COMMIT that was not
 * answered, the transaction is simply repeated.
 */
#ifndef CAMPAIGN_SYNC_LOG_ROWS_H
#define CAMPAIGN_SYNC_LOG_ROWS_H

#include "base/outcome.h"
#include "cloud/target.h"
#include "db/db.h"
#include "schema/model.h"

enum log_rows {
	LOG_ROWS_THERE,	 /* each number was read, and nobody has deleted it since: ranges serve */
	LOG_ROWS_LISTED, /* some may be gone: each number by itself, which takes twice as long */
};

/* Deletes exactly these numbers.  Neither form waits for a row that is not committed. */
enum outcome log_delete(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count, enum log_rows rows);
/* Moves exactly these numbers to the table of rejects. */
enum outcome log_reject(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count);

#endif
