/* SPDX-License-Identifier: MIT */
/* The row count of a table and a checksum over its rows; see digest.h. */
#include "config.h"

#include "cloud/digest.h"

#include "base/buf.h"

enum outcome digest_read(struct db *db, const struct schema *s, size_t time, const char *where,
			 struct digest *out)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	*out = (struct digest){0};
	buf_add(&sql, "SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', ");
	db_quote_name(&sql, s->fields[s->pk].column);
	buf_add(&sql, ", ");
	db_quote_name(&sql, s->fields[time].column);
	buf_add(&sql, "))) FROM ");
	db_quote_name(&sql, s->table);
	buf_addf(&sql, " e%s", where);
	rc = db_run(db, buf_text(&sql), NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		*out =
		    (struct digest){(uint64_t)db_rows_int(rows, 0), (uint64_t)db_rows_int(rows, 1)};
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->rows == b->rows && a->sum == b->sum;
}
