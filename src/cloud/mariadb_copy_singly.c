/* SPDX-License-Identifier: MIT */
/*
 * Makes a whole copy one row at a time after the server refused one of its statements; see
 * mariadb_copy.h.
 *
 *   sweep     deletes, updates and inserts each row that differs, and repeats this as long as a
 *             round succeeds for a row: that row may have blocked another one
 *   exchange  changed rows that block each other, e.g. two rows that have swapped unique names: it
 *             deletes all of them and inserts them with their new values
 *
 * Rows that the server refuses even then stay as they were.  Rows of other tables may refer to the
 * exchanged rows by the primary key, which does not change.  So the deletion of an exchange runs
 * with foreign_key_checks off: otherwise a foreign key would refuse it or, worse, cascade it to the
 * referring rows.  If a foreign key refers to any other column, there is no exchange.  The exchange
 * also restores columns that the schema does not know.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/log.h"
#include "cloud/mariadb_copy.h"
#include "schema/row_columns.h"

/* Maximum tries of an exchange.  Each try excludes the rows that the previous one found refused. */
#define EXCHANGES 8

static const char row_table[] = "`campaign_copy_row`";
static const char kept_table[] = "`campaign_copy_kept`";

static const char sql_other_columns[] =
    "SELECT COLUMN_NAME FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND IS_GENERATED = 'NEVER'";
static const char sql_referred_columns[] =
    "SELECT 1 FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = DATABASE()"
    " AND REFERENCED_TABLE_NAME = ? AND REFERENCED_COLUMN_NAME <> ? LIMIT 1";

struct row {
	struct db_value pk;
	enum { ROW_ABSENT, ROW_CHANGED, ROW_NEW } kind; /* ROW_ABSENT: to be deleted */
	bool done;
	/* During an exchange: */
	bool back; /* it was inserted again */
	bool out;  /* it was refused and no longer takes part */
};

struct singly {
	struct copy *copy;   /* all collected rows */
	struct copy one;     /* the same copy, but reads the table of one row (row_table) */
	struct arena *arena; /* holds the primary keys of `rows` */
	struct row *rows;
	size_t count, size;
	size_t refused; /* rows that the last round of a sweep found refused */
	struct merge_counts *counts;
	enum outcome refusal; /* outcome of the row that was refused last */
};

static bool is_refused(enum outcome rc)
{
	return rc == OUTCOME_REJECTED || rc == OUTCOME_BUG;
}

/* --- the list of rows that differ --- */

static void add_row(struct singly *s, struct db_value pk, bool absent, bool new)
{
	struct row row = {.kind = absent ? ROW_ABSENT : new ? ROW_NEW : ROW_CHANGED};

	if (s->count == s->size) {
		s->size = s->size == 0 ? 256 : s->size * 2;
		s->rows = xrealloc(s->rows, s->size, sizeof(*s->rows));
	}
	row.pk = (struct db_value){arena_strndup(s->arena, pk.text, pk.length), pk.length};
	s->rows[s->count++] = row;
}

static enum outcome list(struct singly *s, struct buf *sql, bool absent)
{
	struct db_rows *rows = NULL;
	enum outcome rc = db_run(s->copy->db, buf_text(sql), NULL, 0, &rows, NULL);

	while (rc == OUTCOME_OK && db_rows_next(rows))
		add_row(s, db_rows_value(rows, 0), absent, db_rows_text(rows, 1) == NULL);
	db_rows_free(&rows);
	buf_free(sql);
	return rc;
}

