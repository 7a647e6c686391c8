/* SPDX-License-Identifier: MIT */
/* The row columns of a table; see mariadb_marks.h. */
#include "config.h"

#include "cloud/mariadb_marks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "schema/row_columns.h"

#define NOW "UTC_TIMESTAMP(3)"

static const char sql_columns[] =
    "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE = 'YES', IS_GENERATED <> 'NEVER', COLUMN_COMMENT,"
    " EXTRA LIKE '%auto_increment%' FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";

static void add_name(struct buf *sql, const char *column)
{
	buf_add(sql, "e.");
	db_quote_name(sql, column);
}

/* Judges a column that has the name of row column C; it may be the owner's.  Sets SEEN[C]. */
static void take_own(struct marks *m, const struct conf_rows *rules, enum row_column c,
		     const struct db_rows *rows, bool *seen)
{
	bool wanted = row_column_wanted(rules, c);
	bool fits = row_column_fits(c, db_rows_text(rows, 1), db_rows_int(rows, 2) == 1,
				    db_rows_int(rows, 3) == 1);

	seen[c] = true;
	if (wanted && !fits && m->lacks == NULL)
		m->lacks =
		    xasprintf("column %s of table %s is %s and not that of %s: rename it, or turn "
			      "that off for this schema",
			      row_column_names[c], m->schema->table, db_rows_text(rows, 1),
			      row_column_setting(c));
	if (c == ROW_DELETED_AT)
		m->hides = fits && (wanted || row_column_is_ours(c, db_rows_text(rows, 4)));
}

/* A column that the sync does not write gets the table's default when a marked row is reused. */
static void take_foreign(struct buf *foreign, const struct db_rows *rows)
{
	if (db_rows_int(rows, 3) == 1 || db_rows_int(rows, 5) == 1)
		return; /* the server computes its value */
	buf_add(foreign, ", ");
	add_name(foreign, db_rows_text(rows, 0));
	buf_add(foreign, " = DEFAULT(");
	add_name(foreign, db_rows_text(rows, 0));
	buf_add_char(foreign, ')');
}

static void judge(struct marks *m, const struct conf_rows *rules, const bool *seen)
{
	for (enum row_column c = ROW_LOADED_AT; c < ROW_COLUMNS; c++) {
		if (!row_column_wanted(rules, c) || seen[c] || m->lacks != NULL)
			continue;
		m->lacks =
		    xasprintf("table %s has no column %s, which %s asks for: `campaign-admin db "
			      "upgrade` adds it",
			      m->schema->table, row_column_names[c], row_column_setting(c));
	}
}

static enum outcome read_columns(struct db *db, const struct conf_rows *rules, struct marks *m)
{
	struct db_value table = db_text(m->schema->table);
	bool seen[ROW_COLUMNS] = {false};
	struct buf foreign = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	if ((rc = db_run(db, sql_columns, &table, 1, &rows, NULL)) != OUTCOME_OK)
		return rc;
	while (db_rows_next(rows)) {
		enum row_column c = row_column_of(db_rows_text(rows, 0));

		if (c < ROW_COLUMNS)
			take_own(m, rules, c, rows, seen);
		if (c == ROW_COLUMNS ? schema_field_by_column(m->schema, db_rows_text(rows, 0)) < 0
				     : c != ROW_DELETED_AT && !m->loaded)
			take_foreign(&foreign, rows);
	}
	db_rows_free(&rows);
	judge(m, rules, seen);
	m->foreign = xstrdup(buf_text(&foreign));
	buf_free(&foreign);
	return OUTCOME_OK;
}

/* An inserted record finds the marked row that it overwrites by the primary key. */
static void judge_unique(struct marks *m, bool pk_unique)
{
	const struct schema *s = m->schema;

	if (!m->hides || s->pk < 0 || m->lacks != NULL || pk_unique)
		return;
	m->lacks = xasprintf("table %s has the column %s and no unique index on %s alone: add one, "
			     "or set deletes = hard and drop that column",
			     s->table, row_column_names[ROW_DELETED_AT], s->fields[s->pk].column);
}

enum outcome marks_read(struct db *db, const struct schema *s, const struct conf_rows *rules,
			uint64_t run, bool pk_unique, struct marks **out)
{
	struct marks *m = xcalloc(1, sizeof(*m));
	enum outcome rc;

	m->schema = s;
	m->loaded = rules->loaded_columns;
	m->soft = rules->deletes == CONF_DELETES_SOFT;
	m->run = run;
	if ((rc = read_columns(db, rules, m)) == OUTCOME_OK)
		judge_unique(m, pk_unique);
	if (rc == OUTCOME_OK)
		*out = m;
	else
		marks_free(&m);
	return rc;
}

void marks_free(struct marks **marks)
{
	if (*marks == NULL)
		return;
	free((*marks)->lacks);
	free((*marks)->foreign);
	free(*marks);
	*marks = NULL;
}

void marks_add_seen(const struct marks *m, struct buf *sql, const char *word)
{
	if (m->hides)
		buf_addf(sql, "%se.%s IS NULL", word, row_column_names[ROW_DELETED_AT]);
}

void marks_add_hidden(const struct marks *m, struct buf *sql, const char *word)
{
	if (m->hides)
		buf_addf(sql, "%se.%s IS NOT NULL", word, row_column_names[ROW_DELETED_AT]);
}

void marks_add_written(const struct marks *m, struct buf *sql, const char *separator)
{
	if (m->loaded)
		buf_addf(sql, "%se.%s = " NOW ", e.%s = %" PRIu64, separator,
			 row_column_names[ROW_LOADED_AT], row_column_names[ROW_RUN], m->run);
}

void marks_add_deleted(const struct marks *m, struct buf *sql)
{
	buf_addf(sql, "e.%s = " NOW, row_column_names[ROW_DELETED_AT]);
	marks_add_written(m, sql, ", ");
}

void marks_add_anew(const struct marks *m, struct buf *sql)
{
	buf_addf(sql, ", e.%s = NULL%s", row_column_names[ROW_DELETED_AT], m->foreign);
	marks_add_written(m, sql, ", ");
}

void marks_add_insert_columns(const struct marks *m, struct buf *sql)
{
	if (m->loaded)
		buf_addf(sql, ", %s, %s", row_column_names[ROW_LOADED_AT],
			 row_column_names[ROW_RUN]);
}

void marks_add_insert_values(const struct marks *m, struct buf *sql)
{
	if (m->loaded)
		buf_addf(sql, ", " NOW ", %" PRIu64, m->run);
}
