/* SPDX-License-Identifier: MIT */
/* Counts the changes of all schemas that are staged during a run. The run slows down for them. */
#ifndef CAMPAIGN_SYNC_ARRIVALS_H
#define CAMPAIGN_SYNC_ARRIVALS_H

#include <stdint.h>

#include "db/db.h"
#include "schema/registry.h"

struct arrivals;

/* REGISTRY must outlive it. */
struct arrivals *arrivals_new(const struct registry *registry);
void arrivals_free(struct arrivals **a);
/* The number of changes staged since the last call; 0 at the first call, and if the query fails. */
uint64_t arrivals_ask(struct arrivals *a, struct db *db);

#endif
