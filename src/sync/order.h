/* SPDX-License-Identifier: MIT */
/*
 * Dependencies between schemas. Dependent schemas are processed one after the other, link
 * targets first (R10.3). Independent schemas may be processed in parallel.
 */
#ifndef CAMPAIGN_SYNC_ORDER_H
#define CAMPAIGN_SYNC_ORDER_H

#include <stdbool.h>

#include "schema/registry.h"

bool order_links(const struct registry *r, const struct schema *from, const struct schema *to);
/* True if neither schema links to the other and they write to different tables. */
bool order_independent(const struct registry *r, const struct schema *a, const struct schema *b);

#endif
