/* SPDX-License-Identifier: MIT */
/* Enforces unique primary keys; see mariadb_unique.h. */
#include "config.h"

#include "cloud/mariadb_unique.h"

#include <stdio.h>

/* Runs QUESTION, a SELECT of offending primary keys.  REJECTED if it returns a row. */
static enum outcome none_has(struct scratch *t, const struct buf *question)
{
	const struct schema *s = t->schema;
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(t->db, buf_text(question), NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows)) {
		const char *pk = db_rows_text(rows, 0);

		snprintf(t->refusal, sizeof(t->refusal),
			 pk != NULL ? "Duplicate entry '%s' for the primary key %s of table %s"
				    : "%s is not given: the primary key %s of table %s",
			 pk != NULL ? pk : "a value", s->fields[s->pk].column, s->table);
		rc = OUTCOME_REJECTED;
	}
	db_rows_free(&rows);
	return rc;
}

enum outcome unique_check(struct scratch *t)
{
	int pk = t->schema->pk;
	struct buf sql = BUF_INIT;
	enum outcome rc;

	if (pk < 0 || mariadb_table_pk_unique(t->table))
		return OUTCOME_OK;
	buf_addf(&sql,
		 "SELECT t.c%d FROM %s t WHERE t.ins = 1 GROUP BY t.c%d"
		 " HAVING COUNT(*) > 1 OR t.c%d IS NULL LIMIT 1",
		 pk, t->name, pk, pk);
	rc = none_has(t, &sql);
	buf_clear(&sql);
	buf_addf(&sql, "SELECT t.c%d FROM ", pk);
	scratch_add_tables(&sql, t, t->pk_indexed);
	scratch_add_equal(&sql, t, (size_t)pk, "=");
	buf_add(&sql, " WHERE t.ins = 1 LIMIT 1");
	if (rc == OUTCOME_OK)
		rc = none_has(t, &sql);
	buf_free(&sql);
	return rc;
}
