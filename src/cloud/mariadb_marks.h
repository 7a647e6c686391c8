/* SPDX-License-Identifier: MIT */
/*
 * The row columns of a table at MariaDB: columns besides the schema's that store when and by which
 * run a row was written or deleted (R10.12), and the SQL for them.  Private to mariadb.c.
 *
 * A row whose _deleted_at is set is hidden from all operations.  This holds as long as the table
 * has our column, even after the configuration returned to hard deletions: otherwise a change would
 * find a row that readers regard as deleted.  The row's primary key is free, and an inserted record
 * with this key overwrites the row.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_MARKS_H
#define CAMPAIGN_CLOUD_MARIADB_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/outcome.h"
#include "db/db.h"
#include "schema/model.h"

struct marks { /* of one table */
	const struct schema *schema;
	bool loaded; /* rows store when and by which run they were written */
	bool soft;   /* a deletion marks the row */
	bool hides;  /* the table has our _deleted_at: marked rows are hidden */
	uint64_t run;
	char *lacks;   /* why the table must not be written; NULL if it may be */
	char *foreign; /* ", e.`x` = DEFAULT(e.`x`)" for columns that the sync does not write */
};

/* Reads which row columns the table has and compares them with RULES.  PK_UNIQUE: as
 * mariadb_table_pk_unique. */
enum outcome marks_read(struct db *db, const struct schema *s, const struct conf_rows *rules,
			uint64_t run, bool pk_unique, struct marks **out);
void marks_free(struct marks **marks);

/* Each function below adds SQL in which "e" is the table.  Where its columns are not in use, it
 * adds nothing; marks_add_deleted and marks_add_anew require them. */

/* WORD and the condition that the row e is not marked. */
void marks_add_seen(const struct marks *m, struct buf *sql, const char *word);
/* WORD and the condition that the row e is marked. */
void marks_add_hidden(const struct marks *m, struct buf *sql, const char *word);
/* "e._loaded_at = ..." after SEPARATOR. */
void marks_add_written(const struct marks *m, struct buf *sql, const char *separator);
/* "e._deleted_at = ...": the assignments that mark a row as deleted. */
void marks_add_deleted(const struct marks *m, struct buf *sql);
/* ", e._deleted_at = NULL ...": follows the assignments of all fields and gives the marked row e
 * the remaining values of a new row. */
void marks_add_anew(const struct marks *m, struct buf *sql);
/* ", _loaded_at ..." for the column list and ", ..." for the values of an INSERT. */
void marks_add_insert_columns(const struct marks *m, struct buf *sql);
void marks_add_insert_values(const struct marks *m, struct buf *sql);

#endif
