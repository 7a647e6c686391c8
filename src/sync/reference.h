/* SPDX-License-Identifier: MIT */
/*
 * Reference tables (R10.7): local tables that are copied to the target, so that the keys by
 * which replicated records point to them are found there.
 */
#ifndef CAMPAIGN_SYNC_REFERENCE_H
#define CAMPAIGN_SYNC_REFERENCE_H

#include <stdbool.h>

#include "base/outcome.h"
#include "schema/model.h"
#include "sync/ends.h"
#include "sync/history.h"

/*
 * Copies S's table in one transaction of the target, and adds what differed to COUNTS.  By
 * lastModified if S has it: what is as new as the newest that was copied; then, if the two
 * tables still have different rows, as a whole, so that removals arrive.  Otherwise as a whole.
 * DRY_RUN: only counts.
 *
 * Rows that the target refuses stay as they were there, and all others are copied: REJECTED then,
 * with the reason of one, and their number in COUNTS.
 */
struct reference_options {
	struct ends *ends;
	const struct schema *schema;
	bool dry_run;
	struct run_counts *counts;
};

/* *REASON: why it failed; valid until the ends are used again. */
enum outcome reference_copy(const struct reference_options *options, const char **reason);

#endif
