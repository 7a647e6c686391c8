/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue, and one thread with its own database session.  With a shared session, request
 * threads would wait for the thread that the kernel schedules last.
 *
 * The lowest priority alone does not protect ingestion.  Ingestion leaves gaps while it waits for
 * disks.  If argon2id filled all of these gaps (it reads and writes 19 MiB twice), ingestion would
 * find its caches evicted and both processors busy at each wake-up.  So the thread sleeps after a
 * wrong password for twice as long as the check took.
 */
#include "config.h"

#include "session/password_worker.h"

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
#include "session/store.h"
#include "session/token.h"

/* The lowest priority above SCHED_IDLE: on a free processor a check runs at once; on a busy
 * processor ingestion runs first. */
#define NICE 19

/* On busy processors a check can last seconds, most of which it waits for a processor; the sleep
 * after it is limited to this. */
#define MAX_SLEEP_US 100000

/* After the database has failed one logon, further logons are refused at once for this long. */
#define REFUSE_MS 1000

/* If a ping takes this long to find the connection lost, the server has not closed it but hangs.  A
 * new connection would make the caller wait as long again. */
#define HUNG_MS 800

/* The longest queue for each class of caller.  Password guessing cannot crowd out unknown
 * callers, and neither of these classes can crowd out operators at an address from which they
 * logged on before.  Many programs of one host may log on at the same time; wait_limit_ms bounds
 * their wait. */
static const unsigned queue_limits[] = {
    [CALLER_RECENTLY_FAILED] = 4, [CALLER_UNKNOWN] = 8, [CALLER_PROVEN] = 64};

/* The most checks in the queue from one address, unless the caller is proven. */
#define ADDRESS_LIMIT 4

struct password_worker {
	struct password_worker_options options;
	pthread_t thread;
	/* Used by the worker's thread only: */
	struct db *db; /* NULL: not connected */
	int64_t refuse_until_ms;

	pthread_mutex_t lock; /* guards the members below */
	pthread_cond_t wakeup;
	struct password_check *first, **last;
	bool stopping;
};

/* --- submitting --------------------------------------------------------------------------- */

/* The caller holds the lock. */
static bool has_room(const struct password_worker *w, const struct password_check *check)
{
	unsigned all = 0, of_address = 0;

	for (const struct password_check *c = w->first; c != NULL; c = c->next) {
		all++;
		of_address += memcmp(&c->address, &check->address, sizeof(c->address)) == 0;
	}
	return all < queue_limits[check->caller] &&
	       (check->caller == CALLER_PROVEN || of_address < ADDRESS_LIMIT);
}

bool password_worker_submit(struct password_worker *w, struct password_check *check)
{
	bool accepted;

	check->next = NULL;
	check->late = false;
	check->give_up_ms = clock_monotonic_ms() + w->options.wait_limit_ms;
	pthread_mutex_lock(&w->lock);
	accepted = has_room(w, check);
	if (accepted) {
		*w->last = check;
		w->last = &check->next;
		pthread_cond_signal(&w->wakeup);
	}
	pthread_mutex_unlock(&w->lock);
	return accepted;
}

/* --- checking ----------------------------------------------------------------------------- */

/* R4.11, R4.12.  FOUND is NULL if no operator has this login. */
static bool password_is_right(const struct store_login *found, const char *password,
			      bool allow_empty_password)
{
	const char *hash = found != NULL ? found->password_hash : "";

	if (found != NULL && *hash == '\0' && *password == '\0' && allow_empty_password)
		return true;
	if (*hash == '\0' || (*password == '\0' && !allow_empty_password))
		hash = NULL;
	return password_verify(hash, password);
}

enum outcome password_check_now(struct db *db, struct password_check *check)
{
	struct store_login found;
	bool known;

	check->rc = store_find_login(db, check->login, &found);
	known = check->rc == OUTCOME_OK;
	if (!known && check->rc != OUTCOME_INVALID && check->rc != OUTCOME_REJECTED)
		return check->rc;
	if (!password_is_right(known ? &found : NULL, check->password,
			       check->allow_empty_password) ||
	    found.disabled) {
		check->rc = OUTCOME_INVALID;
		return check->rc;
	}
	check->who = found.who;
	return check->rc;
}

