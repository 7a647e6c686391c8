/* SPDX-License-Identifier: MIT */
/*
 * Copying a table to MariaDB (R10.7): part of mariadb.c, nobody else's.  The rows
 * gather in a temporary table, and three statements make the entity's table like it.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_COPY_H
#define CAMPAIGN_CLOUD_MARIADB_COPY_H

#include <stdbool.h>

#include "cloud/mariadb_marks.h"
#include "cloud/mariadb_table.h"
#include "cloud/target.h"
#include "db/db.h"

struct copy;

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
/* Why it was rejected, if that is not the server's error; else NULL. */
const char *copy_refusal(const struct copy *copy);

#endif
