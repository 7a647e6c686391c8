/* SPDX-License-Identifier: MIT */
/*
 * Reads single values from the staging database while a call runs.  It uses the worker's shared
 * session, which serves one thread at a time, so it is for rare queries; changes go through the
 * writer.  Any thread may call it.  Private to src/api.
 */
#ifndef CAMPAIGN_API_LOOKUP_H
#define CAMPAIGN_API_LOOKUP_H

#include "base/arena.h"
#include "db/shared_session.h"
#include "soap/fault_cause.h"

/* SQL must be safe to execute twice.  *OUT lives in ARENA; its text is NULL for no row or SQL NULL.
 * Returns -1 with *P set (ODB-240000). */
int lookup_value(struct shared_session *shared, const char *sql, const struct db_value *params,
		 size_t count, struct arena *arena, struct db_value *out, struct fault_cause *p);

/* Likewise; after a failure *NUMBER is the server's error, 0 if it gave none. */
int lookup_value_or_error(struct shared_session *shared, const char *sql, struct arena *arena,
			  struct db_value *out, unsigned *number, struct fault_cause *p);

/* Reads the database's clock: "2026-02-03 04:05:06.789", UTC. */
int lookup_server_time(struct shared_session *shared, struct arena *arena, const char **out,
		       struct fault_cause *p);

#endif
