/* SPDX-License-Identifier: MIT */
/*
 * Deletes and moves rows of the log by number; see log_rows.h.
 *
 * The numbers are listed one by one, not as "BETWEEN first AND last": InnoDB reads one row
 * further than a range goes and locks it, and where that row is one that a call has inserted
 * and not committed yet, the sync would wait for the call (R10.5a).  A single number of a
 * primary key is looked at alone.  FORCE INDEX keeps the server from scanning a small table
 * whole, which ends the same way.
 */
#include "config.h"

#include "sync/log_rows.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/buf.h"
#include "staging/change.h"
#include "sync/log_reader.h"

/* Of a statement.  Well below 1000, where the server begins to turn lists into subqueries. */
#define NUMBERS 500

struct numbers { /* walks through ranges */
	const struct seq_range *ranges;
	size_t count;
	size_t range;
	uint64_t offset;
};

static bool numbers_next(struct numbers *n, uint64_t *out)
{
	if (n->range == n->count)
		return false;
	*out = n->ranges[n->range].first + n->offset++;
	if (*out == n->ranges[n->range].last) {
		n->range++;
		n->offset = 0;
	}
	return true;
}

/* Appends "(5,6,7)"; false at the end.  Numbers of our own: written, not bound. */
static bool add_numbers(struct buf *sql, struct numbers *n)
{
	uint64_t number;
	size_t added = 0;

	while (added < NUMBERS && numbers_next(n, &number))
		buf_addf(sql, "%c%" PRIu64, added++ == 0 ? '(' : ',', number);
	buf_add_char(sql, ')');
	return added > 0;
}

/* PREFIX is a statement that lacks its list. */
static enum outcome for_numbers(struct db *db, const struct buf *prefix,
				const struct seq_range *ranges, size_t count)
{
	struct numbers numbers = {.ranges = ranges, .count = count};
	struct buf sql = BUF_INIT;
	enum outcome rc = OUTCOME_OK;

	while (rc == OUTCOME_OK) {
		buf_clear(&sql);
		buf_add_n(&sql, buf_text(prefix), prefix->length);
		if (!add_numbers(&sql, &numbers))
			break;
		rc = db_exec_n(db, buf_text(&sql), sql.length);
	}
	buf_free(&sql);
	return rc;
}

enum outcome log_delete(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql, "DELETE l FROM ");
	db_quote_name(&sql, s->log_table);
	buf_add(&sql, " l FORCE INDEX (PRIMARY) WHERE _seq IN ");
	rc = for_numbers(db, &sql, ranges, count);
	buf_free(&sql);
	return rc;
}

enum outcome log_reject(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql, "INSERT INTO ");
	db_quote_name(&sql, s->reject_table);
	buf_add(&sql, " (");
	change_columns(&sql, s);
	buf_add(&sql, ") SELECT ");
	change_columns(&sql, s);
	buf_add(&sql, " FROM ");
	db_quote_name(&sql, s->log_table);
	buf_add(&sql, " FORCE INDEX (PRIMARY) WHERE _seq IN ");
	rc = for_numbers(db, &sql, ranges, count);
	buf_free(&sql);
	return rc == OUTCOME_OK ? log_delete(db, s, ranges, count) : rc;
}
