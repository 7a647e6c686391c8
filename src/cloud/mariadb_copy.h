/* SPDX-License-Identifier: MIT */
/*
 * Copies a table to MariaDB (R10.7).  Private to mariadb.c.  The copy collects the rows in a
 * temporary table; then a few statements make the entity's table equal to it.  If the server
 * refuses one of the statements, a whole copy continues one row at a time.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_COPY_H
#define CAMPAIGN_CLOUD_MARIADB_COPY_H

#include <stdbool.h>

#include "base/buf.h"
#include "cloud/mariadb_marks.h"
#include "cloud/mariadb_probe.h"
#include "cloud/mariadb_table.h"
#include "cloud/target.h"
#include "db/db.h"

#define COPY_REFUSAL_SIZE 512

struct copy {
	struct db *db;
	const struct schema *schema;
	const struct mariadb_table *table;
	const struct marks *marks;
	const char *rows;    /* quoted name of the temporary table that the statements read */
	struct probe *probe; /* NULL if the table's columns store all values exactly */
	struct db_bulk *bulk;
	char refusal[COPY_REFUSAL_SIZE]; /* names a refused row and the reason */
};

/* TABLE must have no problem (mariadb_table_problem).  MARKS belong to the same table.  Both must
 * outlive the copy. */
enum outcome copy_open(struct db *db, const struct mariadb_table *table, const struct marks *marks,
		       struct copy **out);
/* Must be called before the session is closed.  The temporary table remains until the session ends
 * or the next copy drops it. */
void copy_free(struct copy **copy);

/* Adds rows to the temporary table.  CELLS is ROWS x fields.  If a row does not fit into a packet,
 * returns REJECTED and sets *TOO_LARGE. */
enum outcome copy_add(struct copy *copy, const struct db_value *cells, size_t rows,
		      bool *too_large);
/* Implements copy_end of target.h. */
enum outcome copy_apply(struct copy *copy, bool whole, struct merge_counts *counts);

/* The functions below also serve mariadb_copy_singly.c, which copies rows one at a time. */

/* Creates the temporary TABLE (a quoted name) with the columns of a copy; drops an older one. */
enum outcome copy_create(const struct copy *copy, const char *table);
/* Add SQL: "e.column" of a field; WORD and "e.pk = t.cN"; a condition that all other fields are
 * equal. */
void copy_add_entity(const struct copy *copy, struct buf *sql, size_t field);
void copy_add_match(const struct copy *copy, struct buf *sql, const char *word);
void copy_add_same(const struct copy *copy, struct buf *sql);
/* Run the statements of a copy.  PK not NULL: copy_delete_absent considers only this row. */
enum outcome copy_delete_absent(const struct copy *copy, const struct db_value *pk,
				uint64_t *deleted);
enum outcome copy_update_changed(const struct copy *copy, uint64_t *updated);
/* Overwrites rows that are marked as deleted (R10.12) and have the primary key of a copied row:
 * they get all values that a new row would have. */
enum outcome copy_revive(const struct copy *copy, uint64_t *inserted);
enum outcome copy_insert_new(const struct copy *copy, uint64_t *inserted);

/* R10.10: checks that columns whose type is not the deployed one store the copied values exactly.
 * REJECTED if not; the refusal names the column. */
enum outcome copy_try_rows(struct copy *copy);

/* Makes a whole copy of the collected rows, one row at a time; in mariadb_copy_singly.c. */
enum outcome copy_singly(struct copy *copy, struct merge_counts *counts);

#endif
