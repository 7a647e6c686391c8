/* SPDX-License-Identifier: MIT */
/*
 * The actual properties of a schema's table at MariaDB.  Private to mariadb.c.  The owner may have
 * altered the table since it was deployed.  So each session of a run reads its engine, columns and
 * indexes once, and a merge asks here which properties it may rely on (R10.10).
 *
 * A struct mariadb_table is read-only after mariadb_table_read and belongs to its session.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_TABLE_H
#define CAMPAIGN_CLOUD_MARIADB_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/outcome.h"
#include "db/db.h"
#include "schema/model.h"

struct mariadb_table;

/* How the probe compares a stored value with the value that should be stored. */
enum table_compare {
	COMPARE_NOTHING, /* the column stores every value of the field exactly, or refuses it */
	COMPARE_VALUE,
	COMPARE_DECIMAL, /* the column is approximate, the value a whole number */
	COMPARE_TEXT,
	COMPARE_BYTES,
};

enum outcome mariadb_table_read(struct db *db, const struct schema *s, struct mariadb_table **out);
void mariadb_table_free(struct mariadb_table **table);

const struct schema *mariadb_table_schema(const struct mariadb_table *table);
/* Returns why no merge into the table is possible, and the remedy; NULL if merges are possible. */
const char *mariadb_table_problem(const struct mariadb_table *table);

/* True if the table refuses a second row with the same primary key: the column has a unique index
 * of its own, is NOT NULL and has no AUTO_INCREMENT. */
bool mariadb_table_pk_unique(const struct mariadb_table *table);
/* True if an index finds the rows of such a key: its first column is one of the key's fields. */
bool mariadb_table_serves(const struct mariadb_table *table, const size_t *key, size_t count);
/* Adds the statement after which an index serves the key, if the key includes the primary key or
 * the schema declares an index for it; otherwise adds nothing. */
void mariadb_table_add_remedy(struct buf *sql, const struct mariadb_table *table, const size_t *key,
			      size_t count);

enum table_compare mariadb_table_compare(const struct mariadb_table *table, size_t field);
/* True if the server replaces a NULL that is written to the column, or a 0 in an INSERT, by another
 * value. */
bool mariadb_table_fills_null(const struct mariadb_table *table, size_t field);
bool mariadb_table_fills_zero(const struct mariadb_table *table, size_t field);
/* True if the server changes the column in every UPDATE that does not set it (ON UPDATE). */
bool mariadb_table_changes_alone(const struct mariadb_table *table, size_t field);
/* Returns the COLLATE clause that a value of the field needs if an expression combines it with the
 * column and their collations differ; otherwise "". */
const char *mariadb_table_collate(const struct mariadb_table *table, size_t field);
/* Adds the column's type, e.g. "decimal(10,2)", for messages: with the character set if it is not
 * utf8mb4. */
void mariadb_table_add_type(struct buf *out, const struct mariadb_table *table, size_t field);

/*
 * Adds "e.column OP RHS".  The condition is true if and only if both sides have the same bytes or,
 * for numbers and times, the same value, for every type and collation of the column.  It uses an
 * index where possible.  OP: "=" or "<=>".  TEXT: RHS is text; otherwise it has the field's own
 * type.  Returns how often RHS was written, which is the number of parameters to bind for "?".
 */
size_t mariadb_table_add_equal(struct buf *sql, const struct mariadb_table *table, size_t field,
			       const char *op, const char *rhs, bool text);

#endif
