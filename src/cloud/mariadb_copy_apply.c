/* SPDX-License-Identifier: MIT */
/*
 * Applies a copy with set-based statements: deletes rows that a whole copy lacks, updates rows that
 * differ, inserts new rows.  If the server refuses a statement, a whole copy of a table with a
 * primary key continues row by row (mariadb_copy_singly.c).
 *
 * In a schema without a primary key rows cannot be identified: a whole copy removes all rows and
 * inserts all copied rows.  It removes them even if deletions mark rows (mariadb_marks.h):
 * otherwise each run would leave another set of marked rows in the table.
 */
#include "config.h"

#include "cloud/mariadb_copy.h"

static enum outcome copy_at_once(struct copy *c, bool whole, struct merge_counts *counts)
{
	enum outcome rc;

	if ((rc = copy_try_rows(c)) != OUTCOME_OK)
		return rc;
	if (whole && (rc = copy_delete_absent(c, NULL, &counts->deleted)) != OUTCOME_OK)
		return rc;
	if (c->schema->pk >= 0 && (rc = copy_update_changed(c, &counts->updated)) != OUTCOME_OK)
		return rc;
	if (c->schema->pk >= 0 && (rc = copy_revive(c, &counts->inserted)) != OUTCOME_OK)
		return rc;
	return copy_insert_new(c, &counts->inserted);
}

enum outcome copy_apply(struct copy *copy, bool whole, struct merge_counts *counts)
{
	struct merge_counts found = {0};
	enum outcome rc;

	if ((rc = db_exec(copy->db, "SAVEPOINT campaign_copy")) != OUTCOME_OK)
		return rc;
	rc = copy_at_once(copy, whole, &found);
	if (rc == OUTCOME_REJECTED || rc == OUTCOME_BUG) {
		if (db_exec(copy->db, "ROLLBACK TO SAVEPOINT campaign_copy") != OUTCOME_OK)
			return OUTCOME_RETRY;
		found = (struct merge_counts){0};
		if (whole && copy->schema->pk >= 0)
			rc = copy_singly(copy, &found);
	}
	if (rc != OUTCOME_OK)
		return rc;
	counts->inserted += found.inserted;
	counts->updated += found.updated;
	counts->deleted += found.deleted;
	counts->refused += found.refused;
	return OUTCOME_OK;
}
