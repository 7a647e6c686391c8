/* SPDX-License-Identifier: MIT */
/* A lock with a bounded wait around one session; see shared_session.h. */
#include "config.h"

#include "db/shared_session.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"

/* After a failed connect all callers are refused for this long, instead of trying one by one. */
#define REFUSE_MS 1000

/* A session that was idle for longer may have been closed by the server, a proxy or a firewall: it
 * is pinged first, so that the holder's statement does not fail. */
#define IDLE_MS 5000

/* A waiting caller keeps a request thread from other calls.  Behind a slow holder one caller waits.
 */
#define WAIT_MS 1000
#define SLOW_MS 500

/* A session that is found lost only after this long was not closed by the server: the server hangs,
 * and a new connection would make the caller wait as long again. */
#define HUNG_MS 800

struct shared_session {
	struct db_login login;
	/* The holder's: */
	struct db *db; /* NULL: not connected */
	int64_t released_ms;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t released;
	bool held;
	bool handed_over; /* held on behalf of a waiting thread that has not woken up yet */
	unsigned waiting;
	bool away; /* the last attempt failed: no caller waits for the next one */
	int64_t acquired_ms;
	int64_t refuse_until_ms;
};

struct shared_session *shared_session_new(const struct db_login *login)
{
	struct shared_session *s = xcalloc(1, sizeof(*s));
	pthread_condattr_t monotonic;

	s->login = *login;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->released, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return s;
}

void shared_session_free(struct shared_session **holder)
{
	struct shared_session *s = *holder;

	if (s == NULL)
		return;
	db_close(&s->db);
	pthread_cond_destroy(&s->released);
	pthread_mutex_destroy(&s->lock);
	free(s);
	*holder = NULL;
}

/* With the lock. */
static bool is_refusing(const struct shared_session *s)
{
	return clock_monotonic_ms() < s->refuse_until_ms || (s->away && s->held);
}

/* With the lock, which is released meanwhile.  True: the session was handed over to this thread. */
static bool wait_for_session(struct shared_session *s)
{
	struct timespec deadline;
	bool ours;
	int rc = 0;

	if (s->waiting > 0 && clock_monotonic_ms() - s->acquired_ms > SLOW_MS)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += WAIT_MS / 1000;
	s->waiting++;
	while (!s->handed_over && !is_refusing(s) && rc == 0)
		rc = pthread_cond_timedwait(&s->released, &s->lock, &deadline);
	s->waiting--;
	ours = s->handed_over;
	s->handed_over = false;
	return ours;
}

/* False: the caller is refused, or has waited for too long. */
static bool acquire(struct shared_session *s)
{
	bool ours = false;

	pthread_mutex_lock(&s->lock);
	if (!is_refusing(s))
		ours = s->held ? wait_for_session(s) : true;
	if (ours) {
		s->held = true;
		s->acquired_ms = clock_monotonic_ms();
	}
	pthread_mutex_unlock(&s->lock);
	return ours;
}

/* AWAY: the server is away or hangs.  The session goes directly to a waiting thread; otherwise new
 * callers could take it first again and again. */
static void release(struct shared_session *s, bool away)
{
	pthread_mutex_lock(&s->lock);
	s->away = away;
	s->handed_over = !away && s->waiting > 0;
	s->held = s->handed_over;
	if (away) {
		s->refuse_until_ms = clock_monotonic_ms() + REFUSE_MS;
		pthread_cond_broadcast(&s->released);
	} else if (s->handed_over) {
		pthread_cond_signal(&s->released);
	}
	pthread_mutex_unlock(&s->lock);
}

/* For the holder: the session was lost, after a long wait. */
static bool is_hung(const struct shared_session *s)
{
	return s->db != NULL && !db_alive(s->db) &&
	       clock_monotonic_ms() - s->acquired_ms >= HUNG_MS;
}

static enum outcome connect_if_needed(struct shared_session *s)
{
	if (s->db != NULL && clock_monotonic_ms() - s->released_ms > IDLE_MS)
		db_ping(s->db); /* if it fails, the session counts as lost */
	if (is_hung(s))
		return OUTCOME_RETRY;
	if (s->db != NULL && !db_alive(s->db))
		db_close(&s->db);
	return s->db != NULL ? OUTCOME_OK : db_open(&s->login, &s->db);
}

enum outcome shared_session_acquire(struct shared_session *s, struct db **db)
{
	enum outcome rc;

	if (!acquire(s))
		return OUTCOME_RETRY;
	rc = connect_if_needed(s);
	if (rc != OUTCOME_OK) {
		release(s, true);
		return rc;
	}
	*db = s->db;
	return OUTCOME_OK;
}

void shared_session_release(struct shared_session *s)
{
	s->released_ms = clock_monotonic_ms();
	release(s, is_hung(s));
}
