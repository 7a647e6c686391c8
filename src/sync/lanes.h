/* SPDX-License-Identifier: MIT */
/*
 * Several schemas at a time: a lane each (lane.h), in threads.  A schema begins when those before
 * it that it has to do with (order.h) are over.
 */
#ifndef CAMPAIGN_SYNC_LANES_H
#define CAMPAIGN_SYNC_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "sync/lane.h"

#define LANES_MAX 8

/*
 * Gives each of RESULTS its turn, unless it has failed already: in this thread with FIRST, which is
 * open, and in up to JOBS - 1 others, as far as there is work for them and the servers let them in.
 * A schema that fails leaves the others alone.  RETRY: a database is away, and what had no turn
 * gets none.  *CUT_SHORT: a signal came, and there is work left.
 */
enum outcome lanes_run(struct lane *first, struct schema_result *const *results, size_t count,
		       unsigned jobs, bool *cut_short);

#endif
