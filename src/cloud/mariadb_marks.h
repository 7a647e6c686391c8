/* SPDX-License-Identifier: MIT */
/*
 * What a table at MariaDB tells of its rows besides the schema's columns (R10.12), and the SQL
 * for it: part of mariadb.c, nobody else's.
 *
 * A row with _deleted_at is not seen.  That holds as long as our column is there, also when
 * deletions are hard again: otherwise a change would find a row that people take for deleted.
 * Its primary key is free, and a record that is inserted with this key takes its place.
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
	bool loaded; /* its rows tell when and by which run they were written */
	bool soft;   /* a deletion marks */
	bool hides;  /* rows may be marked, and are not seen then */
	uint64_t run;
	char *lacks;   /* why nothing may be written here; NULL: it may */
	char *foreign; /* ", e.`x` = DEFAULT(e.`x`)" for columns that we do not write */
};

/* Asks the table what it has, and RULES what it should have. */
enum outcome marks_read(struct db *db, const struct schema *s, const struct conf_rows *rules,
			uint64_t run, struct marks **out);
void marks_free(struct marks **marks);

/* Each adds SQL in which "e" is the table; nothing where the table has no such columns. */

/* WORD, and that e is seen. */
void marks_add_seen(const struct marks *m, struct buf *sql, const char *word);
/* Likewise, that e is marked. */
void marks_add_hidden(const struct marks *m, struct buf *sql, const char *word);
/* "e._loaded_at = ..." after SEPARATOR. */
void marks_add_written(const struct marks *m, struct buf *sql, const char *separator);
/* "e._deleted_at = ...", the assignments of a deletion that marks. */
void marks_add_deleted(const struct marks *m, struct buf *sql);
/* ", e._deleted_at = NULL ..." behind the assignments of all fields: the deleted row e becomes what
 * a new one would be. */
void marks_add_anew(const struct marks *m, struct buf *sql);
/* ", _loaded_at ..." and ", ..." of an INSERT. */
void marks_add_insert_columns(const struct marks *m, struct buf *sql);
void marks_add_insert_values(const struct marks *m, struct buf *sql);

#endif
