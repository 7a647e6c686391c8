/* SPDX-License-Identifier: MIT */
/*
 * Every SESSIONS_REFRESH_MS: sessions_refresh and registry_slot_refresh, over a database
 * session of its own, so that it never waits for a call and no call waits for it.
 */
#include "config.h"

#include "ingestd/watcher.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"

#define COMPLAIN_SECONDS 30

struct watcher {
	struct db_login login;
	struct sessions *sessions;
	struct registry_slot *registry;
	struct db *db; /* the thread's own; NULL while it is not connected */
	bool failing;  /* likewise */
	struct log_rate complaints;
	pthread_t thread;
	bool poked, stopping;
	pthread_mutex_t lock;  /* guards the two above */
	pthread_cond_t wakeup; /* one of the two was set */
};

static enum outcome refresh(struct watcher *w)
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

static void look(struct watcher *w)
{
	unsigned long skipped;
	enum outcome rc = refresh(w);

	if (rc == OUTCOME_OK) {
		if (w->failing)
			log_info("watcher: the staging database is read again");
		w->failing = false;
		return;
	}
	w->failing = true;
	if (log_rate_allow(&w->complaints, COMPLAIN_SECONDS, &skipped))
		log_warn("watcher: the staging database cannot be read (%s; %lu more of these); "
			 "calls are refused while it is away",
			 outcome_name(rc), skipped);
}

/* False when the watcher is to end. */
static bool wait_until_due(struct watcher *w)
{
	struct timespec due;
	bool go_on;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &due);
	due.tv_nsec += SESSIONS_REFRESH_MS * 1000000L;
	due.tv_sec += due.tv_nsec / 1000000000L;
	due.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&w->lock);
	while (!w->poked && !w->stopping && rc == 0)
		rc = pthread_cond_timedwait(&w->wakeup, &w->lock, &due);
	w->poked = false;
	go_on = !w->stopping;
	pthread_mutex_unlock(&w->lock);
	return go_on;
}

static void *watcher_thread(void *argument)
{
	struct watcher *w = argument;

	while (wait_until_due(w))
		look(w);
	return NULL;
}

static void watcher_free(struct watcher *w)
{
	db_close(&w->db);
	pthread_cond_destroy(&w->wakeup);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct watcher *watcher_start(const struct db_login *login, struct sessions *sessions,
			      struct registry_slot *registry)
{
	struct watcher *w = xcalloc(1, sizeof(*w));
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
	look(w);
	error = pthread_create(&w->thread, NULL, watcher_thread, w);
	if (error != 0) {
		errno = error;
		log_errno("watcher: thread");
		watcher_free(w);
		return NULL;
	}
	return w;
}

static void set_flag(struct watcher *w, bool *flag)
{
	pthread_mutex_lock(&w->lock);
	*flag = true;
	pthread_cond_signal(&w->wakeup);
	pthread_mutex_unlock(&w->lock);
}

void watcher_poke(struct watcher *w)
{
	set_flag(w, &w->poked);
}

void watcher_stop(struct watcher **holder)
{
	struct watcher *w = *holder;

	if (w == NULL)
		return;
	set_flag(w, &w->stopping);
	pthread_join(w->thread, NULL);
	watcher_free(w);
	*holder = NULL;
}
