/* SPDX-License-Identifier: MIT */
/*
 * A session at the target and its scratch tables.  Private to mariadb.c.
 *
 * A session holds a numbered lock of the target's server as long as it lives.  The staging
 * database's lock excludes a second run while the first one is alive.  The target's lock also
 * covers the time after a run was killed, while its last COMMIT may still execute at the target:
 * the next run must not read what was applied until that session has ended.
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
	struct mariadb_table **tables; /* the tables read so far */
	size_t table_count;
};

/* Opens the session and acquires the lock NUMBER.  RETRY: a session of another run holds it, or the
 * connection failed. */
enum outcome session_open(struct session *s, const struct db_login *login, unsigned number);
void session_close(struct session *s);
/* Acquires or releases the locks FIRST to LAST of other sessions: for a session that could not be
 * opened, or to check that those sessions have ended.  RETRY: another session holds one of the
 * locks; the session keeps the locks that it acquired. */
enum outcome session_lock(struct session *s, unsigned first, unsigned last);
enum outcome session_unlock(struct session *s, unsigned first, unsigned last);

/* Returns the properties of the schema's table.  The first call reads them; the session owns *OUT,
 * which is valid until session_close. */
enum outcome session_table(struct session *s, const struct schema *schema,
			   const struct mariadb_table **out);
/* Returns the scratch table for this table and key list.  TABLE must have no problem.  The session
 * owns *OUT, which is valid until the next session_scratch call or session_close. */
enum outcome session_scratch(struct session *s, const struct mariadb_table *table,
			     const size_t *key, size_t key_count, struct scratch **out);
/* Discards all records loaded ahead: the next scratch_load loads them again. */
void session_forget_loaded(struct session *s);

#endif
