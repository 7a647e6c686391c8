/* SPDX-License-Identifier: MIT */
/* A session at the target; see mariadb_session.h. */
#include "config.h"

#include "cloud/mariadb_session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

#define NUMBER_TEXT 16

/* Seconds to wait for each lock: the time that the last statement of a killed run may take.  The
 * caller tries again. */
#define PATIENCE 10

/* Adds CALL('name of lock NUMBER'REST), which evaluates to 1 or 0. */
static void add_call(struct buf *sql, const char *call, unsigned number, const char *rest)
{
	buf_addf(sql,
		 "IFNULL(%s(LEFT(CONCAT('campaign-sync-target-', %u, ':', DATABASE()), 64)%s), 0)",
		 call, number, rest);
}

static enum outcome ask(struct session *s, const struct buf *sql, int64_t *answer)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	if ((rc = db_run(s->db, buf_text(sql), NULL, 0, &rows, NULL)) != OUTCOME_OK)
		return rc;
	*answer = db_rows_next(rows) ? db_rows_int(rows, 0) : 0;
	db_rows_free(&rows);
	return OUTCOME_OK;
}

/* Calls CALL for the locks FIRST to LAST.  *ANSWER: how many of them the session acquired or
 * released. */
static enum outcome ask_each(struct session *s, const char *call, const char *rest, unsigned first,
			     unsigned last, int64_t *answer)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql, "SELECT ");
	for (unsigned n = first; n <= last; n++) {
		add_call(&sql, call, n, rest);
		buf_add(&sql, n < last ? " + " : "");
	}
	rc = ask(s, &sql, answer);
	buf_free(&sql);
	return rc;
}

enum outcome session_lock(struct session *s, unsigned first, unsigned last)
{
	char rest[NUMBER_TEXT];
	int64_t got = 0;
	enum outcome rc;

	snprintf(rest, sizeof(rest), ", %d", PATIENCE);
	rc = ask_each(s, "GET_LOCK", rest, first, last, &got);
	if (rc != OUTCOME_OK || got == (int64_t)(last - first) + 1)
		return rc;
	log_warn("cloud: a session of another run is still at work there");
	return OUTCOME_RETRY;
}

enum outcome session_unlock(struct session *s, unsigned first, unsigned last)
{
	int64_t released = 0;

	return ask_each(s, "RELEASE_LOCK", "", first, last, &released);
}

enum outcome session_open(struct session *s, const struct db_login *login, unsigned number)
{
	enum outcome rc;

	if ((rc = db_open(login, &s->db)) != OUTCOME_OK)
		return rc;
	if ((rc = session_lock(s, number, number)) != OUTCOME_OK)
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
	for (size_t i = 0; i < s->table_count; i++)
		mariadb_table_free(&s->tables[i]);
	free(s->tables);
	s->tables = NULL;
	s->table_count = 0;
	db_close(&s->db);
}

enum outcome session_table(struct session *s, const struct schema *schema,
			   const struct mariadb_table **out)
{
	struct mariadb_table *table = NULL;
	enum outcome rc;

	for (size_t i = 0; i < s->table_count; i++) {
		if (mariadb_table_schema(s->tables[i]) == schema) {
			*out = s->tables[i];
			return OUTCOME_OK;
		}
	}
	if ((rc = mariadb_table_read(s->db, schema, &table)) != OUTCOME_OK)
		return rc;
	s->tables = xrealloc(s->tables, s->table_count + 1, sizeof(*s->tables));
	s->tables[s->table_count++] = table;
	*out = table;
	return OUTCOME_OK;
}

/* Clients may use any number of key lists.  If all SESSION_SCRATCHES entries are in use, frees all
 * of them; later scratch tables reuse their names. */
enum outcome session_scratch(struct session *s, const struct mariadb_table *table,
			     const size_t *key, size_t key_count, struct scratch **out)
{
	const struct schema *schema = mariadb_table_schema(table);
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
	rc = scratch_open(s->db, table, key, key_count, (unsigned)n, &s->scratches[n]);
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
