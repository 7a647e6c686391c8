/* SPDX-License-Identifier: MIT */
/* Dependencies between schemas; see order.h. */
#include "config.h"

#include "sync/order.h"

#include <strings.h>

#include "sync/subscription.h"

bool order_links(const struct registry *r, const struct schema *from, const struct schema *to)
{
	for (size_t i = 0; i < from->link_count; i++) {
		if (registry_find(r, from->links[i].target, NULL) == to)
			return true;
	}
	return false;
}

/* Compares table names without case, because a server may ignore it. */
static bool share_a_table(const struct schema *a, const struct schema *b)
{
	return strcasecmp(a->table, b->table) == 0 || subscription_writes_to(a, b) ||
	       subscription_writes_to(b, a);
}

bool order_independent(const struct registry *r, const struct schema *a, const struct schema *b)
{
	return !order_links(r, a, b) && !order_links(r, b, a) && !share_a_table(a, b);
}