static enum outcome connect_if_needed(struct password_worker *w)
{
	int64_t asked_ms = clock_monotonic_ms();

	if (w->db != NULL && (!db_alive(w->db) || db_ping(w->db) != OUTCOME_OK)) {
		db_close(&w->db);
		if (clock_monotonic_ms() - asked_ms >= HUNG_MS)
			return OUTCOME_RETRY;
	}
	return w->db != NULL ? OUTCOME_OK : db_open(&w->options.login, &w->db);
}

/* While the database is away or hangs, one log-on per second waits for it; the others are
 * refused. */
static void check_with_database(struct password_worker *w, struct password_check *check)
{
	check->rc = OUTCOME_RETRY;
	if (clock_monotonic_ms() < w->refuse_until_ms)
		return;
	if ((check->rc = connect_if_needed(w)) == OUTCOME_OK)
		password_check_now(w->db, check);
	if (check->rc == OUTCOME_RETRY && (w->db == NULL || !db_alive(w->db)))
		w->refuse_until_ms = clock_monotonic_ms() + REFUSE_MS;
}

static void run_check(struct password_worker *w, struct password_check *check)
{
	check->rc = OUTCOME_RETRY;
	check->late = clock_monotonic_ms() >= check->give_up_ms;
	if (!check->late)
		check_with_database(w, check);
}

/* --- the thread --------------------------------------------------------------------------- */

/* Waits for the next check.  NULL: the worker stops. */
static struct password_check *next_check(struct password_worker *w)
{
	struct password_check *check;

	pthread_mutex_lock(&w->lock);
	while (w->first == NULL && !w->stopping)
		pthread_cond_wait(&w->wakeup, &w->lock);
	check = w->first;
	if (check != NULL) {
		w->first = check->next;
		if (w->first == NULL)
			w->last = &w->first;
	}
	pthread_mutex_unlock(&w->lock);
	return check;
}

/* On Linux both are attributes of a thread.  A SCHED_BATCH thread never preempts another thread
 * when it wakes up. */
static void lower_priority(void)
{
	const struct sched_param none = {0};

	if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICE) < 0 ||
	    sched_setscheduler(0, SCHED_BATCH, &none) < 0)
		log_errno("passwords: cannot lower the priority of the password thread; wrong "
			  "passwords slow ingestion down");
}

static void sleep_us(int64_t us)
{
	const int64_t limited = us < MAX_SLEEP_US ? us : MAX_SLEEP_US;
	const struct timespec pause = {.tv_nsec = (long)limited * 1000};

	nanosleep(&pause, NULL);
}

static void *password_thread(void *argument)
{
	struct password_worker *w = argument;
	struct password_check *check;

	lower_priority();
	while ((check = next_check(w)) != NULL) {
		int64_t started_us = clock_monotonic_us();
		bool wrong;

		run_check(w, check);
		wrong = check->rc == OUTCOME_INVALID;
		w->options.done(w->options.context, check->done); /* from here the caller owns
								   * CHECK */
		if (wrong)
			sleep_us(2 * (clock_monotonic_us() - started_us));
	}
	return NULL;
}

/* --- start and stop ----------------------------------------------------------------------- */

static void worker_free(struct password_worker *w)
{
	db_close(&w->db);
	pthread_cond_destroy(&w->wakeup);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct password_worker *password_worker_start(const struct password_worker_options *options)
{
	struct password_worker *w = xcalloc(1, sizeof(*w));
	int error;

	w->options = *options;
	w->options.login.quiet = true; /* the refresher logs that the database is away */
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wakeup, NULL);
	error = pthread_create(&w->thread, NULL, password_thread, w);
	if (error != 0) {
		errno = error;
		log_errno("passwords: cannot start the password thread");
		worker_free(w);
		return NULL;
	}
	return w;
}

void password_worker_stop(struct password_worker **holder)
{
	struct password_worker *w = *holder;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wakeup);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	worker_free(w);
	*holder = NULL;
}
