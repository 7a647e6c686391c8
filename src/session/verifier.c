/* SPDX-License-Identifier: MIT */
/*
 * A short queue and a thread with a database session of its own: were it the one that request
 * threads share, they would wait for a thread that the kernel runs last.
 *
 * The lowest priority alone is not enough.  Ingestion leaves gaps, as it waits for disks; were they
 * all filled with argon2id, which goes through 19 MiB twice, it would find its caches swept and
 * both processors taken at each wake-up.  So after a wrong password the thread rests twice as long
 * as it worked.
 */
#include "config.h"

#include "session/verifier.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

/* The least that there is without being idle: where processors are free, nobody is kept waiting by
 * it; where they are not, calls that are known come first. */
#define NICE 19

/* Where the processors are taken a verification can last for seconds, most of them spent waiting.
 */
#define MAX_REST_US 100000

/* After the database failed one log-on the next ones are refused at once for so long. */
#define REFUSE_MS 1000

/* A session that is found lost after such a wait was not torn off: the server does not answer, and
 * to connect anew would cost the caller as long a wait once more. */
#define HUNG_MS 800

/* A caller finds a place while fewer wait than this, whoever they are: so those who guess leave
 * places to strangers, and both to those who are known, however many they are.  Many programs of
 * one host may log on at once; that they do not wait too long is seen to by wait_limit_ms. */
static const unsigned places[] = {
    [VERIFIER_SUSPECT] = 4, [VERIFIER_STRANGER] = 8, [VERIFIER_KNOWN] = 64};

/* Of one address, unless it is known. */
#define ADDRESS_PLACES 4

struct verifier {
	struct verifier_options options;
	struct db *db; /* NULL: not connected; the thread's own, as is the next */
	int64_t refuse_until_ms;
	pthread_t thread;

	pthread_mutex_t lock; /* guards the members below */
	pthread_cond_t wakeup;
	struct verification *first, **last;
	bool stopping;
};

/* --- the callers' side ------------------------------------------------------------------- */

/* With the lock. */
static bool has_place(const struct verifier *v, const struct verification *what)
{
	unsigned all = 0, of_address = 0;

	for (const struct verification *w = v->first; w != NULL; w = w->next) {
		all++;
		of_address += memcmp(&w->address, &what->address, sizeof(w->address)) == 0;
	}
	return all < places[what->caller] &&
	       (what->caller == VERIFIER_KNOWN || of_address < ADDRESS_PLACES);
}

bool verifier_submit(struct verifier *v, struct verification *what)
{
	bool accepted;

	what->next = NULL;
	what->late = false;
	what->give_up_ms = clock_monotonic_ms() + v->options.wait_limit_ms;
	pthread_mutex_lock(&v->lock);
	accepted = has_place(v, what);
	if (accepted) {
		*v->last = what;
		v->last = &what->next;
		pthread_cond_signal(&v->wakeup);
	}
	pthread_mutex_unlock(&v->lock);
	return accepted;
}

/* --- the thread -------------------------------------------------------------------------- */

/* Waits for one; NULL: the verifier is to end. */
static struct verification *take(struct verifier *v)
{
	struct verification *what;

	pthread_mutex_lock(&v->lock);
	while (v->first == NULL && !v->stopping)
		pthread_cond_wait(&v->wakeup, &v->lock);
	what = v->first;
	if (what != NULL) {
		v->first = what->next;
		if (v->first == NULL)
			v->last = &v->first;
	}
	pthread_mutex_unlock(&v->lock);
	return what;
}

static enum outcome connect_if_needed(struct verifier *v)
{
	int64_t asked_ms = clock_monotonic_ms();

	if (v->db != NULL && (!db_alive(v->db) || db_ping(v->db) != OUTCOME_OK)) {
		db_close(&v->db);
		if (clock_monotonic_ms() - asked_ms >= HUNG_MS)
			return OUTCOME_RETRY;
	}
	return v->db != NULL ? OUTCOME_OK : db_open(&v->options.login, &v->db);
}

/* When the database is away, or does not answer, one log-on a second waits for it. */
static enum outcome check_password(struct verifier *v, struct verification *what)
{
	enum outcome rc = OUTCOME_RETRY;

	if (clock_monotonic_ms() < v->refuse_until_ms)
		return rc;
	if ((rc = connect_if_needed(v)) == OUTCOME_OK)
		rc = sessions_check_password(v->db, what->login, what->password,
					     what->allow_empty_password, &what->who);
	if (rc == OUTCOME_RETRY && (v->db == NULL || !db_alive(v->db)))
		v->refuse_until_ms = clock_monotonic_ms() + REFUSE_MS;
	return rc;
}

static void verify(struct verifier *v, struct verification *what)
{
	what->rc = OUTCOME_RETRY;
	what->late = clock_monotonic_ms() >= what->give_up_ms;
	if (!what->late)
		what->rc = check_password(v, what);
}

/* On Linux both are matters of a thread.  SCHED_BATCH: it never drives another one off when it
 * wakes up. */
static void step_back(void)
{
	const struct sched_param none = {0};

	if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICE) < 0 ||
	    sched_setscheduler(0, SCHED_BATCH, &none) < 0)
		log_errno("verifier: guesses of passwords take more from ingestion than they "
			  "should: the priority of its thread cannot be lowered");
}

static void rest(int64_t us)
{
	const int64_t limited = us < MAX_REST_US ? us : MAX_REST_US;
	const struct timespec pause = {.tv_nsec = (long)limited * 1000};

	nanosleep(&pause, NULL);
}

static void *verifier_thread(void *argument)
{
	struct verifier *v = argument;
	struct verification *what;

	step_back();
	while ((what = take(v)) != NULL) {
		int64_t started_us = clock_monotonic_us();
		bool wrong;

		verify(v, what);
		wrong = what->rc == OUTCOME_INVALID;
		v->options.done(v->options.context, what); /* from here on WHAT may be gone */
		if (wrong)
			rest(2 * (clock_monotonic_us() - started_us));
	}
	return NULL;
}

/* --- beginning and end ------------------------------------------------------------------- */

static void verifier_free(struct verifier *v)
{
	db_close(&v->db);
	pthread_cond_destroy(&v->wakeup);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

struct verifier *verifier_start(const struct verifier_options *options)
{
	struct verifier *v = xcalloc(1, sizeof(*v));
	int error;

	v->options = *options;
	v->options.login.quiet = true; /* the watcher says that the database is away */
	v->last = &v->first;
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->wakeup, NULL);
	error = pthread_create(&v->thread, NULL, verifier_thread, v);
	if (error != 0) {
		errno = error;
		log_errno("verifier: thread");
		verifier_free(v);
		return NULL;
	}
	return v;
}

void verifier_stop(struct verifier **holder)
{
	struct verifier *v = *holder;

	if (v == NULL)
		return;
	pthread_mutex_lock(&v->lock);
	v->stopping = true;
	pthread_cond_signal(&v->wakeup);
	pthread_mutex_unlock(&v->lock);
	pthread_join(v->thread, NULL);
	verifier_free(v);
	*holder = NULL;
}
