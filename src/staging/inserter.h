/* SPDX-License-Identifier: MIT */
/*
 * Writes changes to the staging logs with array-bound INSERTs.  It knows how a change becomes a
 * row, and keeps prepared statements; it knows nothing of calls.  One thread may use it at a time.
 */
#ifndef CAMPAIGN_STAGING_INSERTER_H
#define CAMPAIGN_STAGING_INSERTER_H

#include "base/outcome.h"
#include "db/db.h"
#include "staging/change.h"

struct inserter;

/* BATCH_ROWS and BATCH_BYTES limit one execution of a statement.  BATCH_BYTES 0: half of the
 * server's max_allowed_packet. */
struct inserter *inserter_new(size_t batch_rows, size_t batch_bytes);
void inserter_free(struct inserter **ins); /* after inserter_forget, or while the session is open */

/* Borrows CHANGES, and all that they point to, until inserter_clear. */
void inserter_add(struct inserter *ins, const struct change *changes, size_t count);
/* Inserts and commits the added rows, those of each table in the order in which they were added.
 * REJECTED with *TOO_BIG: a row is too large for the server.  After a failure a transaction may be
 * open. */
enum outcome inserter_commit(struct inserter *ins, struct db *db, bool *too_big);
/* Drops the added rows, whether they are inserted or not. */
void inserter_clear(struct inserter *ins);
/* Closes the prepared statements.  Call it before the session is closed, and after a failure other
 * than REJECTED. */
void inserter_forget(struct inserter *ins);

#endif
