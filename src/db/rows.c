/* SPDX-License-Identifier: MIT */
/*
 * Runs statements and reads their results; all values are text.  Prepared statements are cached.  A
 * stored result is copied out of the library at once, so it does not depend on the session.  A
 * streamed result occupies its session.
 */
#include "config.h"

#include "db/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/log.h"
#include "db/mysql_session.h"

/* Large enough for every number and date.  A longer value makes the buffer of its column grow. */
#define FIRST_BUFFER_SIZE 256

struct db_rows {
	size_t columns;
	enum outcome outcome;
	const struct db_value *current; /* the current row of the caller */
	/* stored */
	struct arena *arena;	/* holds every text */
	struct db_value *cells; /* count x columns */
	size_t count, capacity, next;
	/* streamed */
	struct db *db;
	MYSQL_RES *stream; /* NULL: a stored result */
	struct db_value *streamed;
};

static struct db_rows *rows_new(struct db *db, size_t columns)
{
	struct db_rows *rows = xcalloc(1, sizeof(*rows));

	rows->db = db;
	rows->columns = columns;
	rows->outcome = OUTCOME_OK;
	return rows;
}

void db_rows_free(struct db_rows **holder)
{
	struct db_rows *rows = *holder;

	if (rows == NULL)
		return;
	if (rows->stream != NULL)
		mysql_free_result(rows->stream); /* reads the remaining rows */
	arena_free(&rows->arena);
	free(rows->cells);
	free(rows->streamed);
	free(rows);
	*holder = NULL;
}

/* Appends a row to a stored result; the caller fills it in. */
static struct db_value *rows_add(struct db_rows *rows)
{
	if (rows->arena == NULL)
		rows->arena = arena_new();
	if (rows->count == rows->capacity) {
		rows->capacity = rows->capacity != 0 ? rows->capacity * 2 : 16;
		rows->cells =
		    xrealloc(rows->cells, rows->capacity * rows->columns, sizeof(*rows->cells));
	}
	return rows->cells + rows->count++ * rows->columns;
}

/* --- prepared statements --- */

MYSQL_STMT *db_stmt_prepare(struct db *db, const char *sql, enum outcome *rc)
{
	MYSQL_STMT *stmt = mysql_stmt_init(db->mysql);

	if (stmt == NULL) {
		*rc = db_failed(db, sql);
		return NULL;
	}
	if (mysql_stmt_prepare(stmt, sql, (unsigned long)strlen(sql)) != 0) {
		*rc = db_stmt_failed(db, stmt, sql);
		mysql_stmt_close(stmt);
		return NULL;
	}
	*rc = OUTCOME_OK;
	return stmt;
}

static void statement_close(struct db_statement *s)
{
	if (s->stmt != NULL)
		mysql_stmt_close(s->stmt);
	free(s->sql);
	*s = (struct db_statement){0};
}

void db_statements_close(struct db *db)
{
	size_t i;

	for (i = 0; i < DB_STATEMENTS; i++)
		statement_close(&db->statements[i]);
}

/* Returns the entry of SQL, or the entry to use for it: a free one, or the least recently used. */
static struct db_statement *statement_place(struct db *db, const char *sql)
{
	struct db_statement *oldest = &db->statements[0];
	size_t i;

	for (i = 0; i < DB_STATEMENTS; i++) {
		struct db_statement *s = &db->statements[i];

		if (s->sql != NULL && strcmp(s->sql, sql) == 0)
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	return oldest;
}

static struct db_statement *statement_get(struct db *db, const char *sql, enum outcome *rc)
{
	struct db_statement *s = statement_place(db, sql);

	if (s->sql == NULL || strcmp(s->sql, sql) != 0) {
		statement_close(s);
		s->stmt = db_stmt_prepare(db, sql, rc);
		if (s->stmt == NULL)
			return NULL;
		s->sql = xstrdup(sql);
	}
	s->used = ++db->uses;
	*rc = OUTCOME_OK;
	return s;
}

/* Fills BINDS.  The library copies them, but reads the values only in execute. */
static void bind_params(MYSQL_BIND *binds, const struct db_value *params, size_t count)
{
	static char empty[1]; /* the library takes a NULL buffer for a missing value */
	static my_bool yes = 1, no = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		binds[i] = (MYSQL_BIND){0};
		binds[i].buffer_type = MYSQL_TYPE_STRING;
		binds[i].is_null = params[i].text == NULL ? &yes : &no;
		/* The library only reads the buffer, although its type is not const. */
		binds[i].buffer =
		    params[i].text == NULL ? empty : (void *)(uintptr_t)params[i].text;
		binds[i].buffer_length = (unsigned long)params[i].length;
	}
}

