/* SPDX-License-Identifier: MIT */
/*
 * A database session for several threads, one at a time, that comes back by itself.
 * It never comes back inside a transaction: whoever holds the lane sees the loss.
 */
#include "config.h"

#include "db/lane.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"

/* After a failed open the others are refused so long, and do not queue up to try. */
#define REFUSE_MS 1000

/* A session that rested may have been closed by the server, a proxy or a firewall; the
 * holder should not be the one who finds out. */
#define RESTED_MS 5000

/* Whoever waits keeps a request thread from others.  Behind a holder who is slow only one does. */
#define WAIT_MS 1000
#define SLOW_MS 500

/* A session that was lost after such a wait was not torn off: the server does not answer, and to
 * connect again would cost the caller as long a wait once more. */
#define HUNG_MS 800

struct db_lane {
	struct db_login login;
	struct db *db; /* NULL: to be opened; the holder's alone, as is the next */
	int64_t released_ms;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t free;
	bool held;
	bool passed; /* held by one of those who wait, who does not know it yet */
	unsigned waiting;
	bool away; /* the last attempt failed: nobody waits for the one who tries again */
	int64_t acquired_ms;
	int64_t refuse_until_ms;
};

struct db_lane *db_lane_new(const struct db_login *login)
{
	struct db_lane *lane = xcalloc(1, sizeof(*lane));
	pthread_condattr_t monotonic;

	lane->login = *login;
	pthread_mutex_init(&lane->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lane->free, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return lane;
}

void db_lane_free(struct db_lane **holder)
{
	struct db_lane *lane = *holder;

	if (lane == NULL)
		return;
	db_close(&lane->db);
	pthread_cond_destroy(&lane->free);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
	*holder = NULL;
}

/* With the lock. */
static bool refused(const struct db_lane *lane)
{
	return clock_monotonic_ms() < lane->refuse_until_ms || (lane->away && lane->held);
}

/* With the lock, which others have meanwhile. */
static bool wait_for_turn(struct db_lane *lane)
{
	struct timespec deadline;
	bool ours;
	int rc = 0;

	if (lane->waiting > 0 && clock_monotonic_ms() - lane->acquired_ms > SLOW_MS)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += WAIT_MS / 1000;
	lane->waiting++;
	while (!lane->passed && !refused(lane) && rc == 0)
		rc = pthread_cond_timedwait(&lane->free, &lane->lock, &deadline);
	lane->waiting--;
	ours = lane->passed;
	lane->passed = false;
	return ours;
}

/* False: the caller is refused, or has waited for long enough. */
static bool hold(struct db_lane *lane)
{
	bool ours = false;

	pthread_mutex_lock(&lane->lock);
	if (!refused(lane))
		ours = lane->held ? wait_for_turn(lane) : true;
	if (ours) {
		lane->held = true;
		lane->acquired_ms = clock_monotonic_ms();
	}
	pthread_mutex_unlock(&lane->lock);
	return ours;
}

/* AWAY: the server is, or does not answer.  Whoever waits gets the lane from hand to hand, or those
 * who come meanwhile would take it away again and again. */
static void let_go(struct db_lane *lane, bool away)
{
	pthread_mutex_lock(&lane->lock);
	lane->away = away;
	lane->passed = !away && lane->waiting > 0;
	lane->held = lane->passed;
	if (away) {
		lane->refuse_until_ms = clock_monotonic_ms() + REFUSE_MS;
		pthread_cond_broadcast(&lane->free);
	} else if (lane->passed) {
		pthread_cond_signal(&lane->free);
	}
	pthread_mutex_unlock(&lane->lock);
}

/* Lost, and not soon.  For the holder. */
static bool is_hung(const struct db_lane *lane)
{
	return lane->db != NULL && !db_alive(lane->db) &&
	       clock_monotonic_ms() - lane->acquired_ms >= HUNG_MS;
}

static enum outcome ready(struct db_lane *lane)
{
	if (lane->db != NULL && clock_monotonic_ms() - lane->released_ms > RESTED_MS)
		db_ping(lane->db); /* if it fails the session counts as lost */
	if (is_hung(lane))
		return OUTCOME_RETRY;
	if (lane->db != NULL && !db_alive(lane->db))
		db_close(&lane->db);
	return lane->db != NULL ? OUTCOME_OK : db_open(&lane->login, &lane->db);
}

enum outcome db_lane_acquire(struct db_lane *lane, struct db **db)
{
	enum outcome rc;

	if (!hold(lane))
		return OUTCOME_RETRY;
	rc = ready(lane);
	if (rc != OUTCOME_OK) {
		let_go(lane, true);
		return rc;
	}
	*db = lane->db;
	return OUTCOME_OK;
}

void db_lane_release(struct db_lane *lane)
{
	lane->released_ms = clock_monotonic_ms();
	let_go(lane, is_hung(lane));
}
