/* SPDX-License-Identifier: MIT */
/*
 * Reference tables (R10.7): local tables that are copied to the target, so that the keys in
 * replicated records find the rows there.
 */
#ifndef CAMPAIGN_SYNC_REFERENCE_H
#define CAMPAIGN_SYNC_REFERENCE_H

#include <stdbool.h>

#include "base/outcome.h"
#include "schema/model.h"
#include "sync/ends.h"
#include "sync/history.h"

/*
 * Copies the table of S in one target transaction, and adds the differences to COUNTS. If S has
 * lastModified, it copies the rows that are as new as the newest copied one; if the two tables
 * still differ, it copies the whole table, so that removed rows are deleted. Without
 * lastModified it copies the whole table. DRY_RUN: only counts.
 *
 * A row that the target refuses stays unchanged there, and all others are copied. The result is
 * then REJECTED, with the reason of one row and the number of refused rows in COUNTS.
 */
struct reference_options {
	struct ends *ends;
	const struct schema *schema;
	bool dry_run;
	struct run_counts *counts;
};

/* Sets *REASON after a failure. It is valid until the ends are used again. */
enum outcome reference_copy(const struct reference_options *options, const char **reason);

#endif
