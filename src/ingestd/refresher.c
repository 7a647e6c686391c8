/* SPDX-License-Identifier: MIT */
/*
 * Calls sessions_refresh and registry_slot_refresh every SESSIONS_REFRESH_MS.  It has its own
 * database session, so it never waits for a call, and no call waits for it.
 */
#include "config.h"

#include "ingestd/refresher.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"

#define LOG_INTERVAL_S 30

struct refresher {
	struct db_login login;
	struct sessions *sessions;
	struct registry_slot *registry;
	struct db *db; /* used by the thread only; NULL: not connected */
	bool failing;  /* used by the thread only */
	struct log_rate failure_log;
	pthread_t thread;
	bool asked, stopping;
	pthread_mutex_t lock;  /* guards `asked` and `stopping` */
	pthread_cond_t wakeup; /* signalled when one of them is set */
};

static enum outcome refresh(struct refresher *w)
{
	enum outcome rc;

	w->login.quiet = w->failing; /* the reason once, then look() says it, at a bounded rate */
	if (w->db == NULL && (rc = db_open(&w->login, &w->db)) != OUTCOME_OK)
		return rc;
	rc = sessions_refresh(w->sessions, w->db);
	if (rc == OUTCOME_OK)
		rc = registry_slot_refresh(w->registry, w->db);
	if (!db_alive(w->db))
		db_close(&w->db);
	return rc;
}

static void refresh_and_report(struct refresher *w)
{
	unsigned long skipped;
	enum outcome rc = refresh(w);

	if (rc == OUTCOME_OK) {
		if (w->failing)
			log_info("refresher: the staging database is read again");
		w->failing = false;
		return;
	}
	w->failing = true;
	if (log_rate_allow(&w->failure_log, LOG_INTERVAL_S, &skipped))
		log_warn("refresher: the staging database cannot be read (%s; %lu more of these); "
			 "calls are refused while it is away",
			 outcome_name(rc), skipped);
}

/* False: the refresher must end. */
static bool wait_until_due(struct refresher *w)
{
	struct timespec due;
	bool go_on;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &due);
	due.tv_nsec += SESSIONS_REFRESH_MS * 1000000L;
	due.tv_sec += due.tv_nsec / 1000000000L;
	due.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&w->lock);
	while (!w->asked && !w->stopping && rc == 0)
		rc = pthread_cond_timedwait(&w->wakeup, &w->lock, &due);
	w->asked = false;
	go_on = !w->stopping;
	pthread_mutex_unlock(&w->lock);
	return go_on;
}

static void *refresher_thread(void *argument)
{
	struct refresher *w = argument;

	while (wait_until_due(w))
		refresh_and_report(w);
	return NULL;
}

static void refresher_free(struct refresher *w)
{
	db_close(&w->db);
	pthread_cond_destroy(&w->wakeup);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct refresher *refresher_start(const struct db_login *login, struct sessions *sessions,
				  struct registry_slot *registry)
{
	struct refresher *w = xcalloc(1, sizeof(*w));
	pthread_condattr_t attributes;
	int error;

	w->login = *login;
	w->sessions = sessions;
	w->registry = registry;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wakeup, &attributes);
	pthread_condattr_destroy(&attributes);
	refresh_and_report(w);
	error = pthread_create(&w->thread, NULL, refresher_thread, w);
	if (error != 0) {
		errno = error;
		log_errno("refresher: thread");
		refresher_free(w);
		return NULL;
	}
	return w;
}

static void set_flag(struct refresher *w, bool *flag)
{
	pthread_mutex_lock(&w->lock);
	*flag = true;
	pthread_cond_signal(&w->wakeup);
	pthread_mutex_unlock(&w->lock);
}

void refresher_refresh_now(struct refresher *w)
{
	set_flag(w, &w->asked);
}

void refresher_stop(struct refresher **holder)
{
	struct refresher *w = *holder;

	if (w == NULL)
		return;
	set_flag(w, &w->stopping);
	pthread_join(w->thread, NULL);
	refresher_free(w);
	*holder = NULL;
}
