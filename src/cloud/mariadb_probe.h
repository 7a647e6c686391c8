/* SPDX-License-Identifier: MIT */
/*
 * Whether columns that are not as deployed hold values exactly: part of mariadb.c, nobody else's.
 * What is to be written is first written into a temporary table with the very same columns, and
 * compared with what was to be written (R10.10).  Where all columns are as deployed, or wider,
 * there is no such table and nothing to pay.
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

/* NAME: of the temporary table, unquoted; gone with the session.  *OUT stays NULL if every column
 * holds everything. */
enum outcome probe_open(struct db *db, const struct mariadb_table *table, const char *name,
			struct probe **out);
void probe_free(struct probe **probe); /* before the session is closed */

/* The fields whose columns are to be tried, in order. */
size_t probe_count(const struct probe *probe);
size_t probe_field(const struct probe *probe, size_t n);
/* Appends what stands for a value that is not written, for an expression of FIELD. */
void probe_add_unwritten(struct buf *sql, const struct probe *probe, size_t field);

/* EXPRESSIONS: one for each of them; FROM: their tables and conditions.  REJECTED: a value is
 * refused, or would not be stored exactly; WHY then names the column, and is empty if the server's
 * error does. */
enum outcome probe_try(struct probe *probe, const char *expressions, const char *from,
		       const struct db_value *params, size_t count, bool inserting, char *why,
		       size_t size);

#endif
