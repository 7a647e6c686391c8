/* SPDX-License-Identifier: MIT */
/*
 * The lock that prevents a second run. It has its own session with the staging database and is
 * held as long as that session. All workers of a run share it. Thread-safe.
 */
#ifndef CAMPAIGN_SYNC_RUN_LOCK_H
#define CAMPAIGN_SYNC_RUN_LOCK_H

#include <stdbool.h>

#include "base/outcome.h"
#include "db/db.h"

struct run_lock;

/* The pointer LOGIN is kept, not copied. */
struct run_lock *run_lock_new(const struct db_login *login);
void run_lock_free(struct run_lock **l);
/* Sets *HELD if another run holds the lock. */
enum outcome run_lock_take(struct run_lock *l, bool *held);
/* Checks the session. If the session was lost, takes the lock again, and fails if another run
 * holds it now. Succeeds if the lock was never taken. */
enum outcome run_lock_check(struct run_lock *l);

#endif
