/* SPDX-License-Identifier: MIT */
/* Moves changes between a log and its reject table. */
#ifndef CAMPAIGN_STAGING_MOVE_H
#define CAMPAIGN_STAGING_MOVE_H

#include "base/buf.h"
#include "base/outcome.h"
#include "db/db.h"

/* Appends the names of all columns that both tables have, including those of attributes that are no
 * longer in the schema: a change that moves must not lose their values. */
enum outcome move_columns(struct db *db, const char *from, const char *to, struct buf *sql);

#endif
