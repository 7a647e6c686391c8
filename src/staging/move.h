/* SPDX-License-Identifier: MIT */
/* Changes that move between a log and its rejects. */
#ifndef CAMPAIGN_STAGING_MOVE_H
#define CAMPAIGN_STAGING_MOVE_H

#include "base/buf.h"
#include "base/outcome.h"
#include "db/db.h"

/* Appends the names of all columns that both tables have: also of attributes that have left the
 * schema, which a change that moves must not lose. */
enum outcome move_columns(struct db *db, const char *from, const char *to, struct buf *sql);

#endif
