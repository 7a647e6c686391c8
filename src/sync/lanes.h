/* SPDX-License-Identifier: MIT */
/*
 * Processes several schemas in parallel. Each worker (lane.h) has a thread. A schema begins when
 * all schemas before it that it depends on (order.h) are finished.
 */
#ifndef CAMPAIGN_SYNC_LANES_H
#define CAMPAIGN_SYNC_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "sync/lane.h"

#define LANES_MAX 8

/*
 * Processes each of RESULTS that has not failed already. The calling thread uses the worker
 * FIRST, which is open; up to JOBS - 1 further threads start, as far as there is work for them
 * and the servers accept their sessions. A failed schema does not affect the others. Returns
 * RETRY if a database cannot be reached; then the remaining schemas are not processed. Sets
 * *CUT_SHORT if a signal came and work is left.
 */
enum outcome lanes_run(struct lane *first, struct schema_result *const *results, size_t count,
		       unsigned jobs, bool *cut_short);

#endif
