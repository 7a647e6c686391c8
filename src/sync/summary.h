/* SPDX-License-Identifier: MIT */
/* What a run says at its end, on stdout: a line per schema and a total, or one JSON object. */
#ifndef CAMPAIGN_SYNC_SUMMARY_H
#define CAMPAIGN_SYNC_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sync/history.h"

#define SUMMARY_MESSAGE_SIZE 501

struct schema_result {
	char *id;
	uint64_t bound; /* of the log, when the run started */
	struct run_counts counts;
	bool failed;
	char message[SUMMARY_MESSAGE_SIZE]; /* why */
};

struct summary {
	uint64_t run_id; /* 0: a dry run */
	bool dry_run;
	const char *outcome; /* as in campaign_run: "done", "rejects", "failed" */
	const char *message;
	const struct schema_result *results;
	size_t count;
};

void summary_text(const struct summary *s);
void summary_json(const struct summary *s);

#endif
