/* SPDX-License-Identifier: MIT */
/* Prevents two runs at a time; see run_lock.h. */
#include "config.h"

#include "sync/run_lock.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

/* The server allows names of up to 64 characters. */
static const char sql_lock[] = "SELECT GET_LOCK(LEFT(CONCAT('campaign-sync:', DATABASE()), 64), 0)";

struct run_lock {
	pthread_mutex_t mutex;
	const struct db_login *login;
	struct db *db;
	bool wanted;
	bool lost; /* another run has it */
};

struct run_lock *run_lock_new(const struct db_login *login)
{
	struct run_lock *l = xcalloc(1, sizeof(*l));

	pthread_mutex_init(&l->mutex, NULL);
	l->login = login;
	return l;
}

void run_lock_free(struct run_lock **l)
{
	if (*l == NULL)
		return;
	db_close(&(*l)->db);
	pthread_mutex_destroy(&(*l)->mutex);
	free(*l);
	*l = NULL;
}

static enum outcome take(struct run_lock *l, bool *held)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	*held = false;
	l->wanted = true;
	db_close(&l->db);
	if ((rc = db_open(l->login, &l->db)) != OUTCOME_OK)
		return rc;
	if ((rc = db_run(l->db, sql_lock, NULL, 0, &rows, NULL)) != OUTCOME_OK)
		return rc;
	*held = !db_rows_next(rows) || db_rows_int(rows, 0) != 1;
	db_rows_free(&rows);
	return OUTCOME_OK;
}

static enum outcome check(struct run_lock *l)
{
	bool held = false;
	enum outcome rc;

	if (l->lost)
		return OUTCOME_BUG;
	if (!l->wanted || (l->db != NULL && db_ping(l->db) == OUTCOME_OK))
		return OUTCOME_OK;
	if ((rc = take(l, &held)) != OUTCOME_OK)
		return rc;
	if (!held)
		return OUTCOME_OK;
	l->lost = true;
	log_error("the lock was lost with its session, and another run has it now");
	return OUTCOME_BUG;
}

enum outcome run_lock_take(struct run_lock *l, bool *held)
{
	enum outcome rc;

	pthread_mutex_lock(&l->mutex);
	rc = take(l, held);
	pthread_mutex_unlock(&l->mutex);
	return rc;
}

enum outcome run_lock_check(struct run_lock *l)
{
	enum outcome rc;

	pthread_mutex_lock(&l->mutex);
	rc = check(l);
	pthread_mutex_unlock(&l->mutex);
	return rc;
}
