/* SPDX-License-Identifier: MIT */
/*
 * Reads whole tables of a database, row by row and in an order that does not depend on the
 * database, so that the tables of two databases can be compared (R10.13).  A reader changes nothing
 * in the database; its login needs only the SELECT right.  One thread uses a reader.
 */
#ifndef CAMPAIGN_CLOUD_READER_H
#define CAMPAIGN_CLOUD_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/outcome.h"
#include "db/db.h"
#include "schema/model.h"

struct reader;

struct reader_ops {
	/* GROUP names the database's login in the option file of the sync.  OUTCOME_INVALID: the
	 * file has no such group. */
	enum outcome (*open)(const struct conf *conf, const char *group, struct reader **out);
	void (*close)(struct reader **r);
	/* Checks that the table exists and has S's columns.  If not: OUTCOME_INVALID, a reason. */
	enum outcome (*check)(struct reader *r, const struct schema *s);
	/* Counts the rows that a scan would return.  The caller calls `check` for S first. */
	enum outcome (*count)(struct reader *r, const struct schema *s, uint64_t *rows);
	/*
	 * Scans S's table: scan_begin, scan_next until it returns no row, scan_end.  The caller
	 * calls `check` for S first.  The scan returns the rows in the order of the primary key:
	 * text in the order of its UTF-8 bytes, all other types in the order of their values.
	 * Without a primary key the order is undefined.  The scan omits rows that are marked as
	 * deleted.  It reads a consistent snapshot if the database supports that, and no other
	 * session waits for it.
	 */
	enum outcome (*scan_begin)(struct reader *r, const struct schema *s);
	/* *CELLS: one cell per field of S, valid until the next call; NULL after the last row. */
	enum outcome (*scan_next)(struct reader *r, const struct db_value **cells);
	/* The caller may end a scan before it has read the last row. */
	void (*scan_end)(struct reader *r);
	/* Returns why the last call failed. */
	const char *(*reason)(const struct reader *r);
};

extern const struct reader_ops reader_mariadb;

#endif
