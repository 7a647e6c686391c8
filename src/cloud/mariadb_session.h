/* SPDX-License-Identifier: MIT */
/*
 * A session at the target and its scratch tables: part of mariadb.c, nobody else's.
 *
 * A session holds a lock of the target's server as long as it lives.  The staging database's
 * lock keeps two runs apart while both are well; this one also covers the moment after a run
 * was killed, when its last COMMIT may still be under way at the target: the next run cannot
 * ask what was applied before that session has ended one way or the other.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_SESSION_H
#define CAMPAIGN_CLOUD_MARIADB_SESSION_H

#include "base/outcome.h"
#include "cloud/mariadb_scratch.h"
#include "db/db.h"
#include "schema/model.h"

#define SESSION_SCRATCHES 32

struct session {
	struct db *db;
	struct scratch *scratches[SESSION_SCRATCHES];
	size_t scratch_count;
	struct mariadb_table **tables; /* that were read */
	size_t table_count;
};

/* RETRY: a session of another run has the lock NUMBER. */
enum outcome session_open(struct session *s, const struct db_login *login, unsigned number);
void session_close(struct session *s);
/* The locks of other sessions, for one that could not be opened, or to see that they have ended.
 * RETRY: one of them is held.  What was got meanwhile stays the session's. */
enum outcome session_lock(struct session *s, unsigned first, unsigned last);
enum outcome session_unlock(struct session *s, unsigned first, unsigned last);

/* What the schema's table is, as read when it was asked for first; the session's, likewise. */
enum outcome session_table(struct session *s, const struct schema *schema,
			   const struct mariadb_table **out);
/* The scratch table for this table and key list; the session's, until it is closed.  The table
 * has no problem. */
enum outcome session_scratch(struct session *s, const struct mariadb_table *table,
			     const size_t *key, size_t key_count, struct scratch **out);
/* What was loaded ahead is no longer to be relied on. */
void session_forget_loaded(struct session *s);

#endif
