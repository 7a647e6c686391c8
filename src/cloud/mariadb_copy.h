/* SPDX-License-Identifier: MIT */
/*
 * Copying a table to MariaDB (R10.7): part of mariadb.c, nobody else's.  The rows
 * gather in a temporary table, and three statements make the entity's table like it; where one of
 * them is refused, the rows are copied one at a time.
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
	const char *rows;    /* the temporary table that the statements read, quoted */
	struct probe *probe; /* NULL if the table's columns hold everything */
	struct db_bulk *bulk;
	char refusal[COPY_REFUSAL_SIZE]; /* of a row that is left out, and why */
};

/* TABLE has no problem; MARKS are the same table's, and outlive the copy. */
enum outcome copy_open(struct db *db, const struct mariadb_table *table, const struct marks *marks,
		       struct copy **out);
/* Before the session is closed; the temporary table goes with the session, or with the next
 * copy. */
void copy_free(struct copy **copy);

/* CELLS is ROWS x fields.  *TOO_LARGE, with REJECTED: a row does not fit into a packet. */
enum outcome copy_add(struct copy *copy, const struct db_value *cells, size_t rows,
		      bool *too_large);
/* Carries out what target.h says of copy_end. */
enum outcome copy_apply(struct copy *copy, bool whole, struct merge_counts *counts);

/* For copying rows one at a time. */
enum outcome copy_create(const struct copy *copy, const char *table);
/* "e.column" of a field; "e.pk = t.cN" behind WORD; and whether all other fields are the same. */
void copy_add_entity(const struct copy *copy, struct buf *sql, size_t field);
void copy_add_match(const struct copy *copy, struct buf *sql, const char *word);
void copy_add_same(const struct copy *copy, struct buf *sql);
/* The statements; PK: that row alone. */
enum outcome copy_delete_absent(const struct copy *copy, const struct db_value *pk,
				uint64_t *deleted);
enum outcome copy_update_changed(const struct copy *copy, uint64_t *updated);
/* Rows that are marked as deleted (R10.12) and copied become what new ones would be. */
enum outcome copy_revive(const struct copy *copy, uint64_t *inserted);
enum outcome copy_insert_new(const struct copy *copy, uint64_t *inserted);

/* R10.10: whether columns that are not as deployed would hold what is copied; if not, REJECTED, and
 * the refusal says which value. */
enum outcome copy_try_rows(struct copy *copy);

/* A whole copy, of what is gathered; in mariadb_copy_singly.c. */
enum outcome copy_singly(struct copy *copy, struct merge_counts *counts);

#endif