/* Lists the rows to delete first: they may block the others. */
static enum outcome list_rows(struct singly *s)
{
	const struct copy *c = s->copy;
	size_t pk = (size_t)c->schema->pk;
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql, "SELECT ");
	copy_add_entity(c, &sql, pk);
	buf_addf(&sql, ", t.c%zu FROM ", pk);
	db_quote_name(&sql, c->schema->table);
	buf_addf(&sql, " e LEFT JOIN %s t", c->rows);
	copy_add_match(c, &sql, " ON ");
	buf_addf(&sql, " WHERE t.c%zu IS NULL", pk);
	marks_add_seen(c->marks, &sql, " AND ");
	buf_add(&sql, " ORDER BY 1");
	if ((rc = list(s, &sql, true)) != OUTCOME_OK)
		return rc;
	buf_addf(&sql, "SELECT t.c%zu, ", pk);
	copy_add_entity(c, &sql, pk);
	buf_addf(&sql, " FROM %s t LEFT JOIN ", c->rows);
	db_quote_name(&sql, c->schema->table);
	copy_add_match(c, &sql, " e ON ");
	marks_add_seen(c->marks, &sql, " AND ");
	buf_add(&sql, " WHERE ");
	copy_add_entity(c, &sql, pk);
	buf_add(&sql, " IS NULL OR NOT ");
	copy_add_same(c, &sql);
	buf_add(&sql, " ORDER BY 1");
	return list(s, &sql, false);
}

/* --- one row --- */

static enum outcome run_for(const struct copy *c, struct buf *sql, const struct db_value *pk)
{
	enum outcome rc = db_run(c->db, buf_text(sql), pk, pk != NULL, NULL, NULL);

	buf_free(sql);
	return rc;
}

/* Copies ROW from the collected rows into the table of one row. */
static enum outcome choose(const struct singly *s, const struct row *row)
{
	const struct copy *c = s->copy;
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_addf(&sql, "DELETE FROM %s", row_table);
	if ((rc = run_for(c, &sql, NULL)) != OUTCOME_OK)
		return rc;
	buf_addf(&sql, "INSERT INTO %s SELECT * FROM %s WHERE c%d = ?", row_table, c->rows,
		 c->schema->pk);
	return run_for(c, &sql, &row->pk);
}

/* Needs no savepoint: the server rolls back a refused statement, and only one of the statements has
 * an effect. */
static enum outcome copy_row(struct singly *s, const struct row *row)
{
	enum outcome rc;

	s->one.refusal[0] = '\0';
	if (row->kind == ROW_ABSENT)
		return copy_delete_absent(s->copy, &row->pk, &s->counts->deleted);
	if ((rc = choose(s, row)) != OUTCOME_OK)
		return rc;
	if ((rc = copy_try_rows(&s->one)) != OUTCOME_OK)
		return rc;
	if ((rc = copy_update_changed(&s->one, &s->counts->updated)) != OUTCOME_OK)
		return rc;
	if ((rc = copy_revive(&s->one, &s->counts->inserted)) != OUTCOME_OK)
		return rc;
	return copy_insert_new(&s->one, &s->counts->inserted);
}

static void note(struct singly *s, const struct row *row, enum outcome rc)
{
	const char *why = s->one.refusal[0] != '\0' ? s->one.refusal : db_error(s->copy->db);
	char pk[128];

	s->refusal = rc;
	log_escape(pk, sizeof(pk), row->pk.text);
	snprintf(s->copy->refusal, sizeof(s->copy->refusal), "row %s stays as it was: %.300s", pk,
		 why);
}

/* Repeats the round until it succeeds for no further row. */
static enum outcome sweep(struct singly *s)
{
	bool helps = true;

	while (helps) {
		helps = false;
		s->refused = 0;
		for (size_t i = 0; i < s->count; i++) {
			struct row *row = &s->rows[i];
			enum outcome rc = row->done ? OUTCOME_OK : copy_row(s, row);

			if (rc != OUTCOME_OK && !is_refused(rc))
				return rc;
			if (rc != OUTCOME_OK)
				note(s, row, rc);
			s->refused += rc != OUTCOME_OK;
			helps |= rc == OUTCOME_OK && !row->done;
			row->done = rc == OUTCOME_OK;
		}
		helps &= s->refused > 0;
	}
	return OUTCOME_OK;
}

/* --- exchange --- */

static bool takes_part(const struct row *row)
{
	return row->kind == ROW_CHANGED && !row->done && !row->out;
}

static size_t count_parts(const struct singly *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		count += takes_part(&s->rows[i]);
	return count;
}

