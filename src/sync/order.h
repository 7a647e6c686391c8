/* SPDX-License-Identifier: MIT */
/*
 * Which schemas have to do with each other.  Those that have take their turns one after the other,
 * link targets first (R10.3); the others may take them at the same time.
 */
#ifndef CAMPAIGN_SYNC_ORDER_H
#define CAMPAIGN_SYNC_ORDER_H

#include <stdbool.h>

#include "schema/registry.h"

bool order_links(const struct registry *r, const struct schema *from, const struct schema *to);
/* Neither links to the other, and they write to different tables. */
bool order_independent(const struct registry *r, const struct schema *a, const struct schema *b);

#endif
