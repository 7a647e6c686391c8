/* SPDX-License-Identifier: MIT */
/* What a run has to say of one schema. */
#ifndef CAMPAIGN_SYNC_RESULT_H
#define CAMPAIGN_SYNC_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "sync/history.h"

#define RESULT_MESSAGE_SIZE 501

struct schema_result {
	char *id;
	uint64_t bound;	      /* of the log, when the run started */
	uint64_t early_bound; /* before the bound of any schema was taken */
	bool last_chance;     /* nothing else can help changes that wait for other rows */
	struct run_counts counts;
	bool failed;
	char message[RESULT_MESSAGE_SIZE]; /* why */
};

/* Logs it; WHY may be anybody's text. */
void result_fail(struct schema_result *result, const char *why);

#endif
