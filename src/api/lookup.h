/* SPDX-License-Identifier: MIT */
/*
 * What a call asks the staging database while it runs, each a single value.  Goes through the
 * shared lane, so it is for the few; the steady flow of changes goes to the writer.
 * Private to src/api.  Any thread.
 */
#ifndef CAMPAIGN_API_LOOKUP_H
#define CAMPAIGN_API_LOOKUP_H

#include "api/record.h"
#include "db/lane.h"
#include "schema/registry.h"

/* *OUT is in ARENA; text NULL: no row, or SQL NULL.  -1 with *P set (ODB-240000). */
int lookup_value(struct db_lane *lane, const char *sql, const struct db_value *params, size_t count,
		 struct arena *arena, struct db_value *out, struct problem *p);

/* Likewise; after a failure *NUMBER is the server's error, 0 if it gave none. */
int lookup_value_or_error(struct db_lane *lane, const char *sql, struct arena *arena,
			  struct db_value *out, unsigned *number, struct problem *p);

/* "2026-02-03 04:05:06.789", UTC, by the database's clock. */
int lookup_server_time(struct db_lane *lane, struct arena *arena, const char **out,
		       struct problem *p);

struct lookup { /* the context of lookup_record_ops */
	struct db_lane *lane;
	struct registry *registry;
	struct arena *arena;
};
extern const struct record_ops lookup_record_ops;

#endif
