/* SPDX-License-Identifier: MIT */
/*
 * Runs that API clients have requested (protocol 10.1). A run takes the requests before it
 * begins to read, so that a later request is for the next run. It deletes them at its end, so
 * that a killed run does not lose them: a request that is taken while no run holds the lock
 * counts as not served.
 */
#ifndef CAMPAIGN_SYNC_REQUESTS_H
#define CAMPAIGN_SYNC_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "db/db.h"

struct schema_ids { /* zero-initialise it */
	char **ids;
	size_t count;
};

void schema_ids_add(struct schema_ids *list, const char *id); /* copies ID */
void schema_ids_free(struct schema_ids *list);

/* Runs one query. *WAITING: there are requests that no run has taken. *TAKEN: there are requests
 * that a run has taken; that run may be dead. */
enum outcome requests_look(struct db *db, bool *waiting, bool *taken);

/* Takes the requests for the schemas NAMED, or all if NAMED is empty. The caller holds the run
 * lock. It may be repeated. */
enum outcome requests_take(struct db *db, const struct schema_ids *named);
/* Lists the taken requests; "" means all schemas. */
enum outcome requests_list(struct db *db, struct schema_ids *out);
/* Deletes the taken requests at the end of the run. */
enum outcome requests_served(struct db *db, const struct schema_ids *named);

#endif
