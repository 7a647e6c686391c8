/* SPDX-License-Identifier: MIT */
/* Recovery (R10.6) and the log's id; see recovery.h. */
#include "config.h"

#include "sync/recovery.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "cloud/seqset.h"
#include "sync/log_rows.h"

static const char sql_log_id[] = "SELECT log_id FROM campaign_schema WHERE id = ?";
static const char sql_renew[] = "UPDATE campaign_schema SET log_id = UUID() WHERE id = ?";

static enum outcome read_log_id(struct recovery *c)
{
	struct db_value id = db_text(c->schema->id);
	struct db_rows *rows = NULL;
	enum outcome rc;

	c->log_id[0] = '\0';
	rc = db_run(c->ends->db, sql_log_id, &id, 1, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		snprintf(c->log_id, sizeof(c->log_id), "%s", db_rows_text(rows, 0));
	db_rows_free(&rows);
	return rc;
}

/* Deletes the changes from the log that the target has committed already. They are left if a run
 * ended between its two commits (R10.6). */
static enum outcome recover(struct recovery *c)
{
	const struct ends *e = c->ends;
	struct seqset set = {0};
	enum outcome rc;

	if (c->log_id[0] == '\0')
		return OUTCOME_OK;
	rc = e->ops->recorded(e->target, c->log_id, &set.ranges, &set.count);
	if (rc != OUTCOME_OK || set.count == 0)
		return rc;
	if ((rc = db_begin(e->db)) != OUTCOME_OK)
		goto out;
	rc = log_delete(e->db, c->schema, set.ranges, set.count, LOG_ROWS_LISTED);
	if (rc != OUTCOME_OK) {
		db_rollback(e->db);
		goto out;
	}
	if ((rc = db_commit(e->db)) != OUTCOME_OK)
		goto out;
	if ((rc = e->ops->forget(e->target, c->log_id)) != OUTCOME_OK)
		goto out;
	c->recovered = seqset_total(&set);
	log_info("%s: %" PRIu64 " changes had been applied by a run that died", c->schema->id,
		 c->recovered);
out:
	seqset_free(&set);
	return rc;
}

/*
 * Each run gives the log a new id, by which the target identifies it, and commits the id before
 * it merges anything. Numbers alone do not identify a log: it may have been dropped and created
 * again, or restored from a backup. Then an old record at the target could be taken for a record
 * of new changes with the same numbers.
 */
static enum outcome renew(struct recovery *c)
{
	struct db_value id = db_text(c->schema->id);
	enum outcome rc;

	rc = db_run(c->ends->db, sql_renew, &id, 1, NULL, NULL);
	return rc == OUTCOME_OK ? read_log_id(c) : rc;
}

enum outcome recover_and_renew(void *context)
{
	struct recovery *c = context;
	enum outcome rc;

	if ((rc = read_log_id(c)) != OUTCOME_OK)
		return rc;
	if ((rc = recover(c)) != OUTCOME_OK)
		return rc;
	return renew(c);
}
