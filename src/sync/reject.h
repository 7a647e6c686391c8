/* SPDX-License-Identifier: MIT */
/*
 * Rejects of one schema: which records have one, and those of the batch at hand.  A record
 * with a reject holds up its own later changes and nobody else's (R10.5).
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
/* Reads which records have rejects already. */
enum outcome rejects_load(struct rejects *r, struct db *db);

/* The number of a rejected change of this record, 0 if there is none. */
uint64_t rejects_ahead(const struct rejects *r, const unsigned char *identity);

/* Adds C to the rejects of this batch.  REASON is copied, cut and made safe. */
void rejects_add(struct rejects *r, const struct fold_change *c, const char *reason);
/* Likewise, behind the change AHEAD. */
void rejects_hold(struct rejects *r, const struct fold_change *c, uint64_t ahead);

/* Forgets the batch's: it is tried again, or was not stored. */
void rejects_undo(struct rejects *r);
/* Takes the batch's out of it, to be stored with a later batch or never; their records have
 * rejects all the same. */
void rejects_doubt(struct rejects *r);
/* Adds to the batch what was taken out of earlier ones. */
void rejects_confirm(struct rejects *r);
/* In an open staging transaction: the batch's go from the log to the rejects. */
enum outcome rejects_store(const struct rejects *r, struct db *db);
/* After its COMMIT. */
void rejects_stored(struct rejects *r);

#endif
