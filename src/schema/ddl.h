/* SPDX-License-Identifier: MIT */
/*
 * The tables of a schema, as SQL of MariaDB: the staging log, the table of rejects, the view
 * on the log, the local table, the cloud table.  Text only; nothing is executed here.
 */
#ifndef CAMPAIGN_SCHEMA_DDL_H
#define CAMPAIGN_SCHEMA_DDL_H

#include "base/buf.h"
#include "schema/model.h"

enum ddl_table {
	DDL_LOG,    /* every column nullable, and ours: R5.17 */
	DDL_REJECT, /* as the log, with _seq no longer automatic */
	DDL_ENTITY, /* the cloud table, or the local one: R5.11, keys as plain indexes R10.4 */
};

/* What a column is in a given table, without its name: "VARCHAR(255) ... NULL". */
void ddl_column_type(struct buf *sql, const struct schema *s, size_t field, enum ddl_table table);

/* CREATE TABLE IF NOT EXISTS. */
void ddl_create(struct buf *sql, const struct schema *s, enum ddl_table table);

/* A column as information_schema tells it; for ddl_alter. */
struct ddl_column {
	const char *name;
	const char *type; /* COLUMN_TYPE, "varchar(255)" */
	bool nullable;
};

/* ALTER TABLE from the columns that are there to those of S: adds columns (R5.12a: with their
 * default) and widens types.  SQL stays empty when nothing is to do.  Never drops a column:
 * one whose field left the source keeps its data, and what is NOT NULL was made with a
 * default, so that rows without it can be written.
 * Returns -1 with lines in ERRORS when a change would narrow or convert data. */
int ddl_alter(struct buf *sql, const struct schema *s, enum ddl_table table,
	      const struct ddl_column *columns, size_t count, struct buf *errors);

/* ALTER TABLE that adds those indexes of S to a DDL_ENTITY table that are missing; to be run
 * after ddl_alter, whether or not that had anything to do.  Empty if S has none. */
void ddl_add_indexes(struct buf *sql, const struct schema *s);

/* CREATE OR REPLACE VIEW on the log: one row per pending record (view.c says how). */
void ddl_view(struct buf *sql, const struct schema *s);

/* CREATE SEQUENCE IF NOT EXISTS ... START WITH first INCREMENT BY 1000. */
void ddl_sequence(struct buf *sql, const struct schema *s, unsigned long long first);
#define DDL_SEQUENCE_BLOCK 1000
/* The last number of the sequence of S that its primary key can hold. */
unsigned long long ddl_last_number(const struct schema *s);

/* Appends TEXT as a literal, where there is no connection to ask (db_quote_text). */
void ddl_quote_text(struct buf *sql, const char *text);

#endif
