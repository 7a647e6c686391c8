/* SPDX-License-Identifier: MIT */
/*
 * A run's turns: each schema has one, link targets first (R10.3).  Changes may be left that the
 * target refuses as long as rows of other schemas refer to theirs: deletions, as a rule, for which
 * the opposite order is right.  Their schemas take further turns, backwards, as long as one of
 * them brings something forward.  What is refused even then is rejected.
 */
#ifndef CAMPAIGN_SYNC_ROUNDS_H
#define CAMPAIGN_SYNC_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "sync/lane.h"

struct rounds {
	struct lane *first;
	struct schema_result *results;
	size_t count;
	/* The run has all schemas there are.  If not, what could help may be in another one's log,
	 * and what waits goes on waiting. */
	bool all;
	bool cut_short; /* by a signal, with work left */
};

/* As lanes_run. */
enum outcome rounds_run(struct rounds *r);

#endif
