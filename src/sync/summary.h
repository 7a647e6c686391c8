/* SPDX-License-Identifier: MIT */
/* Prints the result of a run to stdout: a line per schema and a total, or one JSON object. */
#ifndef CAMPAIGN_SYNC_SUMMARY_H
#define CAMPAIGN_SYNC_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sync/result.h"

struct summary {
	uint64_t run_id; /* 0: a dry run */
	bool dry_run;
	const char *outcome; /* as in campaign_run: "done", "rejects", "failed" */
	const char *message;
	uint64_t milliseconds; /* from the lock to the end */
	const struct schema_result *results;
	size_t count;
};

void summary_text(const struct summary *s);
void summary_json(const struct summary *s);

#endif
