/* SPDX-License-Identifier: MIT */
/* The history of runs; see history.h. */
#include "config.h"

#include "sync/history.h"

#include <inttypes.h>
#include <stdio.h>

static const char sql_mark_dead[] =
    "UPDATE campaign_run SET outcome = 'failed', ended_at = UTC_TIMESTAMP(3),"
    " message = 'the run died' WHERE outcome = 'running'";
static const char sql_begin[] = "INSERT INTO campaign_run (started_at) VALUES (UTC_TIMESTAMP(3))";
/* Must modify a row: only a commit with changes forces earlier commits to be flushed. */
static const char sql_batch[] =
    "INSERT INTO campaign_run_schema (run_id, schema_id, batches) VALUES (?, ?, 1)"
    " ON DUPLICATE KEY UPDATE batches = batches + 1";
static const char sql_schema[] =
    "INSERT INTO campaign_run_schema (run_id, schema_id, changes, merged, inserted, updated,"
    " deleted, rejected, held, several, milliseconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE changes = VALUES(changes), merged = VALUES(merged),"
    " inserted = VALUES(inserted), updated = VALUES(updated), deleted = VALUES(deleted),"
    " rejected = VALUES(rejected), held = VALUES(held), several = VALUES(several),"
    " milliseconds = VALUES(milliseconds)";
static const char sql_end[] =
    "UPDATE campaign_run SET ended_at = UTC_TIMESTAMP(3), outcome = ?, message = ? WHERE id = ?";
static const char sql_prune_runs[] =
    "DELETE FROM campaign_run WHERE started_at < UTC_TIMESTAMP(3) - INTERVAL ? DAY";
static const char sql_prune_ended[] =
    "DELETE FROM campaign_session WHERE ended_at < UTC_TIMESTAMP(3) - INTERVAL 1 DAY";
static const char sql_prune_expired[] =
    "DELETE FROM campaign_session WHERE expires_at < UTC_TIMESTAMP(3) - INTERVAL 1 DAY";

static const char sql_prune_audit[] =
    "DELETE FROM campaign_audit WHERE at < UTC_TIMESTAMP(3) - INTERVAL ? DAY";

#define NUMBER_TEXT 24

static struct db_value number(char text[NUMBER_TEXT], uint64_t value)
{
	int length = snprintf(text, NUMBER_TEXT, "%" PRIu64, value);

	return (struct db_value){text, (size_t)length};
}

void run_counts_add(struct run_counts *sum, const struct run_counts *more)
{
	sum->changes += more->changes;
	sum->merged += more->merged;
	sum->inserted += more->inserted;
	sum->updated += more->updated;
	sum->deleted += more->deleted;
	sum->rejected += more->rejected;
	sum->held += more->held;
	sum->several += more->several;
	sum->deferred += more->deferred;
	sum->waiting += more->waiting;
	sum->recovered += more->recovered;
	sum->retries += more->retries;
	sum->milliseconds += more->milliseconds;
}

enum outcome history_begin(struct db *db, uint64_t *run_id)
{
	enum outcome rc;

	if ((rc = db_exec(db, sql_mark_dead)) != OUTCOME_OK)
		return rc;
	if ((rc = db_run(db, sql_begin, NULL, 0, NULL, NULL)) != OUTCOME_OK)
		return rc;
	*run_id = db_last_insert_id(db);
	return OUTCOME_OK;
}

enum outcome history_batch(struct db *db, uint64_t run_id, const char *schema_id)
{
	char id[NUMBER_TEXT];
	struct db_value params[] = {number(id, run_id), db_text(schema_id)};

	return db_run(db, sql_batch, params, 2, NULL, NULL);
}

enum outcome history_schema(struct db *db, uint64_t run_id, const char *schema_id,
			    const struct run_counts *counts)
{
	const uint64_t numbers[] = {
	    counts->changes, counts->merged,  counts->inserted,
	    counts->updated, counts->deleted, counts->rejected,
	    counts->held,    counts->several, counts->milliseconds,
	};
	enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };
	char texts[COUNT + 1][NUMBER_TEXT];
	struct db_value params[COUNT + 2];

	params[0] = number(texts[COUNT], run_id);
	params[1] = db_text(schema_id);
	for (size_t i = 0; i < COUNT; i++)
		params[i + 2] = number(texts[i], numbers[i]);
	return db_run(db, sql_schema, params, COUNT + 2, NULL, NULL);
}

enum outcome history_end(struct db *db, uint64_t run_id, const char *outcome, const char *message)
{
	char id[NUMBER_TEXT];
	struct db_value params[] = {db_text(outcome), db_text(message), number(id, run_id)};

	return db_run(db, sql_end, params, 3, NULL, NULL);
}

enum outcome history_prune(struct db *db, unsigned days)
{
	char text[NUMBER_TEXT];
	struct db_value param = number(text, days);
	enum outcome rc;

	if ((rc = db_run(db, sql_prune_runs, &param, 1, NULL, NULL)) != OUTCOME_OK)
		return rc;
	if ((rc = db_run(db, sql_prune_audit, &param, 1, NULL, NULL)) != OUTCOME_OK)
		return rc;
	if ((rc = db_exec(db, sql_prune_ended)) != OUTCOME_OK)
		return rc;
	return db_exec(db, sql_prune_expired);
}
