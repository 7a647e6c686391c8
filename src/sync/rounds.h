/* SPDX-License-Identifier: MIT */
/*
 * The rounds of a run. In the first round each schema has one turn, link targets first (R10.3).
 * The target may refuse changes as long as rows of other schemas refer to their rows. These are
 * usually deletions, which need the opposite order. Schemas with such changes get further turns
 * in reverse order, as long as a round merges any change. Changes that are refused after that
 * are rejected.
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
	/* The run includes all schemas. If not, the changes that could help may be in the log of
	 * another schema, and the waiting changes go on waiting. */
	bool all;
	bool cut_short; /* a signal ended the run, and work is left */
};

/* See lanes_run for the result. */
enum outcome rounds_run(struct rounds *r);

#endif
