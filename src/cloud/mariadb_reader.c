/* SPDX-License-Identifier: MIT */
/*
 * A reader over MariaDB's protocol; see reader.h.
 *
 * A scan is one statement whose rows are streamed.  With InnoDB the statement reads the rows that
 * were committed when it began, and takes no lock that a writer waits for.
 *
 * The server sorts text by the column's collation, which the owner may have changed.  So the ORDER
 * BY names the collation if the column has another one: then the server sorts the rows first,
 * instead of following the primary key.
 */
#include "config.h"

#include "cloud/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "schema/row_columns.h"

#define REASON_SIZE 512

/* The third column tells whether the column compares by its bytes; only text has a collation. */
static const char sql_columns[] = "SELECT COLUMN_NAME, COLLATION_NAME IS NOT NULL,"
				  " COALESCE(COLLATION_NAME = 'utf8mb4_nopad_bin', 0),"
				  " COLUMN_COMMENT"
				  " FROM information_schema.COLUMNS"
				  " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";

/* The server sorts text only by its first max_sort_length bytes; the default is 1024. */
static const char sql_sort_length[] = "SET SESSION max_sort_length = 65536";

enum key_order { ORDER_NONE, ORDER_AS_STORED, ORDER_AS_TEXT, ORDER_AS_NUMBER };

struct reader {
	struct db *db;
	char *group;
	struct db_rows *rows; /* of the current scan; NULL if there is none */
	bool at_end;
	struct db_value *cells;
	size_t columns;
	/* Properties of the table that was checked last: */
	enum key_order order;
	bool marks; /* it may contain rows that are marked as deleted */
	char reason[REASON_SIZE];
};

static enum outcome checked(struct reader *r, enum outcome rc)
{
	if (rc != OUTCOME_OK)
		log_escape(r->reason, sizeof(r->reason), db_error(r->db));
	return rc;
}

static void reader_close(struct reader **holder)
{
	struct reader *r = *holder;

	if (r == NULL)
		return;
	reader_mariadb.scan_end(r);
	db_close(&r->db);
	free(r->cells);
	free(r->group);
	free(r);
	*holder = NULL;
}

static enum outcome reader_open(const struct conf *conf, const char *group, struct reader **out)
{
	const struct db_login login = {
	    .option_file = conf->sync_option_file,
	    .group = group,
	    .label = group,
	    .connect_timeout_s = conf->connect_timeout_s,
	    .io_timeout_s = conf_batch_timeout_s(conf),
	};
	struct reader *r;
	enum outcome rc;

	if (!db_login_configured(&login))
		return OUTCOME_INVALID;
	r = xcalloc(1, sizeof(*r));
	r->group = xstrdup(group);
	if ((rc = db_open(&login, &r->db)) == OUTCOME_OK)
		rc = db_exec(r->db, sql_sort_length);
	if (rc == OUTCOME_OK)
		*out = r;
	else
		reader_close(&r);
	return rc;
}

/* Returns how the scan orders the rows of S.  ROW describes the column of the primary key. */
static enum key_order order_by(const struct schema *s, const struct db_rows *row)
{
	bool text = xtk_type_is_text(s->fields[s->pk].type);

	if (text)
		return db_rows_int(row, 2) != 0 ? ORDER_AS_STORED : ORDER_AS_TEXT;
	if (!xtk_type_is_number(s->fields[s->pk].type) || db_rows_int(row, 1) == 0)
		return ORDER_AS_STORED;
	return ORDER_AS_NUMBER; /* the owner has changed the number column to text */
}

static enum outcome judge(struct reader *r, const struct schema *s, const bool *seen, size_t found)
{
	if (found == 0) {
		snprintf(r->reason, sizeof(r->reason), "[%s] has no table %s", r->group, s->table);
		return OUTCOME_INVALID;
	}
	for (size_t i = 0; i < s->field_count; i++) {
		if (seen[i])
			continue;
		snprintf(r->reason, sizeof(r->reason), "table %s of [%s] has no column %s",
			 s->table, r->group, s->fields[i].column);
		return OUTCOME_INVALID;
	}
	return OUTCOME_OK;
}

static bool is_marking(const struct db_rows *row)
{
	return row_column_of(db_rows_text(row, 0)) == ROW_DELETED_AT &&
	       row_column_is_ours(ROW_DELETED_AT, db_rows_text(row, 3));
}

