/* SPDX-License-Identifier: MIT */
/* Single values from the staging database; see lookup.h. */
#include "config.h"

#include "api/lookup.h"

#include "api/call.h"
#include "base/arena.h"

static enum outcome run_once(struct shared_session *shared, const char *sql,
			     const struct db_value *params, size_t count, struct arena *arena,
			     struct db_value *out, bool *lost, unsigned *number,
			     struct fault_cause *p)
{
	struct db_rows *rows = NULL;
	struct db_value value = DB_NULL;
	struct db *db;
	enum outcome rc;

	*lost = false;
	*number = 0;
	rc = shared_session_acquire(shared, &db);
	if (rc != OUTCOME_OK) {
		call_database_cause(p, rc, 0, NULL);
		return rc;
	}
	rc = db_run(db, sql, params, count, &rows, NULL);
	if (rc != OUTCOME_OK) {
		*lost = !db_alive(db);
		*number = db_errno(db);
		call_database_cause(p, rc, db_errno(db), db_sqlstate(db));
	} else if (db_rows_next(rows)) {
		value = db_rows_value(rows, 0);
		if (value.text != NULL)
			value.text = arena_strndup(arena, value.text, value.length);
	}
	db_rows_free(&rows);
	shared_session_release(shared);
	if (rc == OUTCOME_OK)
		*out = value;
	return rc;
}

static int run(struct shared_session *shared, const char *sql, const struct db_value *params,
	       size_t count, struct arena *arena, struct db_value *out, unsigned *number,
	       struct fault_cause *p)
{
	enum outcome rc;
	bool lost;

	rc = run_once(shared, sql, params, count, arena, out, &lost, number, p);
	/* The server may have closed the idle session.  The statements may be repeated without
	 * harm, so try once more. */
	if (rc != OUTCOME_OK && lost)
		rc = run_once(shared, sql, params, count, arena, out, &lost, number, p);
	return rc == OUTCOME_OK ? 0 : -1;
}

int lookup_value(struct shared_session *shared, const char *sql, const struct db_value *params,
		 size_t count, struct arena *arena, struct db_value *out, struct fault_cause *p)
{
	unsigned number;

	return run(shared, sql, params, count, arena, out, &number, p);
}

int lookup_value_or_error(struct shared_session *shared, const char *sql, struct arena *arena,
			  struct db_value *out, unsigned *number, struct fault_cause *p)
{
	return run(shared, sql, NULL, 0, arena, out, number, p);
}

int lookup_server_time(struct shared_session *shared, struct arena *arena, const char **out,
		       struct fault_cause *p)
{
	struct db_value value;

	if (lookup_value(shared, "SELECT UTC_TIMESTAMP(3)", NULL, 0, arena, &value, p) < 0)
		return -1;
	*out = value.text;
	return 0;
}
