/* SPDX-License-Identifier: MIT */
/*
 * Collects the rows of a copy in a temporary table and contains the statements that make a table
 * equal to it; see mariadb_copy.h.  With a primary key the statements write only rows that differ,
 * so copying an unchanged table writes nothing to it.
 */
#include "config.h"

#include "cloud/mariadb_copy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "schema/ddl.h"

#define PACKET_SLACK 4096
#define CELL_SLACK   9 /* maximum bytes that encode the length of a cell */
#define CELL_SIZE    24

static const char copy_table[] = "`campaign_copy`";

/* The table has a primary key of its own (o), because the server may require one
 * (innodb_force_primary_key). */
enum outcome copy_create(const struct copy *c, const char *table)
{
	const struct schema *s = c->schema;
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_addf(&sql, "DROP TEMPORARY TABLE IF EXISTS %s", table);
	rc = db_exec(c->db, buf_text(&sql));
	buf_clear(&sql);
	buf_addf(&sql,
		 "SET STATEMENT sql_mode = 'STRICT_ALL_TABLES' FOR CREATE TEMPORARY TABLE %s (",
		 table);
	for (size_t i = 0; i < s->field_count; i++) {
		buf_addf(&sql, "c%zu ", i);
		ddl_column_type(&sql, s, i, DDL_LOG);
		buf_add(&sql, ", ");
	}
	buf_add(&sql, "o BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY");
	if (s->pk >= 0)
		buf_addf(&sql, ", KEY k (c%d)", s->pk);
	buf_add(&sql, ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin");
	if (rc == OUTCOME_OK)
		rc = db_exec(c->db, buf_text(&sql));
	buf_free(&sql);
	return rc;
}

static enum outcome open_bulk(struct copy *c)
{
	const struct schema *s = c->schema;
	enum db_cell *kinds = xcalloc(s->field_count + 1, sizeof(*kinds));
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_addf(&sql, "INSERT INTO %s VALUES (", copy_table);
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, i == 0 ? "?" : ",?");
		if (s->fields[i].type == XTK_BLOB)
			kinds[i] = DB_CELL_BINARY;
	}
	buf_add(&sql, ",NULL)");
	rc = db_bulk_open(c->db, buf_text(&sql), kinds, s->field_count, &c->bulk);
	buf_free(&sql);
	free(kinds);
	return rc;
}

enum outcome copy_open(struct db *db, const struct mariadb_table *table, const struct marks *marks,
		       struct copy **out)
{
	struct copy *c = xcalloc(1, sizeof(*c));
	enum outcome rc;

	c->db = db;
	c->schema = mariadb_table_schema(table);
	c->table = table;
	c->marks = marks;
	c->rows = copy_table;
	rc = copy_create(c, copy_table);
	if (rc == OUTCOME_OK)
		rc = open_bulk(c);
	if (rc == OUTCOME_OK)
		rc = probe_open(db, table, "campaign_probe_copy", &c->probe);
	if (rc == OUTCOME_OK)
		*out = c;
	else
		copy_free(&c);
	return rc;
}

void copy_free(struct copy **copy)
{
	if (*copy == NULL)
		return;
	probe_free(&(*copy)->probe);
	db_bulk_free(&(*copy)->bulk);
	free(*copy);
	*copy = NULL;
}

/* Splits the rows in halves until each part fits into one packet. */
enum outcome copy_add(struct copy *copy, const struct db_value *cells, size_t rows, bool *too_large)
{
	size_t columns = copy->schema->field_count, bytes = 0, half = rows / 2;
	enum outcome rc;

	for (size_t i = 0; i < rows * columns; i++)
		bytes += cells[i].length + CELL_SLACK;
	if (bytes <= (size_t)db_max_packet(copy->db) - PACKET_SLACK)
		return db_bulk_execute(copy->bulk, cells, rows);
	if (rows == 1) { /* the server would close the connection on such a packet */
		*too_large = true;
		return OUTCOME_REJECTED;
	}
	if ((rc = copy_add(copy, cells, half, too_large)) != OUTCOME_OK)
		return rc;
	return copy_add(copy, cells + half * columns, rows - half, too_large);
}

void copy_add_entity(const struct copy *c, struct buf *sql, size_t field)
{
	buf_add(sql, "e.");
	db_quote_name(sql, c->schema->fields[field].column);
}

static void add_equal(const struct copy *c, struct buf *sql, size_t field, const char *op)
{
	char cell[CELL_SIZE];

	snprintf(cell, sizeof(cell), "t.c%zu", field);
	mariadb_table_add_equal(sql, c->table, field, op, cell, false);
}

void copy_add_match(const struct copy *c, struct buf *sql, const char *word)
{
	buf_add(sql, word);
	add_equal(c, sql, (size_t)c->schema->pk, "=");
}

void copy_add_same(const struct copy *c, struct buf *sql)
{
	const char *separator = "";

	buf_add_char(sql, '(');
	for (size_t i = 0; i < c->schema->field_count; i++) {
		if ((int)i == c->schema->pk)
			continue;
		buf_add(sql, separator);
		add_equal(c, sql, i, "<=>");
		separator = " AND ";
	}
	buf_add(sql, *separator == '\0' ? "TRUE)" : ")");
}

