/* SPDX-License-Identifier: MIT */
/* Checks that columns store values exactly; see mariadb_probe.h. */
#include "config.h"

#include "cloud/mariadb_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "schema/ddl.h"

/*
 * Columns of the probe table: "~", a primary key, because the server may require one; "~N", the new
 * value of field N with the type of the log; and the entity's columns under their own names,
 * because the server's errors name them.  No column name of a schema begins with "~".
 */
struct probe {
	struct db *db;
	const struct mariadb_table *table;
	const struct schema *schema;
	char *name; /* quoted */
	size_t *fields;
	size_t count;
};

static void add_name(struct buf *sql, const struct probe *p, size_t n)
{
	db_quote_name(sql, p->schema->fields[p->fields[n]].column);
}

/* The columns have the entity's types, but all of them accept NULL because they come from an outer
 * join.  The entity's table itself checks NOT NULL. */
static void create_sql(const struct probe *p, struct buf *sql)
{
	buf_addf(sql,
		 "SET STATEMENT sql_mode = 'STRICT_ALL_TABLES' FOR CREATE TEMPORARY TABLE %s"
		 " (`~` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY",
		 p->name);
	for (size_t i = 0; i < p->count; i++) {
		buf_addf(sql, ", `~%zu` ", p->fields[i]);
		ddl_column_type(sql, p->schema, p->fields[i], DDL_LOG);
	}
	buf_add(sql, ") ENGINE=Aria TRANSACTIONAL=0 DEFAULT CHARSET=utf8mb4"
		     " COLLATE=utf8mb4_nopad_bin");
	for (size_t i = 0; i < p->count; i++) {
		buf_add(sql, i == 0 ? " SELECT e." : ", e.");
		add_name(sql, p, i);
	}
	buf_add(sql, " FROM (SELECT 1) one LEFT JOIN ");
	db_quote_name(sql, p->schema->table);
	buf_add(sql, " e ON 0 LIMIT 0");
}

static enum outcome create(const struct probe *p)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_addf(&sql, "DROP TEMPORARY TABLE IF EXISTS %s", p->name);
	rc = db_exec(p->db, buf_text(&sql));
	buf_clear(&sql);
	create_sql(p, &sql);
	if (rc == OUTCOME_OK)
		rc = db_exec(p->db, buf_text(&sql));
	buf_free(&sql);
	return rc;
}

enum outcome probe_open(struct db *db, const struct mariadb_table *table, const char *name,
			struct probe **out)
{
	const struct schema *s = mariadb_table_schema(table);
	struct probe *p = xcalloc(1, sizeof(*p));
	enum outcome rc = OUTCOME_OK;

	p->db = db;
	p->table = table;
	p->schema = s;
	p->name = xasprintf("`%s`", name);
	p->fields = xcalloc(s->field_count + 1, sizeof(*p->fields));
	for (size_t i = 0; i < s->field_count; i++) {
		if (mariadb_table_compare(table, i) != COMPARE_NOTHING)
			p->fields[p->count++] = i;
	}
	if (p->count > 0 && (rc = create(p)) == OUTCOME_OK)
		*out = p;
	else
		probe_free(&p);
	return rc;
}

void probe_free(struct probe **probe)
{
	if (*probe == NULL)
		return;
	free((*probe)->name);
	free((*probe)->fields);
	free(*probe);
	*probe = NULL;
}

size_t probe_count(const struct probe *probe)
{
	return probe->count;
}

size_t probe_field(const struct probe *probe, size_t n)
{
	return probe->fields[n];
}

void probe_add_unwritten(struct buf *sql, const struct probe *probe, size_t field)
{
	buf_add(sql, mariadb_table_fills_null(probe->table, field) ? "'2000-01-01'" : "NULL");
}

