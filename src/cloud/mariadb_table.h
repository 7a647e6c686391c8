/* SPDX-License-Identifier: MIT */
/*
 * What a schema's table at MariaDB really is: part of mariadb.c, nobody else's.  Its owner may
 * have altered it since it was deployed; so its engine, its columns and its indexes are read
 * once per run and session, and what a merge may rely on is asked here (R10.10).
 *
 * A table is read-only once it was read, and belongs to its session.
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

/* How a value that was stored is compared with what should be stored. */
enum table_compare {
	COMPARE_NOTHING, /* the column holds every value of the field, or refuses it */
	COMPARE_VALUE,
	COMPARE_DECIMAL, /* the column is approximate, the value a whole number */
	COMPARE_TEXT,
	COMPARE_BYTES,
};

enum outcome mariadb_table_read(struct db *db, const struct schema *s, struct mariadb_table **out);
void mariadb_table_free(struct mariadb_table **table);

const struct schema *mariadb_table_schema(const struct mariadb_table *table);
/* Why nothing can be merged into it, and what to do; NULL if something can. */
const char *mariadb_table_problem(const struct mariadb_table *table);

/* A unique index on exactly the primary key: a second row of one is refused. */
bool mariadb_table_pk_unique(const struct mariadb_table *table);
/* There is an index by which the rows of such a key are found. */
bool mariadb_table_serves(const struct mariadb_table *table, const size_t *key, size_t count);
/* The statement that makes such an index, if the schema declares one; else nothing. */
void mariadb_table_add_remedy(struct buf *sql, const struct mariadb_table *table, const size_t *key,
			      size_t count);

enum table_compare mariadb_table_compare(const struct mariadb_table *table, size_t field);
/* The server puts another value than NULL, or than 0 in an INSERT, into the column. */
bool mariadb_table_fills_null(const struct mariadb_table *table, size_t field);
bool mariadb_table_fills_zero(const struct mariadb_table *table, size_t field);
/* The server changes the column in every UPDATE that does not set it. */
bool mariadb_table_changes_alone(const struct mariadb_table *table, size_t field);
/* What a value of the field needs behind it to stand beside the column's in one expression: a
 * collation where theirs differ, or "". */
const char *mariadb_table_collate(const struct mariadb_table *table, size_t field);
/* "decimal(10,2)", with the character set if it is another than ours. */
void mariadb_table_add_type(struct buf *out, const struct mariadb_table *table, size_t field);

/*
 * "e.column OP RHS", true if and only if both are the same to the byte or, if they are numbers or
 * times, in value, whatever type and collation the column has; an index is used if it can be.
 * OP: "=" or "<=>".  RHS is of the field's own type, or TEXT.  Returns how often RHS was written.
 */
size_t mariadb_table_add_equal(struct buf *sql, const struct mariadb_table *table, size_t field,
			       const char *op, const char *rhs, bool text);

#endif
