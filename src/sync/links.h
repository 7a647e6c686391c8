/* SPDX-License-Identifier: MIT */
/*
 * Links that replication resolves (R7.7, R9.4). A change refers to a row by a key of the link's
 * target schema. Before the change is folded, the foreign key is looked up at the target
 * database. Results are cached for one batch.
 */
#ifndef CAMPAIGN_SYNC_LINKS_H
#define CAMPAIGN_SYNC_LINKS_H

#include "base/outcome.h"
#include "cloud/target.h"
#include "db/db.h"
#include "schema/registry.h"
#include "sync/fold.h"

struct links {
	const struct target_ops *ops;
	struct target *target;
	struct db *db; /* staging */
	const struct registry *registry;
	struct arena *arena; /* lives as long as the batch */
	struct link_found *found;
};

enum link_state {
	LINK_RESOLVED, /* the foreign keys are in the cells and count as named */
	LINK_PENDING,  /* not found, but still in the target schema's log: for the next run */
	LINK_NOWHERE,  /* an update or delete whose record cannot exist: no effect (R9.6) */
	LINK_REFUSED,  /* *PROBLEM gives the reason; the arena owns it */
};

enum outcome links_resolve(struct links *links, const struct schema *s, struct fold_change *change,
			   enum link_state *state, const char **problem);
/* Empties the cache. The caller owns the arena. */
void links_clear(struct links *links);

#endif
