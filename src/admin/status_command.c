/* SPDX-License-Identifier: MIT */
/* runs, status: show the state of the system. */
#include "config.h"
#include "admin/admin.h"

#include <stdio.h>
#include <string.h>

#include "admin/numbers.h"
#include "admin/table.h"
#include "base/json.h"

int runs_command(struct admin *a, int argc, char **argv)
{
	static const struct table_column columns[] = {{"id", "run", TABLE_NUMBER},
						      {"started", "started (UTC)", TABLE_TEXT},
						      {"ended", "ended (UTC)", TABLE_TEXT},
						      {"outcome", "outcome", TABLE_TEXT},
						      {"schema", "schema", TABLE_TEXT},
						      {"changes", "read", TABLE_NUMBER},
						      {"merged", "merged", TABLE_NUMBER},
						      {"inserted", "inserted", TABLE_NUMBER},
						      {"updated", "updated", TABLE_NUMBER},
						      {"deleted", "deleted", TABLE_NUMBER},
						      {"rejected", "rejected", TABLE_NUMBER},
						      {"held", "held", TABLE_NUMBER},
						      {"several", "several", TABLE_NUMBER},
						      {"ms", "ms", TABLE_NUMBER},
						      {"message", "message", TABLE_TEXT}};

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	return admin_print_query(
	    a,
	    "SELECT r.id, r.started_at, r.ended_at, r.outcome, s.schema_id, s.changes, s.merged, "
	    "s.inserted,"
	    " s.updated, s.deleted, s.rejected, s.held, s.several, s.milliseconds, r.message"
	    " FROM (SELECT * FROM campaign_run ORDER BY id DESC LIMIT 50) r"
	    " LEFT JOIN campaign_run_schema s ON s.run_id = r.id ORDER BY r.id, s.schema_id",
	    columns, sizeof(columns) / sizeof(columns[0]), "no run yet");
}

struct summary {
	bool staging, cloud;
	const char *staging_connection,
	    *cloud_connection; /* how it is secured, or "no connection" */
	bool statement_log;    /* at either server */
	int64_t schemas, pending, oldest_s, rejects, sessions;
	char last_run[32], last_outcome[20];
	struct buf numbers; /* from numbers_add */
};

static void add_backlog(struct db *db, const struct schema *s, struct summary *out)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;

	buf_add(&sql, "SELECT COUNT(*), COALESCE(TIMESTAMPDIFF(SECOND, MIN(_at), "
		      "UTC_TIMESTAMP(6)), 0) FROM ");
	db_quote_name(&sql, s->log_table);
	if (db_run(db, buf_text(&sql), NULL, 0, &rows, NULL) == OUTCOME_OK && db_rows_next(rows)) {
		out->pending += db_rows_int(rows, 0);
		if (db_rows_int(rows, 1) > out->oldest_s)
			out->oldest_s = db_rows_int(rows, 1);
	}
	db_rows_free(&rows);
	buf_free(&sql);
}

static void look_at_staging(struct db *db, bool json, struct summary *out)
{
	struct registry *r = NULL;
	struct db_rows *rows = NULL;

	if (registry_load(db, &r) != OUTCOME_OK)
		return;
	out->staging = true;
	for (size_t i = 0; i < registry_count(r); i++) {
		out->schemas++;
		if (registry_at(r, i)->staged)
			add_backlog(db, registry_at(r, i), out);
	}
	numbers_add(db, r, json, &out->numbers);
	registry_release(&r);
	if (db_run(db,
		   "SELECT (SELECT COUNT(*) FROM campaign_reject), (SELECT COUNT(*) FROM "
		   "campaign_session"
		   " WHERE ended_at IS NULL AND expires_at > UTC_TIMESTAMP(3)), r.started_at, "
		   "r.outcome"
		   " FROM (SELECT 1) x LEFT JOIN (SELECT * FROM campaign_run ORDER BY id DESC "
		   "LIMIT 1) r"
		   " ON 1 = 1",
		   NULL, 0, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows)) {
		const char *at = db_rows_text(rows, 2), *outcome = db_rows_text(rows, 3);

		out->rejects = db_rows_int(rows, 0);
		out->sessions = db_rows_int(rows, 1);
		snprintf(out->last_run, sizeof(out->last_run), "%s", at ? at : "never");
		snprintf(out->last_outcome, sizeof(out->last_outcome), "%s",
			 outcome ? outcome : "-");
	}
	db_rows_free(&rows);
}

static void print_summary(const struct summary *s, bool json)
{
	if (!json) {
		printf(
		    "staging database  %s (%s)\ncloud database    %s (%s)\nschemas           %lld\n"
		    "pending changes   %lld (oldest: %lld s)\nrejected changes  %lld\n"
		    "open sessions     %lld\nlast run (UTC)    %s %s\n%s",
		    s->staging ? "answers" : "DOES NOT ANSWER", s->staging_connection,
		    s->cloud ? "answers" : "DOES NOT ANSWER", s->cloud_connection,
		    (long long)s->schemas, (long long)s->pending, (long long)s->oldest_s,
		    (long long)s->rejects, (long long)s->sessions, s->last_run, s->last_outcome,
		    buf_text(&s->numbers));
		if (s->statement_log)
			puts("binary log        binlog_format=STATEMENT: writes are refused (error "
			     "1665); set MIXED or ROW");
		return;
	}
	printf("{\"staging\":%s,\"cloud\":%s,\"staging_connection\":\"%s\","
	       "\"cloud_connection\":\"%s\",\"statement_log\":%s,\"schemas\":%lld,\"pending\":%lld,"
	       "\"oldest_s\":%lld,"
	       "\"rejects\":%lld,\"sessions\":%lld,\"last_run\":\"%s\",\"last_outcome\":\"%s\","
	       "\"numbers\":[%s]}\n",
	       s->staging ? "true" : "false", s->cloud ? "true" : "false", s->staging_connection,
	       s->cloud_connection, s->statement_log ? "true" : "false", (long long)s->schemas,
	       (long long)s->pending, (long long)s->oldest_s, (long long)s->rejects,
	       (long long)s->sessions, s->last_run, s->last_outcome, buf_text(&s->numbers));
}

/* Returns how the connection of DB is secured, and notes a statement-based binary log. */
static const char *look_at_connection(const struct db *db, struct summary *out)
{
	out->statement_log = out->statement_log || db_logs_statements(db);
	return db_transport_text(db_transport(db));
}

int status_command(struct admin *a, int argc, char **argv)
{
	struct summary s = {.last_run = "-",
			    .last_outcome = "-",
			    .staging_connection = "no connection",
			    .cloud_connection = "no connection",
			    .numbers = BUF_INIT};
	struct db *db;

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) != NULL) {
		s.staging_connection = look_at_connection(db, &s);
		look_at_staging(db, a->json, &s);
	}
	db_close(&db);
	if ((db = admin_open_cloud(a)) != NULL) {
		s.cloud_connection = look_at_connection(db, &s);
		s.cloud = db_ping(db) == OUTCOME_OK;
	}
	db_close(&db);
	print_summary(&s, a->json);
	buf_free(&s.numbers);
	return s.staging && s.cloud ? ADMIN_DONE : ADMIN_FAILED;
}
