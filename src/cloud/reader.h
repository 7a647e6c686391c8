/* SPDX-License-Identifier: MIT */
/*
 * Reads whole tables of a database, row by row and in an order that does not depend on the
 * database, so that the tables of two databases can be compared (R10.13).  Changes nothing there.
 *
 * The login needs the right SELECT only.  One thread uses a reader.
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
	/* GROUP names the database's login in the option file of the sync.  OUTCOME_INVALID: there
	 * is no such group. */
	enum outcome (*open)(const struct conf *conf, const char *group, struct reader **out);
	void (*close)(struct reader **r);
	/* The table is there and has S's columns; OUTCOME_INVALID with a reason if not. */
	enum outcome (*check)(struct reader *r, const struct schema *s);
	/* `check` comes before it. */
	enum outcome (*count)(struct reader *r, const struct schema *s, uint64_t *rows);
	/*
	 * A scan of S's table: begin, next until there is none, end.  The rows come in the order of
	 * the primary key: text in the order of its UTF-8 bytes, everything else in the order of
	 * its values.  Without a primary key they come in any order.  Rows that are only marked as
	 * deleted are left out.  The scan reads the rows as they stand at one moment, if the
	 * database can do that, and no other session waits for it.  `check` comes before it.
	 */
	enum outcome (*scan_begin)(struct reader *r, const struct schema *s);
	/* *CELLS: one for each field of S, valid until the next call; NULL after the last row. */
	enum outcome (*scan_next)(struct reader *r, const struct db_value **cells);
	/* May come before the last row was read. */
	void (*scan_end)(struct reader *r);
	/* Why the last call failed. */
	const char *(*reason)(const struct reader *r);
};

extern const struct reader_ops reader_mariadb;

#endif