/* Adds the condition that the entity's column has stored exactly the field's value. */
static void add_same(struct buf *sql, const struct probe *p, size_t n, bool inserting)
{
	size_t field = p->fields[n];
	struct buf column = BUF_INIT;
	const char *name;

	add_name(&column, p, n);
	name = buf_text(&column);
	switch (mariadb_table_compare(p->table, field)) {
	case COMPARE_VALUE:
		buf_addf(sql, "%s <=> `~%zu`", name, field);
		break;
	case COMPARE_DECIMAL:
		buf_addf(sql, "CAST(%s AS DECIMAL(65, 20)) <=> `~%zu`", name, field);
		break;
	case COMPARE_TEXT:
		buf_addf(sql,
			 "CONVERT(%s USING utf8mb4) COLLATE utf8mb4_nopad_bin"
			 " <=> CONVERT(`~%zu` USING utf8mb4)",
			 name, field);
		break;
	case COMPARE_BYTES:
		buf_addf(sql, "CONVERT(%s USING binary) <=> CONVERT(`~%zu` USING binary)", name,
			 field);
		break;
	case COMPARE_NOTHING:
		buf_add(sql, "1");
		break;
	}
	if (mariadb_table_fills_null(p->table, field))
		buf_addf(sql, " AND `~%zu` IS NOT NULL", field);
	if (inserting && mariadb_table_fills_zero(p->table, field))
		buf_addf(sql, " AND `~%zu` <> 0", field);
	buf_free(&column);
}

static void explain(const struct probe *p, size_t n, char *why, size_t size)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "column %s of table %s is ", p->schema->fields[p->fields[n]].column,
		 p->schema->table);
	mariadb_table_add_type(&text, p->table, p->fields[n]);
	buf_add(&text, " and would not hold the value exactly; the schema makes it ");
	ddl_column_type(&text, p->schema, p->fields[n], DDL_ENTITY);
	snprintf(why, size, "%s", buf_text(&text));
	buf_free(&text);
}

static enum outcome compare(const struct probe *p, bool inserting, char *why, size_t size)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	for (size_t i = 0; i < p->count; i++) {
		buf_add(&sql, i == 0 ? "SELECT MAX(NOT(" : ", MAX(NOT(");
		add_same(&sql, p, i, inserting);
		buf_add(&sql, "))");
	}
	buf_addf(&sql, " FROM %s", p->name);
	rc = db_run(p->db, buf_text(&sql), NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows)) {
		for (size_t i = 0; i < p->count && rc == OUTCOME_OK; i++) {
			if (db_rows_int(rows, i) == 0)
				continue;
			explain(p, i, why, size);
			rc = OUTCOME_REJECTED;
		}
	}
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

/* The INSERT also names the entity's columns, because some have no default. */
static void insert_sql(const struct probe *p, const char *expressions, const char *from,
		       struct buf *sql)
{
	buf_addf(sql, "INSERT INTO %s (", p->name);
	for (size_t i = 0; i < p->count; i++)
		buf_addf(sql, "%s`~%zu`", i > 0 ? ", " : "", p->fields[i]);
	for (size_t i = 0; i < p->count; i++) {
		buf_add(sql, ", ");
		add_name(sql, p, i);
	}
	buf_addf(sql, ") SELECT %s", expressions);
	for (size_t i = 0; i < p->count; i++)
		buf_add(sql, ", NULL");
	buf_addf(sql, " FROM %s", from);
}

static void update_sql(const struct probe *p, struct buf *sql)
{
	buf_addf(sql, "UPDATE %s SET ", p->name);
	for (size_t i = 0; i < p->count; i++) {
		buf_add(sql, i > 0 ? ", " : "");
		add_name(sql, p, i);
		buf_addf(sql, " = `~%zu`", p->fields[i]);
	}
}

enum outcome probe_try(struct probe *probe, const char *expressions, const char *from,
		       const struct db_value *params, size_t count, bool inserting, char *why,
		       size_t size)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	why[0] = '\0';
	buf_addf(&sql, "DELETE FROM %s", probe->name); /* TRUNCATE would commit */
	rc = db_exec(probe->db, buf_text(&sql));
	buf_clear(&sql);
	insert_sql(probe, expressions, from, &sql);
	if (rc == OUTCOME_OK)
		rc = db_run(probe->db, buf_text(&sql), params, count, NULL, NULL);
	buf_clear(&sql);
	update_sql(probe, &sql);
	if (rc == OUTCOME_OK)
		rc = db_exec(probe->db, buf_text(&sql));
	buf_free(&sql);
	return rc == OUTCOME_OK ? compare(probe, inserting, why, size) : rc;
}
