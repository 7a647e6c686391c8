/* SPDX-License-Identifier: MIT */
/* A session at the target; see mariadb_session.h. */
#include "config.h"

#include "sync/mariadb_session.h"

#include <stdio.h>

#include "base/log.h"

/* Seconds: what a killed run's last statement may take.  The caller tries again. */
static const char sql_lock[] =
    "SELECT GET_LOCK(LEFT(CONCAT('campaign-sync-target-', ?, ':', DATABASE()), 64), 10)";

#define NUMBER_TEXT 12

enum outcome session_lock(struct session *s, unsigned number)
{
	struct db_rows *rows = NULL;
	char text[NUMBER_TEXT];
	struct db_value param;
	enum outcome rc;
	bool got;

	snprintf(text, sizeof(text), "%u", number);
	param = db_text(text);
	if ((rc = db_run(s->db, sql_lock, &param, 1, &rows, NULL)) != OUTCOME_OK)
		return rc;
	got = db_rows_next(rows) && db_rows_int(rows, 0) == 1;
	db_rows_free(&rows);
	if (got)
		return OUTCOME_OK;
	log_warn("cloud: a session of another run is still at work there");
	return OUTCOME_RETRY;
}

enum outcome session_open(struct session *s, const struct db_login *login, unsigned number)
{
	enum outcome rc;

	if ((rc = db_open(login, &s->db)) != OUTCOME_OK)
		return rc;
	if ((rc = session_lock(s, number)) != OUTCOME_OK)
		db_close(&s->db);
	return rc;
}

static void free_scratches(struct session *s)
{
	for (size_t i = 0; i < s->scratch_count; i++)
		scratch_free(&s->scratches[i]);
	s->scratch_count = 0;
}

void session_close(struct session *s)
{
	free_scratches(s);
	db_close(&s->db);
}

/* Clients may think of any number of key lists; the tables of old ones are made anew under
 * the same few names. */
enum outcome session_scratch(struct session *s, const struct schema *schema, const size_t *key,
			     size_t key_count, struct scratch **out)
{
	size_t n = s->scratch_count;
	enum outcome rc;

	for (size_t i = 0; i < n; i++) {
		if (scratch_is_for(s->scratches[i], schema, key, key_count)) {
			*out = s->scratches[i];
			return OUTCOME_OK;
		}
	}
	if (n == SESSION_SCRATCHES)
		free_scratches(s);
	n = s->scratch_count;
	rc = scratch_open(s->db, schema, key, key_count, (unsigned)n, &s->scratches[n]);
	if (rc != OUTCOME_OK)
		return rc;
	*out = s->scratches[s->scratch_count++];
	return OUTCOME_OK;
}

void session_forget_loaded(struct session *s)
{
	for (size_t i = 0; i < s->scratch_count; i++)
		scratch_forget_loaded(s->scratches[i]);
}
