/* SPDX-License-Identifier: MIT */
/*
 * Merging a run of changes of which the target may refuse some.
 *
 * When the target refuses, the run is halved in the log's order, and each half is folded anew,
 * until the changes that it refuses stand alone.  So no change is refused for what folding has
 * made of it, or for what comes behind it in the log: where one is, everything before it is either
 * merged or put aside.
 *
 * A reason that is not known may lie in the row or in something that every row meets.  If the
 * statements fail even when there are no rows, they are at fault, and the merge fails.  Else each
 * change that fails alone counts as refused, but in doubt, as long as no row of the schema could
 * be merged in this run.
 */
#ifndef CAMPAIGN_SYNC_NARROW_H
#define CAMPAIGN_SYNC_NARROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "sync/ahead.h"
#include "sync/batch.h"
#include "sync/reject.h"
#include "sync/sorting.h"
#include "sync/subscription.h"

struct narrowing { /* of one try at a batch */
	const struct turn_options *o;
	struct ahead_batch *batch; /* its fold is used */
	struct fold_change *changes;
	struct sorting *sorting;
	struct subhisto *subhisto;
	struct run_counts *found;
	bool whole;			/* nothing is to be halved: the first refusal ends it */
	bool possible;			/* with no rows; asked once */
	char doubt[REJECT_REASON_SIZE]; /* the first reason that is not known; "" for none */
};

/* Merges the run of the changes FIRST to LAST, which are what is folded by now.  What is refused is
 * put aside, and what has to be with it.  REJECTED, BUG: it is to be WHOLE and was refused, or
 * cannot be merged. */
enum outcome narrow_merge(struct narrowing *n, size_t first, size_t last);

#endif