static enum outcome statement_execute(struct db *db, struct db_statement *s,
				      const struct db_value *params, size_t count)
{
	MYSQL_BIND *binds;
	int failed;

	if (mysql_stmt_param_count(s->stmt) != count) {
		log_error("database %s: %zu values for %lu parameters: %s", db->label, count,
			  mysql_stmt_param_count(s->stmt), s->sql);
		return OUTCOME_BUG;
	}
	binds = xcalloc(count, sizeof(*binds));
	bind_params(binds, params, count);
	failed = (count != 0 && mysql_stmt_bind_param(s->stmt, binds) != 0) ||
		 mysql_stmt_execute(s->stmt) != 0;
	free(binds);
	return failed ? db_stmt_failed(db, s->stmt, s->sql) : OUTCOME_OK;
}

/* The buffer of one column of a prepared statement's result. */
struct column {
	char *buffer;
	unsigned long size;
	unsigned long length; /* of the whole value, even if it did not fit */
	my_bool is_null;
};

static void bind_column(MYSQL_BIND *bind, struct column *c)
{
	*bind = (MYSQL_BIND){0};
	bind->buffer_type = MYSQL_TYPE_STRING;
	bind->buffer = c->buffer;
	bind->buffer_length = c->size;
	bind->length = &c->length;
	bind->is_null = &c->is_null;
}

/* Makes the buffer large enough for the current value and fetches the value again. */
static int fetch_whole(MYSQL_STMT *stmt, MYSQL_BIND *bind, struct column *c, unsigned place)
{
	c->size = c->length * 2;
	c->buffer = xrealloc(c->buffer, c->size, 1);
	bind_column(bind, c);
	return mysql_stmt_fetch_column(stmt, bind, place, 0);
}

/* Returns 0, MYSQL_NO_DATA, or 1 after a failure. */
static int fetch_row(MYSQL_STMT *stmt, MYSQL_BIND *binds, struct column *columns, size_t count)
{
	int rc = mysql_stmt_fetch(stmt);
	bool grown = false;
	unsigned i;

	if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
		return rc;
	for (i = 0; i < count; i++) {
		if (columns[i].is_null || columns[i].length <= columns[i].size)
			continue;
		if (fetch_whole(stmt, &binds[i], &columns[i], i) != 0)
			return 1;
		grown = true;
	}
	/* The library's copy of BINDS still has the old buffers, which are freed. */
	return grown && mysql_stmt_bind_result(stmt, binds) != 0;
}

static void store_row(struct db_rows *rows, const struct column *columns)
{
	struct db_value *row = rows_add(rows);
	size_t i;

	for (i = 0; i < rows->columns; i++) {
		row[i] = DB_NULL;
		if (columns[i].is_null)
			continue;
		row[i].length = columns[i].length;
		row[i].text = arena_strndup(rows->arena, columns[i].buffer, columns[i].length);
	}
}

static int fetch_rows(MYSQL_STMT *stmt, struct db_rows *rows)
{
	MYSQL_BIND *binds = xcalloc(rows->columns, sizeof(*binds));
	struct column *columns = xcalloc(rows->columns, sizeof(*columns));
	size_t i;
	int rc;

	for (i = 0; i < rows->columns; i++) {
		columns[i].size = FIRST_BUFFER_SIZE;
		columns[i].buffer = xmalloc(columns[i].size);
		bind_column(&binds[i], &columns[i]);
	}
	rc = mysql_stmt_bind_result(stmt, binds) != 0;
	while (rc == 0) {
		rc = fetch_row(stmt, binds, columns, rows->columns);
		if (rc == 0)
			store_row(rows, columns);
	}
	for (i = 0; i < rows->columns; i++)
		free(columns[i].buffer);
	free(columns);
	free(binds);
	return rc == MYSQL_NO_DATA ? 0 : -1;
}

/* Passes RESULT to the caller, or frees it if the caller does not want it. */
static void return_result(struct db_rows *result, uint64_t changed, struct db_rows **rows,
			  uint64_t *affected)
{
	if (affected != NULL)
		*affected = result->columns != 0 ? result->count : changed;
	if (rows != NULL)
		*rows = result;
	else
		db_rows_free(&result);
}

static enum outcome run_prepared(struct db *db, const char *sql, const struct db_value *params,
				 size_t count, struct db_rows **rows, uint64_t *affected)
{
	struct db_rows *result;
	struct db_statement *s;
	enum outcome rc;

	s = statement_get(db, sql, &rc);
	if (s == NULL)
		return rc;
	rc = statement_execute(db, s, params, count);
	if (rc != OUTCOME_OK) {
		statement_close(s); /* the statement may be the cause: prepare it again next time */
		return rc;
	}
	db->last_insert_id = mysql_stmt_insert_id(s->stmt);
	result = rows_new(db, mysql_stmt_field_count(s->stmt));
	if (result->columns != 0 && fetch_rows(s->stmt, result) < 0) {
		rc = db_stmt_failed(db, s->stmt, sql);
		statement_close(s);
		db_rows_free(&result);
		return rc;
	}
	return_result(result, mysql_stmt_affected_rows(s->stmt), rows, affected);
	mysql_stmt_free_result(s->stmt);
	return OUTCOME_OK;
}