static enum outcome others_refer(const struct singly *s, bool *refer)
{
	const struct schema *schema = s->copy->schema;
	struct db_value params[] = {db_text(schema->table),
				    db_text(schema->fields[schema->pk].column)};
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(s->copy->db, sql_referred_columns, params, 2, &rows, NULL);
	*refer = rc == OUTCOME_OK && db_rows_next(rows);
	db_rows_free(&rows);
	return rc;
}

/* Saves each row that takes part, with all columns of the table, in a temporary table. */
static enum outcome keep(const struct singly *s)
{
	const struct copy *c = s->copy;
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_addf(&sql, "DROP TEMPORARY TABLE IF EXISTS %s", kept_table);
	if ((rc = run_for(c, &sql, NULL)) != OUTCOME_OK)
		return rc;
	buf_addf(&sql, "CREATE TEMPORARY TABLE %s (PRIMARY KEY (", kept_table);
	db_quote_name(&sql, c->schema->fields[c->schema->pk].column);
	buf_add(&sql, ")) ENGINE=InnoDB SELECT * FROM ");
	db_quote_name(&sql, c->schema->table);
	buf_add(&sql, " WHERE FALSE");
	rc = run_for(c, &sql, NULL);
	for (size_t i = 0; i < s->count && rc == OUTCOME_OK; i++) {
		if (!takes_part(&s->rows[i]))
			continue;
		buf_addf(&sql, "INSERT INTO %s SELECT * FROM ", kept_table);
		db_quote_name(&sql, c->schema->table);
		buf_add(&sql, " e WHERE ");
		copy_add_entity(c, &sql, (size_t)c->schema->pk);
		buf_add(&sql, " = ?");
		rc = run_for(c, &sql, &s->rows[i].pk);
	}
	return rc;
}

/* True for a column that every write of a row sets (R10.12). */
static bool is_written(const struct marks *marks, const char *column)
{
	enum row_column c = row_column_of(column);

	return marks->loaded && (c == ROW_LOADED_AT || c == ROW_RUN);
}

/* Adds the statement that inserts the chosen row again: the columns of the schema with their new
 * values, the other columns with their saved values. */
static enum outcome put_back_sql(const struct singly *s, struct buf *sql)
{
	const struct schema *schema = s->copy->schema;
	struct db_value table = db_text(schema->table);
	struct buf values = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	buf_add(sql, "INSERT INTO ");
	db_quote_name(sql, schema->table);
	rc = db_run(s->copy->db, sql_other_columns, &table, 1, &rows, NULL);
	for (const char *before = " ("; rc == OUTCOME_OK && db_rows_next(rows);) {
		const char *column = db_rows_text(rows, 0);
		int field = schema_field_by_column(schema, column);

		if (is_written(s->copy->marks, column))
			continue;
		buf_add(sql, before);
		db_quote_name(sql, column);
		buf_add(&values, *before == ',' ? ", " : "");
		before = ", ";
		if (field >= 0) {
			buf_addf(&values, "t.c%d", field);
		} else {
			buf_add(&values, "e.");
			db_quote_name(&values, column);
		}
	}
	marks_add_insert_columns(s->copy->marks, sql);
	marks_add_insert_values(s->copy->marks, &values);
	buf_addf(sql, ") SELECT %s FROM %s t JOIN %s", buf_text(&values), row_table, kept_table);
	copy_add_match(s->copy, sql, " e ON ");
	db_rows_free(&rows);
	buf_free(&values);
	return rc;
}

static enum outcome take_out(const struct singly *s)
{
	const struct copy *c = s->copy;
	struct buf sql = BUF_INIT;

	buf_add(&sql, "SET STATEMENT foreign_key_checks = 0 FOR DELETE e FROM ");
	db_quote_name(&sql, c->schema->table);
	buf_addf(&sql, " e JOIN %s t ON ", kept_table);
	copy_add_entity(c, &sql, (size_t)c->schema->pk);
	buf_add(&sql, " = t.");
	db_quote_name(&sql, c->schema->fields[c->schema->pk].column);
	return run_for(c, &sql, NULL);
}

/* Tries once to insert each row that is not back.  *REFUSED counts the refused rows.  *HELPS: at
 * least one row was inserted. */
