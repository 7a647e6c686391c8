/* SPDX-License-Identifier: MIT */
/*
 * Writes the SQL for the tables of a schema in MariaDB: the staging log, the reject table, the
 * view on the log, the local table, the cloud table. These functions only write text; callers
 * execute it.
 */
#ifndef CAMPAIGN_SCHEMA_DDL_H
#define CAMPAIGN_SCHEMA_DDL_H

#include "base/buf.h"
#include "schema/model.h"

enum ddl_table {
	DDL_LOG,    /* all columns nullable, plus the server's own: R5.17 */
	DDL_REJECT, /* like the log, but _seq is not AUTO_INCREMENT */
	DDL_ENTITY, /* the cloud or local table: R5.11; its keys are plain indexes: R10.4 */
};

/* Writes the definition of a column in a given table, without its name: "VARCHAR(255) ... NULL". */
void ddl_column_type(struct buf *sql, const struct schema *s, size_t field, enum ddl_table table);

/* Writes CREATE TABLE IF NOT EXISTS. */
void ddl_create(struct buf *sql, const struct schema *s, enum ddl_table table);

/* A column as in information_schema; for ddl_alter. */
struct ddl_column {
	const char *name;
	const char *type; /* COLUMN_TYPE, "varchar(255)" */
	bool nullable;
};

/* Writes ALTER TABLE from the existing columns to those of S: it adds columns (R5.12a: with their
 * default) and widens types.  SQL stays empty if there is nothing to change.  It never drops a
 * column: the column of a field that left the source keeps its data, and rows without it can still
 * be written, because every NOT NULL column has a default.
 * Returns -1 with lines in ERRORS if a change would narrow or convert data. */
int ddl_alter(struct buf *sql, const struct schema *s, enum ddl_table table,
	      const struct ddl_column *columns, size_t count, struct buf *errors);

/* Writes ALTER TABLE that adds the missing indexes of S to a DDL_ENTITY table.  Run it after
 * ddl_alter, even if that wrote nothing.  SQL stays empty if S has no indexes. */
void ddl_add_indexes(struct buf *sql, const struct schema *s);

/* Writes CREATE OR REPLACE VIEW on the log, with one row per pending record; see view.c. */
void ddl_view(struct buf *sql, const struct schema *s);

/* Writes CREATE SEQUENCE IF NOT EXISTS ... START WITH first INCREMENT BY 1000. */
void ddl_sequence(struct buf *sql, const struct schema *s, unsigned long long first);
#define DDL_SEQUENCE_BLOCK 1000
/* The last number of the sequence of S that its primary key can hold. */
unsigned long long ddl_last_number(const struct schema *s);

/* Appends TEXT as a literal without a connection (db_quote_text needs one). */
void ddl_quote_text(struct buf *sql, const char *text);

#endif