/* --- statements without parameters --- */

static void take_row(struct db_value *to, MYSQL_ROW row, const unsigned long *lengths,
		     size_t columns)
{
	size_t i;

	for (i = 0; i < columns; i++)
		to[i] = row[i] != NULL ? (struct db_value){row[i], lengths[i]} : DB_NULL;
}

/* Copies the result of the last query into ROWS.  Returns -1 if reading fails. */
static int copy_result(struct db *db, MYSQL_RES *from, struct db_rows *rows)
{
	MYSQL_ROW row;
	size_t i;

	while ((row = mysql_fetch_row(from)) != NULL) {
		struct db_value *to = rows_add(rows);

		take_row(to, row, mysql_fetch_lengths(from), rows->columns);
		for (i = 0; i < rows->columns; i++)
			if (to[i].text != NULL)
				to[i].text = arena_strndup(rows->arena, to[i].text, to[i].length);
	}
	return mysql_errno(db->mysql) == 0 ? 0 : -1;
}

static enum outcome run_text(struct db *db, const char *sql, struct db_rows **rows,
			     uint64_t *affected)
{
	struct db_rows *result;
	MYSQL_RES *from;
	enum outcome rc;

	rc = db_query(db, sql, strlen(sql));
	if (rc != OUTCOME_OK)
		return rc;
	db->last_insert_id = mysql_insert_id(db->mysql);
	result = rows_new(db, mysql_field_count(db->mysql));
	if (result->columns != 0) {
		from = mysql_use_result(db->mysql);
		if (from == NULL || copy_result(db, from, result) < 0)
			rc = db_failed(db, sql);
		mysql_free_result(from);
	}
	if (rc == OUTCOME_OK)
		return_result(result, mysql_affected_rows(db->mysql), rows, affected);
	else
		db_rows_free(&result);
	return rc;
}

enum outcome db_run(struct db *db, const char *sql, const struct db_value *params, size_t count,
		    struct db_rows **rows, uint64_t *affected)
{
	if (db->lost)
		return OUTCOME_RETRY;
	if (count == 0)
		return run_text(db, sql, rows, affected);
	return run_prepared(db, sql, params, count, rows, affected);
}

enum outcome db_stream(struct db *db, const char *sql, struct db_rows **rows)
{
	struct db_rows *result;
	enum outcome rc;

	rc = db_query(db, sql, strlen(sql));
	if (rc != OUTCOME_OK)
		return rc;
	result = rows_new(db, mysql_field_count(db->mysql));
	result->stream = mysql_use_result(db->mysql);
	if (result->stream == NULL) {
		rc = db_failed(db, sql);
		db_rows_free(&result);
		return rc;
	}
	result->streamed = xcalloc(result->columns, sizeof(*result->streamed));
	*rows = result;
	return OUTCOME_OK;
}

/* --- reading --- */

static bool stream_next(struct db_rows *rows)
{
	MYSQL_ROW row;

	if (rows->outcome != OUTCOME_OK)
		return false;
	row = mysql_fetch_row(rows->stream);
	if (row == NULL) {
		if (mysql_errno(rows->db->mysql) != 0)
			rows->outcome = db_failed(rows->db, "reading a result");
		rows->current = NULL;
		return false;
	}
	take_row(rows->streamed, row, mysql_fetch_lengths(rows->stream), rows->columns);
	rows->current = rows->streamed;
	return true;
}

bool db_rows_next(struct db_rows *rows)
{
	if (rows->stream != NULL)
		return stream_next(rows);
	if (rows->next == rows->count) {
		rows->current = NULL;
		return false;
	}
	rows->current = rows->cells + rows->next++ * rows->columns;
	return true;
}

enum outcome db_rows_outcome(const struct db_rows *rows)
{
	return rows->outcome;
}

size_t db_rows_columns(const struct db_rows *rows)
{
	return rows->columns;
}

size_t db_rows_count(const struct db_rows *rows)
{
	return rows->count;
}

struct db_value db_rows_value(const struct db_rows *rows, size_t column)
{
	if (rows->current == NULL || column >= rows->columns)
		return DB_NULL;
	return rows->current[column];
}

const char *db_rows_text(const struct db_rows *rows, size_t column)
{
	return db_rows_value(rows, column).text;
}

int64_t db_rows_int(const struct db_rows *rows, size_t column)
{
	const char *text = db_rows_text(rows, column);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

uint64_t db_last_insert_id(const struct db *db)
{
	return db->last_insert_id;
}
