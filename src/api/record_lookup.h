/* SPDX-License-Identifier: MIT */
/* Implements the operations that record.h needs, with a worker's registry and its shared session at
 * the staging database.  Any thread may call them.  Private to src/api. */
#ifndef CAMPAIGN_API_RECORD_LOOKUP_H
#define CAMPAIGN_API_RECORD_LOOKUP_H

#include "api/record.h"
#include "db/shared_session.h"
#include "schema/registry.h"

struct record_lookup { /* the context of record_lookup_ops; all members are borrowed */
	struct shared_session *shared;
	struct registry *registry;
	struct arena *arena;
};
extern const struct record_ops record_lookup_ops;

#endif
