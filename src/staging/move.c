/* SPDX-License-Identifier: MIT */
/* Lists the columns that a change keeps when it moves; see move.h. */
#include "config.h"

#include "staging/move.h"

static const char sql_columns[] =
    "SELECT a.COLUMN_NAME FROM information_schema.COLUMNS a JOIN information_schema.COLUMNS b"
    " ON b.TABLE_SCHEMA = a.TABLE_SCHEMA AND b.COLUMN_NAME = a.COLUMN_NAME"
    " WHERE a.TABLE_SCHEMA = DATABASE() AND a.TABLE_NAME = ? AND b.TABLE_NAME = ?"
    " ORDER BY a.ORDINAL_POSITION";

enum outcome move_columns(struct db *db, const char *from, const char *to, struct buf *sql)
{
	struct db_value tables[] = {db_text(from), db_text(to)};
	struct db_rows *rows = NULL;
	const char *separator = "";
	enum outcome rc;

	rc = db_run(db, sql_columns, tables, 2, &rows, NULL);
	while (rc == OUTCOME_OK && db_rows_next(rows)) {
		buf_add(sql, separator);
		db_quote_name(sql, db_rows_text(rows, 0));
		separator = ", ";
	}
	db_rows_free(&rows);
	return rc;
}
