/* SPDX-License-Identifier: MIT */
/* Single values from the staging database, and record_ops on top of them. */
#include "config.h"

#include "api/lookup.h"

#include "api/call.h"
#include "api/sequence.h"
#include "session/token.h"

static enum outcome run_once(struct db_lane *lane, const char *sql, const struct db_value *params,
			     size_t count, struct arena *arena, struct db_value *out, bool *lost,
			     unsigned *number, struct problem *p)
{
	struct db_rows *rows = NULL;
	struct db_value value = DB_NULL;
	struct db *db;
	enum outcome rc;

	*lost = false;
	*number = 0;
	rc = db_lane_acquire(lane, &db);
	if (rc != OUTCOME_OK) {
		call_database_problem(p, rc, 0, NULL);
		return rc;
	}
	rc = db_run(db, sql, params, count, &rows, NULL);
	if (rc != OUTCOME_OK) {
		*lost = !db_alive(db);
		*number = db_errno(db);
		call_database_problem(p, rc, db_errno(db), db_sqlstate(db));
	} else if (db_rows_next(rows)) {
		value = db_rows_value(rows, 0);
		if (value.text != NULL)
			value.text = arena_strndup(arena, value.text, value.length);
	}
	db_rows_free(&rows);
	db_lane_release(lane);
	if (rc == OUTCOME_OK)
		*out = value;
	return rc;
}

static int run(struct db_lane *lane, const char *sql, const struct db_value *params, size_t count,
	       struct arena *arena, struct db_value *out, unsigned *number, struct problem *p)
{
	enum outcome rc;
	bool lost;

	rc = run_once(lane, sql, params, count, arena, out, &lost, number, p);
	/* An idle session may have been closed by the server meanwhile; that is no reason to
	 * fail.  Asking twice changes nothing. */
	if (rc != OUTCOME_OK && lost)
		rc = run_once(lane, sql, params, count, arena, out, &lost, number, p);
	return rc == OUTCOME_OK ? 0 : -1;
}

int lookup_value(struct db_lane *lane, const char *sql, const struct db_value *params, size_t count,
		 struct arena *arena, struct db_value *out, struct problem *p)
{
	unsigned number;

	return run(lane, sql, params, count, arena, out, &number, p);
}

int lookup_value_or_error(struct db_lane *lane, const char *sql, struct arena *arena,
			  struct db_value *out, unsigned *number, struct problem *p)
{
	return run(lane, sql, NULL, 0, arena, out, number, p);
}

int lookup_server_time(struct db_lane *lane, struct arena *arena, const char **out,
		       struct problem *p)
{
	struct db_value value;

	if (lookup_value(lane, "SELECT UTC_TIMESTAMP(3)", NULL, 0, arena, &value, p) < 0)
		return -1;
	*out = value.text;
	return 0;
}

static const struct schema *find_schema(void *context, const char *id)
{
	const struct lookup *l = context;

	return registry_find(l->registry, id, NULL);
}

/* R7.7.  "<=>", because a part of the key may be empty (R8.2). */
static int find_row(void *context, const struct schema *target, size_t wanted, const size_t *fields,
		    const struct db_value *values, size_t count, struct db_value *out,
		    struct problem *p)
{
	const struct lookup *l = context;
	struct buf sql = BUF_INIT;
	int rc;

	buf_add(&sql, "SELECT ");
	db_quote_name(&sql, target->fields[wanted].column);
	buf_add(&sql, " FROM ");
	db_quote_name(&sql, target->table);
	for (size_t i = 0; i < count; i++) {
		buf_add(&sql, i == 0 ? " WHERE " : " AND ");
		db_quote_name(&sql, target->fields[fields[i]].column);
		buf_add(&sql, " <=> ?");
	}
	buf_add(&sql, " LIMIT 1");
	rc = lookup_value(l->lane, buf_text(&sql), values, count, l->arena, out, p);
	buf_free(&sql);
	return rc;
}

static int next_number(void *context, const struct schema *s, const char **out, struct problem *p)
{
	const struct lookup *l = context;
	uint64_t number;

	if (sequence_next(l->lane, s, l->arena, &number, p) < 0)
		return -1;
	*out = arena_printf(l->arena, "%llu", (unsigned long long)number);
	return 0;
}

const struct record_ops lookup_record_ops = {
    .schema = find_schema,
    .find = find_row,
    .number = next_number,
    .uuid = uuid_text,
};
