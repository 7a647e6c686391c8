/* SPDX-License-Identifier: MIT */
/*
 * The two database sessions of a worker (lanes.h): staging and target. A lost session is
 * reopened between two tries of a unit, never within a try. One thread uses them, except as
 * ahead.h describes.
 */
#ifndef CAMPAIGN_SYNC_ENDS_H
#define CAMPAIGN_SYNC_ENDS_H

#include <stdint.h>

#include "base/conf.h"
#include "base/outcome.h"
#include "cloud/target.h"
#include "db/db.h"
#include "sync/run_lock.h"

struct ends {
	const struct conf *conf;
	const struct target_ops *ops;
	struct db_login login; /* staging */
	struct db *db;	       /* staging */
	struct target *target;
	struct run_lock *lock; /* the lock of the run; not owned */
	unsigned lane;	       /* the worker's number, from 0 */
	uint64_t run;	       /* the run's id, or 0 before it has one */
};

/* The caller sets the lock. */
void ends_init(struct ends *e, const struct conf *conf, const struct target_ops *ops,
	       unsigned lane);
/* Open the session if it is not open, and reopen it if it was lost. */
enum outcome ends_open_staging(struct ends *e);
enum outcome ends_open_target(struct ends *e);
void ends_close_target(struct ends *e);
void ends_close(struct ends *e);

/*
 * Call it after a unit ended in RETRY: it waits, longer at each try, and reopens lost sessions.
 * Returns OK to try again, or RETRY after the last try or a signal. TRIES starts at 0 for each
 * unit.
 */
enum outcome ends_heal(struct ends *e, unsigned *tries);

/*
 * Repeats UNIT until its outcome is neither RETRY nor UNKNOWN, or ends_heal gives up. UNIT must
 * be safe to execute twice. RETRIES counts the repetitions.
 */
enum outcome ends_persist(struct ends *e, enum outcome (*unit)(void *context), void *context,
			  uint64_t *retries);

#endif
