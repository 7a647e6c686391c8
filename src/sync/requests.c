/* SPDX-License-Identifier: MIT */
/* The tables campaign_request and campaign_request_taken; see requests.h. */
#include "config.h"

#include "sync/requests.h"

#include <stdlib.h>

#include "base/alloc.h"

static const char sql_look[] = "SELECT EXISTS (SELECT 1 FROM campaign_request),"
			       " EXISTS (SELECT 1 FROM campaign_request_taken)";
static const char sql_list[] = "SELECT schema_id FROM campaign_request_taken";

/* Each statement below is used alone or followed by sql_one. */
static const char sql_copy[] =
    "INSERT IGNORE INTO campaign_request_taken (schema_id, requested_at, operator)"
    " SELECT r.schema_id, r.requested_at, r.operator FROM campaign_request r";
/* A request that came between the two statements was not taken, so it is not removed. */
static const char sql_remove[] = "DELETE r FROM campaign_request r"
				 " JOIN campaign_request_taken t ON t.schema_id = r.schema_id";
static const char sql_served[] = "DELETE r FROM campaign_request_taken r";
static const char sql_one[] = " WHERE r.schema_id = ?";

void schema_ids_add(struct schema_ids *list, const char *id)
{
	list->ids = xrealloc(list->ids, list->count + 1, sizeof(*list->ids));
	list->ids[list->count++] = xstrdup(id);
}

void schema_ids_free(struct schema_ids *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->ids[i]);
	free(list->ids);
	*list = (struct schema_ids){0};
}

enum outcome requests_look(struct db *db, bool *waiting, bool *taken)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	*waiting = *taken = false;
	rc = db_run(db, sql_look, NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows)) {
		*waiting = db_rows_int(rows, 0) != 0;
		*taken = db_rows_int(rows, 1) != 0;
	}
	db_rows_free(&rows);
	return rc;
}

static enum outcome for_each(struct db *db, const char *statement, const struct schema_ids *named)
{
	struct buf sql = BUF_INIT;
	enum outcome rc = OUTCOME_OK;

	buf_add(&sql, statement);
	if (named->count == 0)
		rc = db_run(db, buf_text(&sql), NULL, 0, NULL, NULL);
	else
		buf_add(&sql, sql_one);
	for (size_t i = 0; i < named->count && rc == OUTCOME_OK; i++) {
		struct db_value id = db_text(named->ids[i]);

		rc = db_run(db, buf_text(&sql), &id, 1, NULL, NULL);
	}
	buf_free(&sql);
	return rc;
}

enum outcome requests_take(struct db *db, const struct schema_ids *named)
{
	enum outcome rc;

	if ((rc = db_begin(db)) != OUTCOME_OK)
		return rc;
	rc = for_each(db, sql_copy, named);
	if (rc == OUTCOME_OK)
		rc = for_each(db, sql_remove, named);
	if (rc == OUTCOME_OK)
		return db_commit(db);
	db_rollback(db);
	return rc;
}

enum outcome requests_list(struct db *db, struct schema_ids *out)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	if ((rc = db_run(db, sql_list, NULL, 0, &rows, NULL)) != OUTCOME_OK)
		return rc;
	schema_ids_free(out);
	while (db_rows_next(rows))
		schema_ids_add(out, db_rows_text(rows, 0));
	db_rows_free(&rows);
	return OUTCOME_OK;
}

enum outcome requests_served(struct db *db, const struct schema_ids *named)
{
	return for_each(db, sql_served, named);
}
