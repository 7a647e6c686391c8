/* SPDX-License-Identifier: MIT */
/*
 * The rejects of one schema: the records that have one, and the rejects of the current batch. A
 * reject holds later changes of the same record, and no others (R10.5).
 */
#ifndef CAMPAIGN_SYNC_REJECT_H
#define CAMPAIGN_SYNC_REJECT_H

#include "base/outcome.h"
#include "db/db.h"
#include "sync/fold.h"

#define REJECT_REASON_SIZE 501

struct rejects;

struct rejects *rejects_new(const struct schema *s);
void rejects_free(struct rejects **r);
/* Loads the records that have rejects already. */
enum outcome rejects_load(struct rejects *r, struct db *db);

/* Returns the number of the record's first rejected change, 0 if it has none. */
uint64_t rejects_ahead(const struct rejects *r, const unsigned char *identity);

/* Adds C to the rejects of this batch. REASON is copied, truncated and escaped. */
void rejects_add(struct rejects *r, const struct fold_change *c, const char *reason);
/* Adds C as held behind the rejected change AHEAD. */
void rejects_hold(struct rejects *r, const struct fold_change *c, uint64_t ahead);

/* Removes the rejects of this batch, because it is repeated or was not stored. */
void rejects_undo(struct rejects *r);
/* Moves the rejects of this batch to the doubts. They are stored with a later batch or never.
 * Their records count as having rejects. */
void rejects_doubt(struct rejects *r);
/* Moves all doubts to the rejects of this batch. */
void rejects_confirm(struct rejects *r);
/* Moves the rejects of this batch from the log to the reject tables, in an open staging
 * transaction. */
enum outcome rejects_store(const struct rejects *r, struct db *db);
/* Call it after the COMMIT of that transaction. */
void rejects_stored(struct rejects *r);

#endif
