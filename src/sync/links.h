/* SPDX-License-Identifier: MIT */
/*
 * Links that replication resolves (R7.7, R9.4): a change says which row it means by a key of
 * the link's target, and the foreign key is looked up at the target database before the
 * change is folded.  One cache per batch.
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
	struct arena *arena; /* a batch's */
	struct link_found *found;
};

enum link_state {
	LINK_RESOLVED, /* the foreign keys stand in the cells and count as named */
	LINK_PENDING,  /* not there, but still in the target's log: for the next run */
	LINK_NOWHERE,  /* an update or delete whose record cannot exist: nothing to do (R9.6) */
	LINK_REFUSED,  /* *PROBLEM says why; it lives in the arena */
};

enum outcome links_resolve(struct links *links, const struct schema *s, struct fold_change *change,
			   enum link_state *state, const char **problem);
/* Forgets what was found; the arena is the caller's. */
void links_clear(struct links *links);

#endif
