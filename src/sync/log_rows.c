/* SPDX-License-Identifier: MIT */
/*
 * Deletes and moves rows of the staging log by number; see log_rows.h.
 *
 * For "BETWEEN first AND last" InnoDB reads and locks one row beyond the range. If a SOAP call
 * has inserted that row and not committed it yet, the sync would wait for the call (R10.5a). For
 * a single primary key InnoDB locks only that row. So a range is written as BETWEEN up to the
 * number before its last one, and the last number is listed singly: the row after the range is
 * then one that this run has read. That is true only while the rows exist. If they may have been
 * deleted, every number is listed.
 *
 * The server may scan a small table completely, which locks too much as well. FORCE INDEX
 * prevents a table scan, but not the scan of an index that covers the query, as the primary key
 * would. The condition on a second column, which is true for every TINYINT, prevents that.
 */
#include "config.h"

#include "sync/log_rows.h"

#include <inttypes.h>

#include "base/buf.h"
#include "staging/move.h"
#include "sync/log_reader.h"

/* The limit per statement. It is well below 1000, where the server begins to convert lists to
 * subqueries. */
#define NUMBERS 500

/* The numbers of one statement. */
struct share {
	struct buf list;  /* "5,6,9": single numbers */
	struct buf spans; /* " OR _seq BETWEEN 12 AND 17 OR ..." */
	size_t terms;
};

static void share_clear(struct share *s)
{
	buf_clear(&s->list);
	buf_clear(&s->spans);
	s->terms = 0;
}

static void share_free(struct share *s)
{
	buf_free(&s->list);
	buf_free(&s->spans);
}

/* The numbers are our own, so they are written into the text and not bound. */
static void add_number(struct share *s, uint64_t number)
{
	buf_addf(&s->list, "%s%" PRIu64, s->list.length > 0 ? "," : "", number);
	s->terms++;
}

static enum outcome execute(struct db *db, const struct buf *prefix, const struct share *s)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	if (s->terms == 0)
		return OUTCOME_OK;
	buf_add_n(&sql, buf_text(prefix), prefix->length);
	buf_addf(&sql, " WHERE (_seq IN (%s)%s) AND _operation >= -128", buf_text(&s->list),
		 buf_text(&s->spans));
	rc = db_exec_n(db, buf_text(&sql), sql.length);
	buf_free(&sql);
	return rc;
}

/* Executes PREFIX, a statement without its WHERE, for all numbers, in portions. */
static enum outcome for_numbers(struct db *db, const struct buf *prefix,
				const struct seq_range *ranges, size_t count, enum log_rows rows)
{
	struct share s = {.list = BUF_INIT, .spans = BUF_INIT};
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; i < count && rc == OUTCOME_OK; i++) {
		uint64_t number = ranges[i].first;

		if (rows == LOG_ROWS_THERE && ranges[i].last > number) {
			buf_addf(&s.spans, " OR _seq BETWEEN %" PRIu64 " AND %" PRIu64, number,
				 ranges[i].last - 1);
			number = ranges[i].last;
		}
		for (; number <= ranges[i].last && rc == OUTCOME_OK; number++) {
			add_number(&s, number);
			if (s.terms == NUMBERS) {
				rc = execute(db, prefix, &s);
				share_clear(&s);
			}
		}
	}
	if (rc == OUTCOME_OK)
		rc = execute(db, prefix, &s);
	share_free(&s);
	return rc;
}

enum outcome log_delete(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count, enum log_rows rows)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql, "DELETE l FROM ");
	db_quote_name(&sql, s->log_table);
	buf_add(&sql, " l FORCE INDEX (PRIMARY)");
	rc = for_numbers(db, &sql, ranges, count, rows);
	buf_free(&sql);
	return rc;
}

enum outcome log_reject(struct db *db, const struct schema *s, const struct seq_range *ranges,
			size_t count)
{
	struct buf columns = BUF_INIT, sql = BUF_INIT;
	enum outcome rc;

	rc = move_columns(db, s->log_table, s->reject_table, &columns);
	buf_add(&sql, "INSERT INTO ");
	db_quote_name(&sql, s->reject_table);
	buf_addf(&sql, " (%s) SELECT %s FROM ", buf_text(&columns), buf_text(&columns));
	db_quote_name(&sql, s->log_table);
	buf_add(&sql, " FORCE INDEX (PRIMARY)");
	if (rc == OUTCOME_OK)
		rc = for_numbers(db, &sql, ranges, count, LOG_ROWS_LISTED);
	buf_free(&sql);
	buf_free(&columns);
	return rc == OUTCOME_OK ? log_delete(db, s, ranges, count, LOG_ROWS_LISTED) : rc;
}
