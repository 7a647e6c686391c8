/* SPDX-License-Identifier: MIT */
/*
 * What a call asks the staging database while it runs, each a single value.  Goes through the
 * shared shared, so it is for the few; the steady flow of changes goes to the writer.
 * Private to src/api.  Any thread.
 */
#ifndef CAMPAIGN_API_LOOKUP_H
#define CAMPAIGN_API_LOOKUP_H

#include "base/arena.h"
#include "db/shared_session.h"
#include "soap/fault_cause.h"

/* *OUT is in ARENA; text NULL: no row, or SQL NULL.  -1 with *P set (ODB-240000). */
int lookup_value(struct shared_session *shared, const char *sql, const struct db_value *params,
		 size_t count, struct arena *arena, struct db_value *out, struct fault_cause *p);

/* "2026-02-03 04:05:06.789", UTC, by the database's clock. */
int lookup_server_time(struct shared_session *shared, struct arena *arena, const char **out,
		       struct fault_cause *p);

#endif
