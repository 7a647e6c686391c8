/* SPDX-License-Identifier: MIT */
/*
 * The lock that keeps a second run away: a session of its own at the staging database, for the
 * lock lives as long as that does.  All lanes of a run share it.  Thread-safe.
 */
#ifndef CAMPAIGN_SYNC_RUN_LOCK_H
#define CAMPAIGN_SYNC_RUN_LOCK_H

#include <stdbool.h>

#include "base/outcome.h"
#include "db/db.h"

struct run_lock;

/* LOGIN is kept, not copied. */
struct run_lock *run_lock_new(const struct db_login *login);
void run_lock_free(struct run_lock **l);
/* *HELD: another run has it. */
enum outcome run_lock_take(struct run_lock *l, bool *held);
/* Asks the session; a lock that was lost is taken again, if nobody else has it now.  A lock that
 * was never taken is not missed. */
enum outcome run_lock_check(struct run_lock *l);

#endif
