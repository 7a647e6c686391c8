/* SPDX-License-Identifier: MIT */
/* What --verify says at its end, on stdout: lines for each comparison, or one JSON object. */
#ifndef CAMPAIGN_SYNC_VERIFY_REPORT_H
#define CAMPAIGN_SYNC_VERIFY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/model.h"
#include "sync/compare.h"

enum verify_verdict {
	VERIFY_EQUAL,
	VERIFY_COUNTED, /* there was nothing to compare it with */
	VERIFY_DIFFERS,
	VERIFY_FAILED,
};

struct verify_result {
	char *schema;
	const char *with;	   /* what the cloud's table was compared with; NULL: nothing */
	char *key;		   /* name of the primary key's field; NULL: none */
	uint64_t pending, rejects; /* of a staged schema */
	enum verify_verdict verdict;
	char *message; /* why it failed, or what was left out; NULL: nothing to say */
	struct comparison comparison;
};

void verify_result_free(struct verify_result *r);
/* The worst of them; VERIFY_EQUAL if there is none. */
enum verify_verdict verify_verdict_of(const struct verify_result *results, size_t count);

/* QUIET: only what differs or failed. */
void verify_report_text(const struct verify_result *results, size_t count, bool quiet);
void verify_report_json(const struct verify_result *results, size_t count, uint64_t milliseconds);

#endif
