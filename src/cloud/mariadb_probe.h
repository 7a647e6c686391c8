/* SPDX-License-Identifier: MIT */
/*
 * Checks that columns whose type is not the deployed one store values exactly.  Private to
 * mariadb.c.  The probe first writes the values into a temporary table with the same columns and
 * compares the stored values with the given ones (R10.10).  If all columns are as deployed, or
 * wider, there is no probe table and no cost.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_PROBE_H
#define CAMPAIGN_CLOUD_MARIADB_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/outcome.h"
#include "cloud/mariadb_table.h"
#include "db/db.h"

struct probe;

/* NAME: the unquoted name of the temporary table, which lasts until the session ends.  *OUT stays
 * NULL if every column stores all values of its field exactly. */
enum outcome probe_open(struct db *db, const struct mariadb_table *table, const char *name,
			struct probe **out);
void probe_free(struct probe **probe); /* must be called before the session is closed */

/* The fields whose columns the probe checks, in order. */
size_t probe_count(const struct probe *probe);
size_t probe_field(const struct probe *probe, size_t n);
/* Appends a placeholder that always passes the check, for a record that does not write FIELD. */
void probe_add_unwritten(struct buf *sql, const struct probe *probe, size_t field);

/* Checks the values of EXPRESSIONS, one expression per probed field.  FROM: their tables and
 * conditions.  REJECTED: the server refuses a value, and WHY is empty because the server's error
 * names the column; or a column would not store a value exactly, and WHY names the column. */
enum outcome probe_try(struct probe *probe, const char *expressions, const char *from,
		       const struct db_value *params, size_t count, bool inserting, char *why,
		       size_t size);

#endif