static enum outcome put_back_round(struct singly *s, const struct buf *sql, size_t *refused,
				   bool *helps)
{
	*refused = 0;
	*helps = false;
	for (size_t i = 0; i < s->count; i++) {
		struct row *row = &s->rows[i];
		enum outcome rc;

		if (!takes_part(row) || row->back)
			continue;
		if ((rc = choose(s, row)) == OUTCOME_OK)
			rc = db_run(s->copy->db, buf_text(sql), NULL, 0, NULL, NULL);
		if (rc != OUTCOME_OK && !is_refused(rc))
			return rc;
		row->back = rc == OUTCOME_OK;
		*helps |= row->back;
		*refused += !row->back;
	}
	return OUTCOME_OK;
}

/* Repeats the rounds until one inserts no row, because rows may refer to each other.  *REFUSED
 * counts the rows that cannot be inserted again; the next try excludes them. */
static enum outcome put_back(struct singly *s, size_t *refused)
{
	struct buf sql = BUF_INIT;
	enum outcome rc = put_back_sql(s, &sql);
	bool helps = true;

	for (size_t i = 0; i < s->count; i++)
		s->rows[i].back = false;
	while (rc == OUTCOME_OK && helps)
		rc = put_back_round(s, &sql, refused, &helps);
	for (size_t i = 0; i < s->count; i++)
		s->rows[i].out |= takes_part(&s->rows[i]) && !s->rows[i].back;
	buf_free(&sql);
	return rc;
}

/* Tries the exchange once; rolls it back if a row is refused. */
static enum outcome try_to_exchange(struct singly *s, size_t *refused)
{
	struct db *db = s->copy->db;
	enum outcome rc;

	*refused = 0;
	if ((rc = keep(s)) != OUTCOME_OK)
		return rc;
	if ((rc = db_exec(db, "SAVEPOINT campaign_exchange")) != OUTCOME_OK)
		return rc;
	if ((rc = take_out(s)) == OUTCOME_OK)
		rc = put_back(s, refused);
	if (rc == OUTCOME_OK && *refused == 0)
		return rc;
	if ((rc == OUTCOME_OK || is_refused(rc)) &&
	    db_exec(db, "ROLLBACK TO SAVEPOINT campaign_exchange") != OUTCOME_OK)
		return OUTCOME_RETRY;
	return rc;
}

static enum outcome exchange(struct singly *s)
{
	size_t tries = 0, refused = 1;
	bool refer = false;
	enum outcome rc = others_refer(s, &refer);

	while (rc == OUTCOME_OK && !refer && refused > 0) {
		if (count_parts(s) < 2 || tries++ == EXCHANGES)
			return OUTCOME_OK;
		rc = try_to_exchange(s, &refused);
	}
	for (size_t i = 0; i < s->count && rc == OUTCOME_OK && refused == 0; i++) {
		if (!takes_part(&s->rows[i]))
			continue;
		s->rows[i].done = true;
		s->counts->updated++;
	}
	return is_refused(rc) ? OUTCOME_OK : rc; /* the rows stay as they were */
}

/* BUG if every row was refused and the last one with BUG: then the statement is at fault and not a
 * row. */
static enum outcome go_through(struct singly *s)
{
	enum outcome rc;

	if ((rc = list_rows(s)) != OUTCOME_OK)
		return rc;
	if ((rc = copy_create(s->copy, row_table)) != OUTCOME_OK)
		return rc;
	if ((rc = sweep(s)) != OUTCOME_OK)
		return rc;
	if (s->refused == s->count && s->refusal == OUTCOME_BUG)
		return s->refusal;
	if (count_parts(s) < 2)
		return OUTCOME_OK;
	if ((rc = exchange(s)) != OUTCOME_OK)
		return rc;
	return sweep(s);
}

enum outcome copy_singly(struct copy *copy, struct merge_counts *counts)
{
	struct singly s = {.copy = copy, .one = *copy, .counts = counts};
	enum outcome rc;

	s.one.rows = row_table;
	s.arena = arena_new();
	rc = go_through(&s);
	counts->refused += s.refused;
	arena_free(&s.arena);
	free(s.rows);
	return rc;
}
