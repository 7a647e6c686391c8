/* SPDX-License-Identifier: MIT */
/*
 * Array binding: one INSERT of many rows in one round trip (COM_STMT_BULK_EXECUTE of MariaDB).  The
 * server executes it as one statement: it inserts all rows or none.
 */
#include "config.h"

#include "db/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "db/mysql_session.h"

/* The arrays of one column.  Their length is the number of rows of the largest execution so far. */
struct column {
	const char **texts;
	unsigned long *lengths;
	char *indicators; /* STMT_INDICATOR_NONE, STMT_INDICATOR_NULL */
};

struct db_bulk {
	struct db *db;
	MYSQL_STMT *stmt;
	char *sql;
	size_t columns;
	size_t capacity; /* rows */
	struct column *column;
	MYSQL_BIND *binds;
};

enum outcome db_bulk_open(struct db *db, const char *sql, const enum db_cell *kinds, size_t columns,
			  struct db_bulk **out)
{
	struct db_bulk *bulk;
	MYSQL_STMT *stmt;
	enum outcome rc;
	size_t i;

	if (db->lost)
		return OUTCOME_RETRY;
	stmt = db_stmt_prepare(db, sql, &rc);
	if (stmt == NULL)
		return rc;
	if (columns == 0 || mysql_stmt_param_count(stmt) != columns) {
		log_error("database %s: %zu columns for %lu parameters: %s", db->label, columns,
			  mysql_stmt_param_count(stmt), sql);
		mysql_stmt_close(stmt);
		return OUTCOME_BUG;
	}
	bulk = xcalloc(1, sizeof(*bulk));
	bulk->db = db;
	bulk->stmt = stmt;
	bulk->sql = xstrdup(sql);
	bulk->columns = columns;
	bulk->column = xcalloc(columns, sizeof(*bulk->column));
	bulk->binds = xcalloc(columns, sizeof(*bulk->binds));
	for (i = 0; i < columns; i++)
		bulk->binds[i].buffer_type = kinds != NULL && kinds[i] == DB_CELL_BINARY
						 ? MYSQL_TYPE_BLOB
						 : MYSQL_TYPE_STRING;
	*out = bulk;
	return OUTCOME_OK;
}

static void grow(struct db_bulk *bulk, size_t rows)
{
	size_t i;

	if (rows <= bulk->capacity)
		return;
	for (i = 0; i < bulk->columns; i++) {
		struct column *c = &bulk->column[i];

		c->texts = xrealloc(c->texts, rows, sizeof(*c->texts));
		c->lengths = xrealloc(c->lengths, rows, sizeof(*c->lengths));
		c->indicators = xrealloc(c->indicators, rows, sizeof(*c->indicators));
	}
	bulk->capacity = rows;
}

/* Transposes CELLS, which are row by row, to the arrays of the columns. */
static void transpose(struct db_bulk *bulk, const struct db_value *cells, size_t rows)
{
	size_t i, r;

	for (i = 0; i < bulk->columns; i++) {
		struct column *c = &bulk->column[i];

		for (r = 0; r < rows; r++) {
			const struct db_value *v = &cells[r * bulk->columns + i];

			c->texts[r] = v->text;
			c->lengths[r] = (unsigned long)v->length;
			c->indicators[r] =
			    v->text == NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
		}
		bulk->binds[i].buffer = c->texts;
		bulk->binds[i].length = c->lengths;
		bulk->binds[i].u.indicator = c->indicators;
	}
}

static bool execute(struct db_bulk *bulk, const struct db_value *cells, size_t rows)
{
	unsigned size = (unsigned)rows;

	grow(bulk, rows);
	transpose(bulk, cells, rows);
	/* Set both before each execution, because the library keeps copies of the size and of the
	 * binds. */
	return mysql_stmt_attr_set(bulk->stmt, STMT_ATTR_ARRAY_SIZE, &size) == 0 &&
	       mysql_stmt_bind_param(bulk->stmt, bulk->binds) == 0 &&
	       mysql_stmt_execute(bulk->stmt) == 0;
}

enum outcome db_bulk_execute(struct db_bulk *bulk, const struct db_value *cells, size_t rows)
{
	if (rows == 0)
		return OUTCOME_OK;
	if (bulk->db->lost)
		return OUTCOME_RETRY;
	if (!execute(bulk, cells, rows))
		return db_stmt_failed(bulk->db, bulk->stmt, bulk->sql);
	return OUTCOME_OK;
}

enum outcome db_bulk_commit(struct db_bulk *bulk, const struct db_value *cells, size_t rows)
{
	if (rows == 0)
		return OUTCOME_OK;
	if (bulk->db->lost)
		return OUTCOME_RETRY;
	if (!execute(bulk, cells, rows))
		return db_stmt_commit_failed(bulk->db, bulk->stmt, bulk->sql);
	return OUTCOME_OK;
}

void db_bulk_free(struct db_bulk **holder)
{
	struct db_bulk *bulk = *holder;
	size_t i;

	if (bulk == NULL)
		return;
	mysql_stmt_close(bulk->stmt);
	for (i = 0; i < bulk->columns; i++) {
		free(bulk->column[i].texts);
		free(bulk->column[i].lengths);
		free(bulk->column[i].indicators);
	}
	free(bulk->column);
	free(bulk->binds);
	free(bulk->sql);
	free(bulk);
	*holder = NULL;
}
