/* SPDX-License-Identifier: MIT */
/*
 * The additional columns of cloud tables: when and by which run a row was loaded, and that it is
 * deleted (R10.12). They are added if the configuration requests them, and never dropped: the
 * marks would be lost, and deleted rows would reappear.
 */
#include "config.h"
#include "admin/admin.h"

#include <stdio.h>
#include <string.h>

#include "schema/row_columns.h"

static const char sql_columns[] =
    "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE = 'YES', IS_GENERATED <> 'NEVER', COLUMN_COMMENT"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";

static void add_clause(struct buf *sql, const struct schema *s, const char *verb, enum row_column c)
{
	if (sql->length == 0) {
		buf_add(sql, "ALTER TABLE ");
		db_quote_name(sql, s->table);
	} else {
		buf_add_char(sql, ',');
	}
	buf_add(sql, verb);
	row_column_define(sql, c);
}

/* Checks a wanted column that exists. It is ours, or it has the same type; then it becomes ours. */
static int judge_column(const struct schema *s, enum row_column c, const struct db_rows *rows,
			struct buf *sql)
{
	if (!row_column_fits(c, db_rows_text(rows, 1), db_rows_int(rows, 2) == 1,
			     db_rows_int(rows, 3) == 1)) {
		admin_complain("%s: table %s of the cloud database has a column %s (%s) of another "
			       "kind than %s makes: rename it, or turn that off in [cloud %s]",
			       s->id, s->table, row_column_names[c], db_rows_text(rows, 1),
			       row_column_setting(c), s->id);
		return -1;
	}
	if (!row_column_is_ours(c, db_rows_text(rows, 4)))
		add_clause(sql, s, " MODIFY COLUMN ", c);
	return 0;
}

/* Writes the statement that S's table needs; SQL stays empty if it needs none. */
static int plan(struct db *cloud, const struct schema *s, const struct conf_rows *rules,
		struct buf *sql)
{
	struct db_value table = db_text(s->table);
	bool there[ROW_COLUMNS] = {false};
	struct db_rows *rows = NULL;
	int rc = 0;

	if (db_run(cloud, sql_columns, &table, 1, &rows, NULL) != OUTCOME_OK)
		return -1;
	if (db_rows_count(rows) == 0) /* the table is missing, which is reported elsewhere */
		memset(there, true, sizeof(there));
	while (db_rows_next(rows)) {
		enum row_column c = row_column_of(db_rows_text(rows, 0));

		if (c == ROW_COLUMNS)
			continue;
		there[c] = true;
		if (row_column_wanted(rules, c) && judge_column(s, c, rows, sql) < 0)
			rc = -1;
	}
	db_rows_free(&rows);
	for (enum row_column c = ROW_LOADED_AT; c < ROW_COLUMNS; c++)
		if (row_column_wanted(rules, c) && !there[c])
			add_clause(sql, s, " ADD COLUMN IF NOT EXISTS ", c);
	return rc;
}

int row_columns_settle(const struct admin *a, struct db *cloud, const struct schema *s)
{
	const struct conf_rows *rules = conf_rows_of(a->conf, s->id);
	struct buf sql = BUF_INIT;
	int rc = plan(cloud, s, rules, &sql);

	if (rc == 0 && sql.length > 0) {
		rc = db_exec(cloud, buf_text(&sql)) == OUTCOME_OK ? 0 : -1;
		if (rc < 0)
			admin_complain("%s: table %s: %s", s->id, s->table, db_error(cloud));
		else
			printf("added what [cloud] asks for to table %s\n", s->table);
	}
	buf_free(&sql);
	return rc;
}

int row_columns_settle_all(const struct admin *a)
{
	struct db *staging = admin_open_staging(a);
	struct db *cloud = staging != NULL ? admin_open_cloud(a) : NULL;
	struct registry *r = NULL;
	int rc = cloud != NULL && registry_load(staging, &r) == OUTCOME_OK ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < registry_count(r); i++) {
		const struct schema *s = registry_at(r, i);

		if (!s->local || s->replicated)
			rc = row_columns_settle(a, cloud, s);
	}
	registry_release(&r);
	db_close(&cloud);
	db_close(&staging);
	return rc;
}
