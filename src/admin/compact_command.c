/* SPDX-License-Identifier: MIT */
/*
 * db compact: returns unused space of the staging logs to the file system. A log's file stays as
 * large as its largest backlog was: InnoDB reuses the space but does not release it.
 *
 * The table is rebuilt while calls continue. The rebuild needs an exclusive lock for a moment at
 * the beginning and at the end. It waits only one second for a transaction that holds the table,
 * because calls wait behind it.
 */
#include "config.h"
#include "admin/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/table.h"
#include "base/alloc.h"

static const struct table_column columns[] = {{"schema", "schema", TABLE_TEXT},
					      {"before", "bytes before", TABLE_NUMBER},
					      {"after", "bytes after", TABLE_NUMBER}};

/* Reads the size of the table's file in bytes, with its free space. */
static enum outcome read_size(struct db *db, const struct schema *s, uint64_t *bytes)
{
	static const char sql[] = "SELECT DATA_LENGTH + INDEX_LENGTH + DATA_FREE"
				  " FROM information_schema.TABLES"
				  " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";
	struct db_value table = db_text(s->log_table);
	struct db_rows *rows = NULL;
	enum outcome rc = db_run(db, sql, &table, 1, &rows, NULL);

	*bytes = 0;
	if (rc == OUTCOME_OK && db_rows_next(rows) && db_rows_text(rows, 0) != NULL)
		*bytes = strtoull(db_rows_text(rows, 0), NULL, 10);
	db_rows_free(&rows);
	return rc;
}

static enum outcome rebuild(struct db *db, const struct schema *s)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql, "ALTER TABLE ");
	db_quote_name(&sql, s->log_table);
	buf_add(&sql, " WAIT 1 ENGINE=InnoDB, ALGORITHM=INPLACE, LOCK=NONE");
	rc = db_exec(db, buf_text(&sql));
	buf_free(&sql);
	return rc;
}

static void add_number(struct table *t, uint64_t number)
{
	char *text = xasprintf("%" PRIu64, number);

	table_add(t, text);
	free(text);
}

/* Records the rebuild in the audit table. The rebuild has committed itself, so this follows it. */
static enum outcome write_down(struct db *db, const struct schema *s, uint64_t before,
			       uint64_t after)
{
	char *detail = xasprintf("%" PRIu64 " bytes, now %" PRIu64, before, after);
	enum outcome rc = admin_audit(db, "db compact", s->id, detail);

	free(detail);
	return rc;
}

static enum outcome compact(struct db *db, const struct schema *s, struct table *t)
{
	uint64_t before, after;
	enum outcome rc;

	if ((rc = read_size(db, s, &before)) != OUTCOME_OK)
		return rc;
	rc = rebuild(db, s);
	if (rc == OUTCOME_RETRY)
		admin_complain("%s: its log is held by a transaction: try again later", s->id);
	if (rc != OUTCOME_OK || (rc = read_size(db, s, &after)) != OUTCOME_OK)
		return rc;
	table_add(t, s->id);
	add_number(t, before);
	add_number(t, after);
	return write_down(db, s, before, after);
}

/* Rebuilds all logs. A failure does not stop the others. */
static enum outcome compact_all(struct db *db, const struct registry *r, struct table *t)
{
	enum outcome rc = OUTCOME_OK, worst = OUTCOME_OK;

	for (size_t i = 0; i < registry_count(r); i++) {
		const struct schema *s = registry_at(r, i);

		if (s->staged && (rc = compact(db, s, t)) != OUTCOME_OK)
			worst = rc;
	}
	return worst;
}

int db_compact_command(struct admin *a, int argc, char **argv)
{
	struct db *db;
	struct registry *r = NULL;
	const struct schema *s;
	struct table *t;
	enum outcome rc = OUTCOME_INVALID;

	if (argc > 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	if (registry_load(db, &r) == OUTCOME_OK) {
		if (argc == 0)
			rc = compact_all(db, r, t);
		else if ((s = admin_staged_schema(r, argv[0])) != NULL)
			rc = compact(db, s, t);
	}
	table_print(&t, a->json, "no log was rebuilt");
	registry_release(&r);
	db_close(&db);
	return rc == OUTCOME_OK ? ADMIN_DONE : ADMIN_FAILED;
}
