/* SPDX-License-Identifier: MIT */
/*
 * A database session for several threads, one at a time, that comes back by itself.
 * It never comes back inside a transaction: whoever holds the lane sees the loss.
 */
#include "config.h"

#include "db/lane.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

/* After a failed open the others are refused so long, and do not queue up to try. */
#define REFUSE_MS 1000

/* A session that rested may have been closed by the server, a proxy or a firewall; the
 * holder should not be the one who finds out. */
#define RESTED_MS 5000

struct db_lane {
	struct db_login login;
	_Atomic int64_t refuse_until_ms; /* read without the lock */
	struct db *db;			 /* NULL: to be opened */
	int64_t released_ms;
	pthread_mutex_t lock; /* guards db and released_ms; held from acquire to release */
};

struct db_lane *db_lane_new(const struct db_login *login)
{
	struct db_lane *lane = xcalloc(1, sizeof(*lane));

	lane->login = *login;
	pthread_mutex_init(&lane->lock, NULL);
	return lane;
}

void db_lane_free(struct db_lane **holder)
{
	struct db_lane *lane = *holder;

	if (lane == NULL)
		return;
	db_close(&lane->db);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
	*holder = NULL;
}

static bool refused(const struct db_lane *lane)
{
	return clock_monotonic_ms() < atomic_load(&lane->refuse_until_ms);
}

static enum outcome open_session(struct db_lane *lane)
{
	enum outcome rc;

	if (refused(lane)) /* it failed for another while this one waited for the lock */
		return OUTCOME_RETRY;
	rc = db_open(&lane->login, &lane->db);
	if (rc != OUTCOME_OK)
		atomic_store(&lane->refuse_until_ms, clock_monotonic_ms() + REFUSE_MS);
	return rc;
}

static enum outcome ready(struct db_lane *lane)
{
	if (lane->db != NULL && clock_monotonic_ms() - lane->released_ms > RESTED_MS)
		db_ping(lane->db); /* if it fails the session counts as lost */
	if (lane->db != NULL && !db_alive(lane->db))
		db_close(&lane->db);
	return lane->db != NULL ? OUTCOME_OK : open_session(lane);
}

enum outcome db_lane_acquire(struct db_lane *lane, struct db **db)
{
	enum outcome rc;

	if (refused(lane))
		return OUTCOME_RETRY;
	pthread_mutex_lock(&lane->lock);
	rc = ready(lane);
	if (rc != OUTCOME_OK) {
		pthread_mutex_unlock(&lane->lock);
		return rc;
	}
	*db = lane->db;
	return OUTCOME_OK;
}

void db_lane_release(struct db_lane *lane)
{
	lane->released_ms = clock_monotonic_ms();
	pthread_mutex_unlock(&lane->lock);
}
