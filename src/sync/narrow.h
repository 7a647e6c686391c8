/* SPDX-License-Identifier: MIT */
/*
 * Merges a run of changes of which the target may refuse some.
 *
 * If the target refuses the run, the run is halved in log order and each half is folded again,
 * until each refused change stands alone. So no change is refused because of what folding made
 * of it, or because of a later change in the log: when a change is refused, every change before
 * it is either merged or put aside.
 *
 * The cause of an unknown error may be the row, or something that concerns every row. If the
 * statements fail even without rows, the merge fails. Otherwise each change that fails alone
 * counts as refused, but it is in doubt as long as no row of the schema was merged in this run.
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
	bool whole;			/* do not halve: return at the first refusal */
	bool possible;			/* the statements work without rows; tested once */
	char doubt[REJECT_REASON_SIZE]; /* the first unknown reason; "" for none */
};

/* Merges the run that consists of the changes FIRST to LAST and is already folded. Puts refused
 * changes aside, with all changes that depend on them. Returns REJECTED or BUG if WHOLE is set
 * and the run was refused, or if it cannot be merged. */
enum outcome narrow_merge(struct narrowing *n, size_t first, size_t last);

#endif