/* Takes over the column that ROW describes: as a field of S, or as the mark of deleted rows. */
static void take_column(struct reader *r, const struct schema *s, const struct db_rows *row,
			bool *seen)
{
	int field = schema_field_by_column(s, db_rows_text(row, 0));

	if (field < 0) {
		r->marks |= is_marking(row);
		return;
	}
	seen[field] = true;
	if (field == s->pk)
		r->order = order_by(s, row);
}

static enum outcome reader_check(struct reader *r, const struct schema *s)
{
	bool *seen = xcalloc(s->field_count + 1, sizeof(*seen));
	struct db_value table = db_text(s->table);
	struct db_rows *rows = NULL;
	size_t found = 0;
	enum outcome rc;

	r->order = ORDER_NONE;
	r->marks = false;
	rc = checked(r, db_run(r->db, sql_columns, &table, 1, &rows, NULL));
	for (; rc == OUTCOME_OK && db_rows_next(rows); found++)
		take_column(r, s, rows, seen);
	if (rc == OUTCOME_OK)
		rc = judge(r, s, seen, found);
	db_rows_free(&rows);
	free(seen);
	return rc;
}

static void add_table(struct buf *sql, const struct reader *r, const struct schema *s)
{
	buf_add(sql, " FROM ");
	db_quote_name(sql, s->table);
	if (r->marks)
		buf_addf(sql, " WHERE %s IS NULL", row_column_names[ROW_DELETED_AT]);
}

static enum outcome reader_count(struct reader *r, const struct schema *s, uint64_t *count)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	buf_add(&sql, "SELECT COUNT(*)");
	add_table(&sql, r, s);
	rc = checked(r, db_run(r->db, buf_text(&sql), NULL, 0, &rows, NULL));
	if (rc == OUTCOME_OK)
		*count = db_rows_next(rows) ? (uint64_t)db_rows_int(rows, 0) : 0;
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

static void add_order(struct buf *sql, const struct schema *s, enum key_order order)
{
	if (order == ORDER_NONE)
		return;
	buf_add(sql, " ORDER BY ");
	if (order == ORDER_AS_TEXT)
		buf_add(sql, "CONVERT(");
	db_quote_name(sql, s->fields[s->pk].column);
	if (order == ORDER_AS_TEXT)
		buf_add(sql, " USING utf8mb4) COLLATE utf8mb4_nopad_bin");
	else if (order == ORDER_AS_NUMBER)
		buf_add(sql, " + 0");
}

static enum outcome reader_scan_begin(struct reader *r, const struct schema *s)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	reader_mariadb.scan_end(r);
	buf_add(&sql, "SELECT ");
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, i > 0 ? ", " : "");
		db_quote_name(&sql, s->fields[i].column);
	}
	add_table(&sql, r, s);
	add_order(&sql, s, r->order);
	rc = checked(r, db_stream(r->db, buf_text(&sql), &r->rows));
	buf_free(&sql);
	r->at_end = false;
	r->columns = s->field_count;
	r->cells = xrealloc(r->cells, r->columns + 1, sizeof(*r->cells));
	return rc;
}

static enum outcome reader_scan_next(struct reader *r, const struct db_value **cells)
{
	enum outcome rc;

	*cells = NULL;
	if (r->at_end)
		return OUTCOME_OK;
	if (db_rows_next(r->rows)) {
		for (size_t i = 0; i < r->columns; i++)
			r->cells[i] = db_rows_value(r->rows, i);
		*cells = r->cells;
		return OUTCOME_OK;
	}
	rc = checked(r, db_rows_outcome(r->rows));
	r->at_end = true;
	return rc;
}

/* The library would read the remaining rows of an unfinished scan to the end, so the function shuts
 * the connection down instead. */
static void reader_scan_end(struct reader *r)
{
	int fd = -1;

	if (r->rows == NULL)
		return;
	if (!r->at_end && (fd = db_dup_socket(r->db)) >= 0) {
		shutdown(fd, SHUT_RDWR);
		close(fd);
	}
	db_rows_free(&r->rows);
}

static const char *reader_reason(const struct reader *r)
{
	return r->reason;
}

const struct reader_ops reader_mariadb = {
    .open = reader_open,
    .close = reader_close,
    .check = reader_check,
    .count = reader_count,
    .scan_begin = reader_scan_begin,
    .scan_next = reader_scan_next,
    .scan_end = reader_scan_end,
    .reason = reader_reason,
};
