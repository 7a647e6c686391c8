/* SPDX-License-Identifier: MIT */
/*
 * The two ends of a lane (lanes.h), staging and target.  A session that was lost is opened again
 * between two tries of a unit, never inside one.  One thread uses them, but for what ahead.h says.
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
	struct run_lock *lock; /* the run's, not owned */
	unsigned lane;	       /* from 0 */
	uint64_t run;	       /* its number, once it has one */
};

/* The lock is set by the caller. */
void ends_init(struct ends *e, const struct conf *conf, const struct target_ops *ops,
	       unsigned lane);
/* Opens what is not open, and opens again what was lost. */
enum outcome ends_open_staging(struct ends *e);
enum outcome ends_open_target(struct ends *e);
void ends_close_target(struct ends *e);
void ends_close(struct ends *e);

/*
 * After a unit ended in RETRY: waits, longer each time, and opens what was lost.  OK: try
 * again.  RETRY: tried often enough, or interrupted.  TRIES starts at 0 for each unit.
 */
enum outcome ends_heal(struct ends *e, unsigned *tries);

/*
 * Carries out UNIT until it no longer ends in RETRY or UNKNOWN, or ends_heal gives up.  Only
 * for units that may be done twice.  RETRIES counts the repetitions.
 */
enum outcome ends_persist(struct ends *e, enum outcome (*unit)(void *context), void *context,
			  uint64_t *retries);

#endif
