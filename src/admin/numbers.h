/* SPDX-License-Identifier: MIT */
/* How many numbers the sequences of primary keys have left (docs/protocol.md R7.11). */
#ifndef CAMPAIGN_ADMIN_NUMBERS_H
#define CAMPAIGN_ADMIN_NUMBERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "db/db.h"
#include "schema/registry.h"

/* Adds to OUT what status prints: as JSON every sequence, the inside of an array; else a line
 * for each of which less than a tenth is left. */
void numbers_add(struct db *staging, const struct registry *r, bool json, struct buf *out);

#endif
