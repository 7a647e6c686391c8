/* SPDX-License-Identifier: MIT */
/*
 * Changes in, array-bound INSERTs into the staging logs out.  Knows how a change becomes a row,
 * and keeps prepared statements; knows nothing of calls.  One thread.
 */
#ifndef CAMPAIGN_STAGING_INSERTER_H
#define CAMPAIGN_STAGING_INSERTER_H

#include "base/outcome.h"
#include "db/db.h"
#include "staging/change.h"

struct inserter;

/* BATCH_ROWS and BATCH_BYTES: of one statement at most; 0 bytes: half of what the server
 * takes. */
struct inserter *inserter_new(size_t batch_rows, size_t batch_bytes);
void inserter_free(struct inserter **ins); /* after inserter_forget */

/* Borrows CHANGES, and all they point to, until inserter_clear. */
void inserter_add(struct inserter *ins, const struct change *changes, size_t count);
/* Inserts what was added and commits it, each table's rows in the order in which they were
 * added.  REJECTED for a row that the server could never take, with *TOO_BIG.  After a failure
 * a transaction may be open. */
enum outcome inserter_commit(struct inserter *ins, struct db *db, bool *too_big);
/* Drops what was added, inserted or not. */
void inserter_clear(struct inserter *ins);
/* Drops the prepared statements: before the session is closed, and after a failure. */
void inserter_forget(struct inserter *ins);

#endif
