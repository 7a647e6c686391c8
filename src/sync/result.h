/* SPDX-License-Identifier: MIT */
/* The result of a run for one schema. */
#ifndef CAMPAIGN_SYNC_RESULT_H
#define CAMPAIGN_SYNC_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "sync/history.h"

#define RESULT_MESSAGE_SIZE 501

struct schema_result {
	char *id;
	uint64_t bound;	      /* the highest number in the log when the run started */
	uint64_t early_bound; /* the same, taken before any BOUND was taken */
	bool last_chance;     /* no other merge can help its waiting changes: reject them */
	struct run_counts counts;
	bool failed;
	char message[RESULT_MESSAGE_SIZE]; /* the reason of the failure */
};

/* Marks the schema as failed and logs it. WHY may contain untrusted text; it is escaped. */
void result_fail(struct schema_result *result, const char *why);

#endif
