/* SPDX-License-Identifier: MIT */
/* The database sessions of a worker; see ends.h. */
#include "config.h"

#include "sync/ends.h"

#include "sync/interrupt.h"

static const unsigned waits_ms[] = {100, 500, 1000, 2000, 4000, 8000};
#define TRIES (sizeof(waits_ms) / sizeof(waits_ms[0]))

void ends_init(struct ends *e, const struct conf *conf, const struct target_ops *ops, unsigned lane)
{
	*e = (struct ends){.conf = conf, .ops = ops, .lane = lane};
	e->login = (struct db_login){
	    .option_file = conf->sync_option_file,
	    .group = conf->staging_group,
	    .label = "staging",
	    .connect_timeout_s = conf->connect_timeout_s,
	    .io_timeout_s = conf_batch_timeout_s(conf),
	};
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
	return e->ops->open(e->conf, e->lane, e->run, &e->target);
}

void ends_close_target(struct ends *e)
{
	e->ops->close(&e->target);
}

void ends_close(struct ends *e)
{
	ends_close_target(e);
	db_close(&e->db);
}

static enum outcome reopen(struct ends *e)
{
	enum outcome rc;

	if ((rc = run_lock_check(e->lock)) != OUTCOME_OK)
		return rc;
	if ((rc = ends_open_staging(e)) != OUTCOME_OK)
		return rc;
	return ends_open_target(e);
}

enum outcome ends_heal(struct ends *e, unsigned *tries)
{
	enum outcome rc = OUTCOME_RETRY;

	while (rc == OUTCOME_RETRY && *tries < TRIES && !interrupted()) {
		interrupt_pause(waits_ms[(*tries)++]);
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
