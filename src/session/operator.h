/* SPDX-License-Identifier: MIT */
/* The operator of a request: a copy, so the request holds no lock. */
#ifndef CAMPAIGN_SESSION_OPERATOR_H
#define CAMPAIGN_SESSION_OPERATOR_H

#include <stddef.h>
#include <stdint.h>

#include "session/rights.h"

struct operator_info {
	int64_t id;
	char login[257];
	char label[800]; /* loginCS: "Feed 1 (feed1)" */
	char zone[256];	 /* the zone that the operator is bound to; "" for none (protocol.md 4.5) */
	struct right_grant rights[32];
	size_t right_count;
};

#endif
