/* SPDX-License-Identifier: MIT */
/* Reports how many numbers the sequences of primary keys have left (docs/protocol.md R7.11). */
#ifndef CAMPAIGN_ADMIN_NUMBERS_H
#define CAMPAIGN_ADMIN_NUMBERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "db/db.h"
#include "schema/registry.h"

/* Appends the report for the command status to OUT. As JSON it lists every sequence, as the
 * elements of an array without brackets. As text it has a line for each sequence with less than
 * a tenth left. */
void numbers_add(struct db *staging, const struct registry *r, bool json, struct buf *out);

#endif
