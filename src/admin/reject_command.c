/* SPDX-License-Identifier: MIT */
/*
 * rejects, rejects retry, rejects drop (docs/protocol.md R10.5). A rejected change is stored in
 * <schema>Stg_rej with its _seq of the log. A retry moves it back to the log with that number,
 * so that it precedes all newer changes of its record. A drop deletes it and moves the changes
 * that were held behind it back to the log in the same way.
 */
#include "config.h"
#include "admin/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/table.h"
#include "base/alloc.h"
#include "base/json.h"

static const struct table_column columns[] = {
    {"id", "id", TABLE_NUMBER},	     {"schema", "schema", TABLE_TEXT},
    {"key", "key", TABLE_TEXT},	     {"operation", "operation", TABLE_TEXT},
    {"fields", "fields", TABLE_RAW}, {"reason", "reason", TABLE_TEXT},
    {"at", "at (UTC)", TABLE_TEXT},  {"held", "held", TABLE_BOOLEAN},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* Takes the lock of a run, because a run may move changes of the same records, and the order is
 * kept only if one process at a time does that. The lock is held until the session ends. The
 * name is the same as in src/sync/run_lock.c. */
static int lock_out_runs(struct db *db)
{
	struct db_rows *rows = NULL;
	int rc = -1;

	if (db_run(db, "SELECT GET_LOCK(LEFT(CONCAT('campaign-sync:', DATABASE()), 64), 10)", NULL,
		   0, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows) && db_rows_int(rows, 0) == 1)
		rc = 0;
	else
		admin_complain("a replication run is under way: try again when it has ended");
	db_rows_free(&rows);
	return rc;
}

static bool listed(const char *fields, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = fields; (s = strstr(s, name)) != NULL; s += n)
		if ((s == fields || s[-1] == ',') && (s[n] == ',' || s[n] == '\0'))
			return true;
	return false;
}

/* Adds the fields that the change sets, by name: {"email":"a@example.test",...}. Numbers are
 * text, too. */
static void add_fields(struct table *t, const struct schema *s, const struct db_rows *rows,
		       size_t first, const char *fields)
{
	struct buf json = BUF_INIT;

	buf_add_char(&json, '{');
	for (size_t i = 0; i < s->field_count; i++) {
		if (!listed(fields, s->fields[i].name))
			continue;
		json_name(&json, s->fields[i].name);
		if (s->fields[i].type == XTK_BLOB)
			json_text(&json, "(binary)");
		else
			json_text(&json, db_rows_text(rows, first + i));
	}
	buf_add_char(&json, '}');
	table_add(t, buf_text(&json));
	buf_free(&json);
}

static enum outcome list_schema(struct db *db, const struct schema *s, struct table *t)
{
	struct db_value params[] = {db_text(s->id)};
	struct db_rows *rows = NULL;
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql,
		"SELECT r.id, r.schema_id, c._key, ELT(c._operation, 'insert', 'insertOrUpdate',"
		" 'update', 'delete'), c._fields, r.reason, r.rejected_at, r.held");
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, ", c.");
		db_quote_name(&sql, s->fields[i].column);
	}
	buf_add(&sql, " FROM campaign_reject r JOIN ");
	db_quote_name(&sql, s->reject_table);
	buf_add(&sql, " c ON c._seq = r.seq WHERE r.schema_id = ? ORDER BY r.seq");
	rc = db_run(db, buf_text(&sql), params, 1, &rows, NULL);
	while (rc == OUTCOME_OK && db_rows_next(rows)) {
		for (size_t c = 0; c < COLUMNS; c++) {
			if (c == 4)
				add_fields(t, s, rows, COLUMNS, db_rows_text(rows, 4));
			else
				table_add(t, db_rows_text(rows, c));
		}
	}
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

