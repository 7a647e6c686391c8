/* SPDX-License-Identifier: MIT */
/*
 * Runs that callers asked for (protocol 10.1).  A request is taken when the run that serves
 * it begins to read, so that one that comes later is for the next run; and it is forgotten
 * when that run is over, so that a run that was killed does not lose it: what is still taken
 * while nobody holds the run's lock counts as requested.
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

void schema_ids_add(struct schema_ids *list, const char *id); /* copies it */
void schema_ids_free(struct schema_ids *list);

/* One query.  *WAITING: nobody has taken it; *TAKEN: a run has, which may be dead. */
enum outcome requests_look(struct db *db, bool *waiting, bool *taken);

/* Under the lock of the run.  Only those of the schemas NAMED; of all, if there are none.  May
 * be done twice. */
enum outcome requests_take(struct db *db, const struct schema_ids *named);
/* What is taken; "" stands for every schema. */
enum outcome requests_list(struct db *db, struct schema_ids *out);
/* The run is over: forgets what was taken. */
enum outcome requests_served(struct db *db, const struct schema_ids *named);

#endif
