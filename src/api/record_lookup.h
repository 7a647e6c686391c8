/* SPDX-License-Identifier: MIT */
/* The operations that reading a record needs (record.h), over a worker's registry and its shared
 * session with the staging database.  Private to src/api.  Any thread. */
#ifndef CAMPAIGN_API_RECORD_LOOKUP_H
#define CAMPAIGN_API_RECORD_LOOKUP_H

#include "api/record.h"
#include "db/shared_session.h"
#include "schema/registry.h"

struct record_lookup { /* the context of record_lookup_ops; all borrowed */
	struct shared_session *shared;
	struct registry *registry;
	struct arena *arena;
};
extern const struct record_ops record_lookup_ops;

#endif
