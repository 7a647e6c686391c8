/* SPDX-License-Identifier: MIT */
/* pending: the backlog of staged changes, per schema or change by change. */
#include "config.h"
#include "admin/admin.h"

#include <stdio.h>

#include "admin/table.h"

static const struct table_column overview[] = {{"schema", "schema", TABLE_TEXT},
					       {"changes", "changes", TABLE_NUMBER},
					       {"oldest", "oldest (UTC)", TABLE_TEXT},
					       {"age_s", "age in s", TABLE_NUMBER}};
static const struct table_column detail[] = {
    {"seq", "seq", TABLE_NUMBER},      {"operation", "operation", TABLE_TEXT},
    {"key", "key", TABLE_TEXT},	       {"fields", "fields", TABLE_TEXT},
    {"at", "at (UTC)", TABLE_TEXT},    {"operator", "operator", TABLE_TEXT},
    {"address", "address", TABLE_TEXT}};
enum { DETAIL_LIMIT = 1000 };

static enum outcome add_rows(struct db *db, struct buf *sql, struct table *t, size_t columns,
			     size_t *count)
{
	struct db_rows *rows = NULL;
	enum outcome rc = db_run(db, buf_text(sql), NULL, 0, &rows, NULL);

	while (rc == OUTCOME_OK && db_rows_next(rows)) {
		for (size_t c = 0; c < columns; c++)
			table_add(t, db_rows_text(rows, c));
		++*count;
	}
	db_rows_free(&rows);
	return rc;
}

static enum outcome show_schema(struct db *db, const struct schema *s, struct table *t,
				size_t *count)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(
	    &sql,
	    "SELECT _seq, ELT(_operation, 'insert', 'insertOrUpdate', 'update', 'delete'), _key,"
	    " _fields, _at, _operator, _address FROM ");
	db_quote_name(&sql, s->log_table);
	buf_addf(&sql, " ORDER BY _seq LIMIT %d", DETAIL_LIMIT);
	rc = add_rows(db, &sql, t, 7, count);
	buf_free(&sql);
	return rc;
}

static enum outcome show_all(struct db *db, const struct registry *r, struct table *t)
{
	enum outcome rc = OUTCOME_OK;
	size_t count = 0;

	for (size_t i = 0; i < registry_count(r) && rc == OUTCOME_OK; i++) {
		const struct schema *s = registry_at(r, i);
		struct buf sql = BUF_INIT;

		if (!s->staged)
			continue;
		buf_add(&sql, "SELECT ");
		db_quote_text(db, &sql, s->id, __builtin_strlen(s->id));
		/* The oldest change is the first one, so the query looks only at both ends of
		 * the primary key. The age would be negative if the clock was set back; then it
		 * is 0. */
		buf_add(&sql, ", (SELECT COUNT(*) FROM ");
		db_quote_name(&sql, s->log_table);
		buf_add(&sql, "), o.at, GREATEST(TIMESTAMPDIFF(SECOND, o.at, UTC_TIMESTAMP(6)), 0)"
			      " FROM (SELECT 1) x"
			      " LEFT JOIN (SELECT _at at FROM ");
		db_quote_name(&sql, s->log_table);
		buf_add(&sql, " ORDER BY _seq LIMIT 1) o ON 1 = 1");
		rc = add_rows(db, &sql, t, 4, &count);
		buf_free(&sql);
	}
	return rc;
}

int pending_command(struct admin *a, int argc, char **argv)
{
	struct db *db;
	struct registry *r = NULL;
	const struct schema *s = NULL;
	struct table *t;
	size_t count = 0;
	enum outcome rc = OUTCOME_INVALID;

	if (argc > 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	t = argc == 1 ? table_new(detail, 7) : table_new(overview, 4);
	if (registry_load(db, &r) == OUTCOME_OK) {
		if (argc == 0)
			rc = show_all(db, r, t);
		else if ((s = admin_staged_schema(r, argv[0])) != NULL)
			rc = show_schema(db, s, t, &count);
	}
	if (rc == OUTCOME_OK) {
		table_print(&t, a->json, s != NULL ? "nothing is pending" : "no schema is staged");
		if (count == DETAIL_LIMIT)
			fprintf(stderr, "(the first %d changes)\n", DETAIL_LIMIT);
	} else {
		table_free(&t);
	}
	registry_release(&r);
	db_close(&db);
	return rc == OUTCOME_OK ? ADMIN_DONE : ADMIN_FAILED;
}
