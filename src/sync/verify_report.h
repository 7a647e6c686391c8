/* SPDX-License-Identifier: MIT */
/* Prints the result of --verify to stdout: lines for each comparison, or one JSON object. */
#ifndef CAMPAIGN_SYNC_VERIFY_REPORT_H
#define CAMPAIGN_SYNC_VERIFY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/model.h"
#include "sync/compare.h"

enum verify_verdict {
	VERIFY_EQUAL,
	VERIFY_COUNTED, /* there was nothing to compare with */
	VERIFY_DIFFERS,
	VERIFY_FAILED,
};

struct verify_result {
	char *schema;
	const char *with;	   /* the other side of the comparison; NULL: nothing */
	char *key;		   /* name of the primary key field; NULL: none */
	uint64_t pending, rejects; /* of a staged schema */
	enum verify_verdict verdict;
	char *message; /* the reason of a failure, or the fields left out; NULL: none */
	struct comparison comparison;
};

void verify_result_free(struct verify_result *r);
/* Returns the worst verdict; VERIFY_EQUAL if COUNT is 0. */
enum verify_verdict verify_verdict_of(const struct verify_result *results, size_t count);

/* QUIET: only comparisons that differ or failed. */
void verify_report_text(const struct verify_result *results, size_t count, bool quiet);
void verify_report_json(const struct verify_result *results, size_t count, uint64_t milliseconds);

#endif