static enum outcome run_sql(const struct copy *c, struct buf *sql, const struct db_value *param,
			    uint64_t *counter)
{
	uint64_t affected = 0;
	enum outcome rc;

	rc = db_run(c->db, buf_text(sql), param, param != NULL, NULL, &affected);
	*counter += affected;
	buf_free(sql);
	return rc;
}

enum outcome copy_delete_absent(const struct copy *c, const struct db_value *pk, uint64_t *deleted)
{
	bool known = c->schema->pk >= 0, marks = known && c->marks->soft;
	struct buf sql = BUF_INIT;

	buf_add(&sql, marks ? "UPDATE " : "DELETE e FROM ");
	db_quote_name(&sql, c->schema->table);
	buf_add(&sql, " e");
	if (known) {
		buf_addf(&sql, " LEFT JOIN %s t", c->rows);
		copy_add_match(c, &sql, " ON ");
	}
	if (marks) {
		buf_add(&sql, " SET ");
		marks_add_deleted(c->marks, &sql);
	}
	if (known)
		buf_addf(&sql, " WHERE t.c%d IS NULL", c->schema->pk);
	marks_add_seen(c->marks, &sql, known ? " AND " : " WHERE ");
	if (pk != NULL) {
		buf_add(&sql, " AND ");
		copy_add_entity(c, &sql, (size_t)c->schema->pk);
		buf_add(&sql, " = ?");
	}
	return run_sql(c, &sql, pk, deleted);
}

enum outcome copy_update_changed(const struct copy *c, uint64_t *updated)
{
	const struct schema *s = c->schema;
	struct buf sql = BUF_INIT;
	const char *separator = " SET ";

	if (s->field_count < 2)
		return OUTCOME_OK; /* the table has only its key column, which never changes */
	buf_addf(&sql, "UPDATE %s t STRAIGHT_JOIN ", c->rows);
	db_quote_name(&sql, s->table);
	copy_add_match(c, &sql, " e ON ");
	marks_add_seen(c->marks, &sql, " AND ");
	for (size_t i = 0; i < s->field_count; i++) {
		if ((int)i == s->pk)
			continue;
		buf_add(&sql, separator);
		copy_add_entity(c, &sql, i);
		buf_addf(&sql, " = t.c%zu", i);
		separator = ", ";
	}
	marks_add_written(c->marks, &sql, separator);
	buf_add(&sql, " WHERE NOT ");
	copy_add_same(c, &sql);
	return run_sql(c, &sql, NULL, updated);
}

enum outcome copy_revive(const struct copy *c, uint64_t *inserted)
{
	const struct schema *s = c->schema;
	struct buf sql = BUF_INIT;

	if (!c->marks->hides)
		return OUTCOME_OK;
	buf_addf(&sql, "UPDATE %s t STRAIGHT_JOIN ", c->rows);
	db_quote_name(&sql, s->table);
	copy_add_match(c, &sql, " e ON ");
	marks_add_hidden(c->marks, &sql, " AND ");
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, i == 0 ? " SET " : ", ");
		copy_add_entity(c, &sql, i);
		buf_addf(&sql, " = t.c%zu", i);
	}
	marks_add_anew(c->marks, &sql);
	return run_sql(c, &sql, NULL, inserted);
}

enum outcome copy_insert_new(const struct copy *c, uint64_t *inserted)
{
	const struct schema *s = c->schema;
	struct buf sql = BUF_INIT;

	buf_add(&sql, "INSERT INTO ");
	db_quote_name(&sql, s->table);
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, i == 0 ? " (" : ", ");
		db_quote_name(&sql, s->fields[i].column);
	}
	marks_add_insert_columns(c->marks, &sql);
	for (size_t i = 0; i < s->field_count; i++)
		buf_addf(&sql, "%st.c%zu", i == 0 ? ") SELECT " : ", ", i);
	marks_add_insert_values(c->marks, &sql);
	buf_addf(&sql, " FROM %s t", c->rows);
	if (s->pk >= 0) {
		buf_add(&sql, " LEFT JOIN ");
		db_quote_name(&sql, s->table);
		copy_add_match(c, &sql, " e ON ");
		buf_add(&sql, " WHERE ");
		copy_add_entity(c, &sql, (size_t)s->pk);
		buf_add(&sql, " IS NULL");
	}
	return run_sql(c, &sql, NULL, inserted);
}

enum outcome copy_try_rows(struct copy *c)
{
	struct buf cells = BUF_INIT, from = BUF_INIT;
	enum outcome rc;

	c->refusal[0] = '\0';
	if (c->probe == NULL)
		return OUTCOME_OK;
	for (size_t i = 0; i < probe_count(c->probe); i++)
		buf_addf(&cells, "%st.c%zu", i == 0 ? "" : ", ", probe_field(c->probe, i));
	buf_addf(&from, "%s t", c->rows);
	rc = probe_try(c->probe, buf_text(&cells), buf_text(&from), NULL, 0, true, c->refusal,
		       sizeof(c->refusal));
	buf_free(&from);
	buf_free(&cells);
	return rc;
}
