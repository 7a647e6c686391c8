/* SPDX-License-Identifier: MIT */
/* Sessions of a run; see ends.h. */
#include "config.h"

#include "sync/ends.h"

#include <time.h>

#include "base/log.h"
#include "sync/interrupt.h"

/* The name is cut to the 64 characters that the server allows. */
static const char sql_lock[] = "SELECT GET_LOCK(LEFT(CONCAT('campaign-sync:', DATABASE()), 64), 0)";
/* The lock's session is idle while batches run; shared hosting ends idle ones early. */
static const char sql_patience[] = "SET SESSION wait_timeout = 86400";

/* A batch may take longer than a call is allowed to. */
#define IO_TIMEOUT_FACTOR 10

static const unsigned waits_ms[] = {100, 500, 1000, 2000, 4000, 8000};
#define TRIES (sizeof(waits_ms) / sizeof(waits_ms[0]))

void ends_init(struct ends *e, const struct conf *conf, const struct target_ops *ops)
{
	*e = (struct ends){.conf = conf, .ops = ops};
	e->login = (struct db_login){
	    .option_file = conf->sync_option_file,
	    .group = conf->staging_group,
	    .label = "staging",
	    .connect_timeout_s = conf->connect_timeout_s,
	    .io_timeout_s = conf->io_timeout_s * IO_TIMEOUT_FACTOR,
	};
}

enum outcome ends_lock(struct ends *e, bool *held)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	*held = false;
	e->locking = true;
	db_close(&e->lock);
	if ((rc = db_open(&e->login, &e->lock)) != OUTCOME_OK)
		return rc;
	if ((rc = db_exec(e->lock, sql_patience)) != OUTCOME_OK)
		return rc;
	if ((rc = db_run(e->lock, sql_lock, NULL, 0, &rows, NULL)) != OUTCOME_OK)
		return rc;
	*held = !db_rows_next(rows) || db_rows_int(rows, 0) != 1;
	db_rows_free(&rows);
	return OUTCOME_OK;
}

enum outcome ends_open_staging(struct ends *e)
{
	if (e->db != NULL && db_alive(e->db))
		return OUTCOME_OK;
	db_close(&e->db);
	return db_open(&e->login, &e->db);
}

enum outcome ends_open_target(struct ends *e)
{
	if (e->target != NULL && e->ops->alive(e->target))
		return OUTCOME_OK;
	e->ops->close(&e->target);
	return e->ops->open(e->conf, &e->target);
}

void ends_close_target(struct ends *e)
{
	e->ops->close(&e->target);
}

void ends_close(struct ends *e)
{
	ends_close_target(e);
	db_close(&e->db);
	db_close(&e->lock);
}

enum outcome ends_check_lock(struct ends *e)
{
	bool held = false;
	enum outcome rc;

	if (!e->locking || (e->lock != NULL && db_ping(e->lock) == OUTCOME_OK))
		return OUTCOME_OK;
	if ((rc = ends_lock(e, &held)) != OUTCOME_OK)
		return rc;
	if (!held)
		return OUTCOME_OK;
	log_error("the lock was lost with its session, and another run has it now");
	return OUTCOME_BUG;
}

static void wait_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL); /* a signal ends it early, as it should */
}

static enum outcome reopen(struct ends *e)
{
	enum outcome rc;

	if ((rc = ends_check_lock(e)) != OUTCOME_OK)
		return rc;
	if ((rc = ends_open_staging(e)) != OUTCOME_OK)
		return rc;
	return ends_open_target(e);
}

enum outcome ends_heal(struct ends *e, unsigned *tries)
{
	enum outcome rc = OUTCOME_RETRY;

	while (rc == OUTCOME_RETRY && *tries < TRIES && !interrupted()) {
		wait_ms(waits_ms[(*tries)++]);
		rc = reopen(e);
	}
	return rc;
}

enum outcome ends_persist(struct ends *e, enum outcome (*unit)(void *context), void *context,
			  uint64_t *retries)
{
	unsigned tries = 0;
	enum outcome rc;

	while ((rc = unit(context)) == OUTCOME_RETRY || rc == OUTCOME_UNKNOWN) {
		(*retries)++;
		if ((rc = ends_heal(e, &tries)) != OUTCOME_OK)
			return rc;
	}
	return rc;
}
