/* SPDX-License-Identifier: MIT */
/* How many changes come in during a run, for whichever schema: a run gives way to calls. */
#ifndef CAMPAIGN_SYNC_ARRIVALS_H
#define CAMPAIGN_SYNC_ARRIVALS_H

#include <stdint.h>

#include "db/db.h"
#include "schema/registry.h"

struct arrivals;

/* REGISTRY outlives it. */
struct arrivals *arrivals_new(const struct registry *registry);
void arrivals_free(struct arrivals **a);
/* Since it was asked last; 0 the first time, and when the logs do not tell. */
uint64_t arrivals_ask(struct arrivals *a, struct db *db);

#endif
