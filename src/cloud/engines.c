/* SPDX-License-Identifier: MIT */
/* Finds tables whose engine has no transactions; see engines.h. */
#include "config.h"

#include "cloud/engines.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Each table needs a SELECT of its own: with a constant TABLE_NAME the server opens only this
 * table.  The ENGINE of a partitioned table is the engine of its partitions, which all have the
 * same one. */
static const char sql_engine[] =
    "SELECT t.TABLE_NAME, t.TABLE_TYPE, t.ENGINE, e.TRANSACTIONS, t.TABLE_COMMENT"
    " FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e"
    " ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME = ?";

static enum outcome judge(const struct db_rows *row, struct buf *reason)
{
	const char *name = db_rows_text(row, 0), *type = db_rows_text(row, 1);
	const char *engine = db_rows_text(row, 2), *transactions = db_rows_text(row, 3);

	if (strcmp(type, "BASE TABLE") != 0 && strcmp(type, "SYSTEM VERSIONED") != 0) {
		buf_addf(reason,
			 "%s is not a table (%s): whether what lies behind it has transactions "
			 "cannot be seen. Give a table of its own this name",
			 name, type);
		return OUTCOME_INVALID;
	}
	if (engine == NULL) {
		const char *comment = db_rows_text(row, 4);

		buf_addf(reason, "table %s cannot be opened: %s", name,
			 comment != NULL ? comment : "its engine is not known");
		return OUTCOME_INVALID;
	}
	if (transactions != NULL && strcmp(transactions, "YES") == 0)
		return OUTCOME_OK;
	buf_addf(reason,
		 "table %s has the engine %s, which has no transactions, so a refused or repeated "
		 "change would be written twice: ALTER TABLE ",
		 name, engine);
	db_quote_name(reason, name);
	buf_add(reason, " ENGINE=InnoDB");
	return OUTCOME_INVALID;
}

enum outcome engines_check(struct db *db, const char *const *names, size_t count,
			   struct buf *reason)
{
	struct db_value *params = xcalloc(count + 1, sizeof(*params));
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	for (size_t i = 0; i < count; i++) {
		buf_add(&sql, i > 0 ? " UNION ALL " : "");
		buf_add(&sql, sql_engine);
		params[i] = db_text(names[i]);
	}
	rc = db_run(db, buf_text(&sql), params, count, &rows, NULL);
	while (rc == OUTCOME_OK && db_rows_next(rows))
		rc = judge(rows, reason);
	db_rows_free(&rows);
	buf_free(&sql);
	free(params);
	return rc;
}