int rejects_command(struct admin *a, int argc, char **argv)
{
	struct db *db;
	struct registry *r = NULL;
	const struct schema *only = NULL;
	struct table *t;
	enum outcome rc = OUTCOME_INVALID;

	if (argc > 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	t = table_new(columns, COLUMNS);
	if (registry_load(db, &r) == OUTCOME_OK &&
	    (argc == 0 || (only = admin_staged_schema(r, argv[0])) != NULL)) {
		rc = OUTCOME_OK;
		for (size_t i = 0; i < registry_count(r) && rc == OUTCOME_OK; i++)
			if (registry_at(r, i)->staged &&
			    (only == NULL || only == registry_at(r, i)))
				rc = list_schema(db, registry_at(r, i), t);
	}
	if (rc == OUTCOME_OK)
		table_print(&t, a->json, "nothing is rejected");
	else
		table_free(&t);
	registry_release(&r);
	db_close(&db);
	return rc == OUTCOME_OK ? ADMIN_DONE : ADMIN_FAILED;
}

/* Moves the changes of S whose numbers WHERE selects in campaign_reject back to the log, and
 * deletes their rows in campaign_reject. Runs in the open transaction. */
static enum outcome put_back(struct db *db, const struct schema *s, const char *where)
{
	struct buf in = BUF_INIT, sql = BUF_INIT;
	enum outcome rc;

	buf_add(&in, "_seq IN (SELECT seq FROM campaign_reject WHERE schema_id = ");
	db_quote_text(db, &in, s->id, strlen(s->id));
	buf_addf(&in, " AND (%s))", where);
	rc = admin_move_changes(db, s->reject_table, s->log_table, buf_text(&in));
	if (rc == OUTCOME_OK) {
		buf_add(&sql, "DELETE FROM campaign_reject WHERE schema_id = ");
		db_quote_text(db, &sql, s->id, strlen(s->id));
		buf_addf(&sql, " AND (%s)", where);
		rc = db_exec(db, buf_text(&sql));
	}
	buf_free(&sql);
	buf_free(&in);
	return rc;
}

static int64_t count_rejects(struct db *db, const struct schema *s)
{
	struct db_value params[] = {db_text(s->id)};
	struct db_rows *rows = NULL;
	int64_t n = 0;

	if (db_run(db, "SELECT COUNT(*) FROM campaign_reject WHERE schema_id = ? FOR UPDATE",
		   params, 1, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows))
		n = db_rows_int(rows, 0);
	db_rows_free(&rows);
	return n;
}

static int retry_schema(struct db *db, const struct schema *s, int64_t *count)
{
	char detail[40];
	int64_t rejects;

	if (db_begin(db) != OUTCOME_OK)
		return -1;
	rejects = count_rejects(db, s);
	*count += rejects;
	snprintf(detail, sizeof(detail), "%lld changes", (long long)rejects);
	if (put_back(db, s, "1 = 1") == OUTCOME_OK &&
	    (rejects == 0 || admin_audit(db, "rejects retry", s->id, detail) == OUTCOME_OK) &&
	    db_commit(db) == OUTCOME_OK)
		return 0;
	admin_complain("%s: %s", s->id, db_error(db));
	db_rollback(db);
	return -1;
}

int rejects_retry_command(struct admin *a, int argc, char **argv)
{
	struct db *db;
	struct registry *r = NULL;
	const struct schema *only = NULL;
	int status = ADMIN_FAILED;
	int64_t count = 0;

	if (argc > 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (lock_out_runs(db) == 0 && registry_load(db, &r) == OUTCOME_OK &&
	    (argc == 0 || (only = admin_staged_schema(r, argv[0])) != NULL)) {
		status = ADMIN_DONE;
		for (size_t i = 0; i < registry_count(r); i++) {
			const struct schema *s = registry_at(r, i);

			if (s->staged && (only == NULL || only == s) &&
			    retry_schema(db, s, &count) < 0)
				status = ADMIN_FAILED;
		}
		printf("%lld changes queued for the next run\n", (long long)count);
	}
	registry_release(&r);
	db_close(&db);
	return status;
}

struct reject {
	char schema[131], seq[24], record[33];
	bool held;
};

static int find_reject(struct db *db, const char *id, struct reject *out)
{
	struct db_value params[] = {db_text(id)};
	struct db_rows *rows = NULL;
	int rc = -1;

	if (db_run(db,
		   "SELECT schema_id, seq, HEX(record), held FROM campaign_reject WHERE id = ? FOR "
		   "UPDATE",
		   params, 1, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows)) {
		snprintf(out->schema, sizeof(out->schema), "%s", db_rows_text(rows, 0));
		snprintf(out->seq, sizeof(out->seq), "%s", db_rows_text(rows, 1));
		snprintf(out->record, sizeof(out->record), "%s", db_rows_text(rows, 2));
		out->held = db_rows_int(rows, 3) != 0;
		rc = 0;
	}
	db_rows_free(&rows);
	return rc;
}

/* If the record has no rejected change left, moves the changes that were held behind it back to
 * the log. */
static enum outcome release_held(struct db *db, const struct schema *s, const struct reject *x)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	struct db_value params[] = {db_text(s->id), db_text(x->record)};
	enum outcome rc = db_run(
	    db,
	    "SELECT 1 FROM campaign_reject WHERE schema_id = ? AND record = UNHEX(?) AND held = 0",
	    params, 2, &rows, NULL);
	bool refused = rc == OUTCOME_OK && db_rows_next(rows);

	db_rows_free(&rows);
	if (rc == OUTCOME_OK && !refused) {
		buf_addf(&sql, "record = UNHEX('%s')", x->record);
		rc = put_back(db, s, buf_text(&sql));
	}
	buf_free(&sql);
	return rc;
}

static enum outcome audit_drop(struct db *db, const char *id, const struct reject *x)
{
	char detail[sizeof(*x) + 40];

	snprintf(detail, sizeof(detail), "%s, _seq %s%s", x->schema, x->seq,
		 x->held ? ", held" : "");
	return admin_audit(db, "rejects drop", id, detail);
}

static int drop_reject(struct db *db, const struct registry *r, const char *id)
{
	struct reject x;
	const struct schema *s;
	struct buf sql = BUF_INIT;
	struct db_value params[] = {db_text(id)};
	int rc = -1;

	if (strspn(id, "0123456789") != strlen(id) || *id == '\0') {
		admin_complain("\"%s\" is not a valid id: see `campaign-admin rejects`", id);
		return -1;
	}
	if (db_begin(db) != OUTCOME_OK)
		return -1;
	if (find_reject(db, id, &x) < 0) {
		admin_complain("there is no rejected change %s", id);
	} else if ((s = registry_find(r, x.schema, NULL)) != NULL && s->staged) {
		buf_add(&sql, "DELETE FROM ");
		db_quote_name(&sql, s->reject_table);
		buf_addf(&sql, " WHERE _seq = %s", x.seq);
		if (db_exec(db, buf_text(&sql)) == OUTCOME_OK &&
		    db_run(db, "DELETE FROM campaign_reject WHERE id = ?", params, 1, NULL, NULL) ==
			OUTCOME_OK &&
		    release_held(db, s, &x) == OUTCOME_OK && audit_drop(db, id, &x) == OUTCOME_OK &&
		    db_commit(db) == OUTCOME_OK)
			rc = 0;
		else
			admin_complain("reject %s: %s", id, db_error(db));
	}
	if (rc < 0)
		db_rollback(db);
	buf_free(&sql);
	return rc;
}

int rejects_drop_command(struct admin *a, int argc, char **argv)
{
	struct db *db;
	struct registry *r = NULL;
	int status = ADMIN_FAILED;

	if (argc < 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (lock_out_runs(db) == 0 && registry_load(db, &r) == OUTCOME_OK) {
		status = ADMIN_DONE;
		for (int i = 0; i < argc; i++)
			if (drop_reject(db, r, argv[i]) < 0)
				status = ADMIN_FAILED;
	}
	registry_release(&r);
	db_close(&db);
	return status;
}
