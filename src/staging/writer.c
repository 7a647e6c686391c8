/* SPDX-License-Identifier: MIT */
/*
 * Group commit.  While one transaction is on its way the next calls queue up, and go together
 * in the one after it; so the busier it gets, the more calls share a commit.
 *
 * Always BEGIN, INSERT, COMMIT, also for a single statement: with autocommit a connection that
 * broke would leave every call unknown, this way only those whose COMMIT was on its way, and
 * all others are simply done again on a new connection.
 */
#include "config.h"

#include "staging/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "staging/inserter.h"

/* Rows of one transaction; the rest waits for the next one.  A larger call goes whole. */
#define TRANSACTION_ROWS 4096

/* After a failed connect calls are refused at once for so long: the caller's client knows
 * better than we do how to wait, and request threads are few. */
#define REFUSE_MS 1000

/* Dead-locks and broken connections heal, and a table that is being altered is free again soon. */
#define MAX_ATTEMPTS 5
static const unsigned attempt_pause_ms[MAX_ATTEMPTS] = {0, 10, 100, 100, 100};

/* One call that waits; it lies on the stack of the thread that made it. */
struct submission {
	const struct change *changes;
	size_t count;
	int64_t give_up_ms;	 /* not tried again after that */
	struct submission *next; /* guarded by the writer's lock until it is taken */
	bool taken;		 /* likewise; from then on the writer thread answers */

	enum outcome rc;
	struct writer_error error;
	bool done;
	pthread_mutex_t lock; /* guards the three above */
	pthread_cond_t answered;
};

struct writer {
	struct writer_options options;
	pthread_t thread;

	struct submission *first, **last;
	int64_t refuse_until_ms;
	bool stopping;
	struct writer_counters counters;
	pthread_mutex_t lock; /* guards the members from `first` on */
	pthread_cond_t work;

	/* The thread's own: */
	struct db *db; /* NULL: not connected */
	struct inserter *inserter;
	struct submission **batch;
	size_t batch_count, batch_size;
};

/* ---- the callers' side ---- */

static struct timespec deadline_in(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static void submission_init(struct submission *sub, const struct change *changes, size_t count,
			    unsigned wait_limit_ms)
{
	pthread_condattr_t attr;

	memset(sub, 0, sizeof(*sub));
	sub->changes = changes;
	sub->count = count;
	sub->give_up_ms = clock_monotonic_ms() + wait_limit_ms;
	pthread_mutex_init(&sub->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sub->answered, &attr);
	pthread_condattr_destroy(&attr);
}

static void submission_exit(struct submission *sub)
{
	pthread_cond_destroy(&sub->answered);
	pthread_mutex_destroy(&sub->lock);
}

/* The last touch: the caller may return at once, and the submission is gone. */
static void answer(struct submission *sub, enum outcome rc, const struct writer_error *error)
{
	pthread_mutex_lock(&sub->lock);
	sub->rc = rc;
	sub->error = *error;
	sub->done = true;
	pthread_cond_signal(&sub->answered);
	pthread_mutex_unlock(&sub->lock);
}

/* False: the database is known to be away, or we are ending. */
static bool enqueue(struct writer *w, struct submission *sub)
{
	bool accepted;

	pthread_mutex_lock(&w->lock);
	w->counters.calls++;
	accepted = !w->stopping && clock_monotonic_ms() >= w->refuse_until_ms;
	if (accepted) {
		*w->last = sub;
		w->last = &sub->next;
		pthread_cond_signal(&w->work);
	} else {
		w->counters.failed_calls++;
	}
	pthread_mutex_unlock(&w->lock);
	return accepted;
}

/* True if SUB was still waiting; nobody else knows of it then. */
static bool withdraw(struct writer *w, struct submission *sub)
{
	struct submission **at;

	pthread_mutex_lock(&w->lock);
	if (sub->taken) {
		pthread_mutex_unlock(&w->lock);
		return false;
	}
	for (at = &w->first; *at != sub; at = &(*at)->next)
		;
	*at = sub->next;
	if (*at == NULL)
		w->last = at;
	w->counters.failed_calls++;
	pthread_mutex_unlock(&w->lock);
	return true;
}

/* With the submission's lock.  A submission that was taken is awaited however long it takes:
 * the writer reads what it points to, and it may be committed already. */
static void await(struct writer *w, struct submission *sub)
{
	struct timespec deadline = deadline_in(w->options.wait_limit_ms);
	bool limited = true;

	while (!sub->done) {
		if (!limited) {
			pthread_cond_wait(&sub->answered, &sub->lock);
		} else if (pthread_cond_timedwait(&sub->answered, &sub->lock, &deadline) ==
			   ETIMEDOUT) {
			limited = false;
			pthread_mutex_unlock(&sub->lock); /* the other lock comes first */
			if (withdraw(w, sub)) {
				pthread_mutex_lock(&sub->lock);
				sub->rc = OUTCOME_RETRY;
				return;
			}
			pthread_mutex_lock(&sub->lock);
		}
	}
}

enum outcome writer_submit(struct writer *w, const struct change *changes, size_t count,
			   struct writer_error *error)
{
	struct submission sub;
	enum outcome rc = OUTCOME_RETRY;

	memset(error, 0, sizeof(*error));
	if (count == 0)
		return OUTCOME_OK;
	submission_init(&sub, changes, count, w->options.wait_limit_ms);
	if (enqueue(w, &sub)) {
		pthread_mutex_lock(&sub.lock);
		await(w, &sub);
		rc = sub.rc;
		*error = sub.error;
		pthread_mutex_unlock(&sub.lock);
	}
	submission_exit(&sub);
	return rc;
}

void writer_counters(struct writer *w, struct writer_counters *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->counters;
	pthread_mutex_unlock(&w->lock);
}

/* ---- the connection ---- */

static void disconnect(struct writer *w)
{
	inserter_forget(w->inserter);
	db_close(&w->db);
}

/*
 * A call in the writer's hands cannot be withdrawn: were a table locked for long, it would wait
 * past the five seconds of R2.15.  So a lock is waited for in short stretches, and the caller is
 * told in time that nothing was stored.
 */
static enum outcome limit_lock_waits(struct writer *w)
{
	unsigned stretch_s = w->options.wait_limit_ms / 4000;
	char sql[96];

	if (stretch_s == 0)
		stretch_s = 1;
	snprintf(sql, sizeof(sql),
		 "SET SESSION lock_wait_timeout = %u, innodb_lock_wait_timeout = %u", stretch_s,
		 stretch_s);
	return db_exec(w->db, sql);
}

static void refuse_for_a_while(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->refuse_until_ms = clock_monotonic_ms() + REFUSE_MS;
	pthread_mutex_unlock(&w->lock);
}

/* A handle that lost its connection is never used again (db.h). */
static enum outcome connect_if_needed(struct writer *w)
{
	if (w->db != NULL && db_alive(w->db))
		return OUTCOME_OK;
	disconnect(w);
	if (clock_monotonic_ms() < w->refuse_until_ms)
		return OUTCOME_RETRY; /* of calls that came during the failed attempt */
	if (db_open(&w->options.login, &w->db) == OUTCOME_OK && limit_lock_waits(w) == OUTCOME_OK)
		return OUTCOME_OK;
	disconnect(w);
	refuse_for_a_while(w);
	return OUTCOME_RETRY;
}

/* ---- transactions ---- */

static void note_error(const struct writer *w, bool too_big, struct writer_error *error)
{
	if (too_big) { /* as the server would have said it */
		error->number = 1153;
		memcpy(error->sqlstate, "08S01", 6);
		return;
	}
	error->number = db_errno(w->db);
	strncpy(error->sqlstate, db_sqlstate(w->db), sizeof(error->sqlstate) - 1);
}

/* Undoes what was begun, so that the next transaction starts clean, or on a new connection:
 * connect_if_needed sees to that. */
static void undo(struct writer *w, enum outcome rc)
{
	if (rc == OUTCOME_UNKNOWN) {
		disconnect(w);
		return;
	}
	if (!db_alive(w->db))
		return;
	db_rollback(w->db);
	if (rc != OUTCOME_REJECTED)
		inserter_forget(w->inserter); /* the table may have been altered: prepare anew */
}

/* One transaction with COUNT calls.  After anything but OK and UNKNOWN nothing is stored. */
static enum outcome transact(struct writer *w, struct submission **calls, size_t count,
			     struct writer_error *error)
{
	bool too_big = false;
	enum outcome rc;

	if ((rc = connect_if_needed(w)) != OUTCOME_OK)
		return rc;
	inserter_clear(w->inserter);
	for (size_t i = 0; i < count; i++)
		inserter_add(w->inserter, calls[i]->changes, calls[i]->count);
	if ((rc = db_begin(w->db)) == OUTCOME_OK &&
	    (rc = inserter_run(w->inserter, w->db, &too_big)) == OUTCOME_OK)
		rc = db_commit(w->db);
	inserter_clear(w->inserter);
	if (rc != OUTCOME_OK) {
		note_error(w, too_big, error);
		undo(w, rc);
	}
	return rc;
}

static void pause_ms(unsigned ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

static void count_retries(struct writer *w, size_t calls)
{
	pthread_mutex_lock(&w->lock);
	w->counters.retried_calls += calls;
	pthread_mutex_unlock(&w->lock);
}

/* As transact, and again while that may help: not when there is no database, not after the
 * time that the first caller is willing to wait, and never when the commit may have arrived. */
static enum outcome transact_patiently(struct writer *w, struct submission **calls, size_t count,
				       struct writer_error *error)
{
	enum outcome rc = OUTCOME_RETRY;

	for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		if (attempt > 0) {
			if (clock_monotonic_ms() >= calls[0]->give_up_ms)
				break;
			pause_ms(attempt_pause_ms[attempt]);
			count_retries(w, count);
		}
		rc = transact(w, calls, count, error);
		if (rc != OUTCOME_RETRY || w->db == NULL)
			break;
	}
	return rc;
}

static void answer_all(struct writer *w, struct submission **calls, size_t count, enum outcome rc,
		       const struct writer_error *error)
{
	static const struct writer_error none;
	size_t changes = 0;

	for (size_t i = 0; i < count; i++)
		changes += calls[i]->count;
	pthread_mutex_lock(&w->lock);
	if (rc == OUTCOME_OK) {
		w->counters.batches++;
		w->counters.changes += changes;
	} else {
		w->counters.failed_calls += count;
	}
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < count; i++)
		answer(calls[i], rc, rc == OUTCOME_OK ? &none : error);
}

/* One of the batch is bad, and only its own call may suffer for it.  When the database itself
 * is in trouble the rest is not tried: each call would wait for it anew. */
static void commit_one_by_one(struct writer *w)
{
	int64_t give_up_ms = clock_monotonic_ms() + w->options.wait_limit_ms;
	struct writer_error error = {0};
	size_t i = 0;

	count_retries(w, w->batch_count);
	while (i < w->batch_count) {
		enum outcome rc;

		memset(&error, 0, sizeof(error));
		rc = transact_patiently(w, &w->batch[i], 1, &error);
		answer_all(w, &w->batch[i++], 1, rc, &error);
		if (rc == OUTCOME_RETRY ||
		    (rc == OUTCOME_UNKNOWN && clock_monotonic_ms() >= give_up_ms))
			break;
	}
	if (i < w->batch_count)
		answer_all(w, &w->batch[i], w->batch_count - i, OUTCOME_RETRY, &error);
}

static void commit_batch(struct writer *w)
{
	struct writer_error error = {0};
	enum outcome rc = transact_patiently(w, w->batch, w->batch_count, &error);

	if ((rc == OUTCOME_REJECTED || rc == OUTCOME_BUG) && w->batch_count > 1)
		commit_one_by_one(w);
	else
		answer_all(w, w->batch, w->batch_count, rc, &error);
}

/* ---- the thread ---- */

/* With the lock.  Moves what waits into the batch, up to a transaction's size. */
static void take_batch(struct writer *w)
{
	size_t rows = 0;

	w->batch_count = 0;
	while (w->first != NULL) {
		struct submission *sub = w->first;

		if (w->batch_count > 0 && rows + sub->count > TRANSACTION_ROWS)
			break;
		if (w->batch_count == w->batch_size) {
			w->batch_size = w->batch_size > 0 ? 2 * w->batch_size : 64;
			w->batch = xrealloc(w->batch, w->batch_size, sizeof(struct submission *));
		}
		w->batch[w->batch_count++] = sub;
		rows += sub->count;
		sub->taken = true;
		w->first = sub->next;
	}
	if (w->first == NULL)
		w->last = &w->first;
}

/* Waits for work.  False: we are to end, and nothing waits any more. */
static bool next_batch(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->first == NULL && !w->stopping)
		pthread_cond_wait(&w->work, &w->lock);
	take_batch(w);
	pthread_mutex_unlock(&w->lock);
	return w->batch_count > 0;
}

static void *writer_main(void *argument)
{
	struct writer *w = argument;

	connect_if_needed(w); /* so that the first call does not wait for it */
	while (next_batch(w))
		commit_batch(w);
	disconnect(w);
	return NULL;
}

struct writer *writer_start(const struct writer_options *options)
{
	struct writer *w = xcalloc(1, sizeof(*w));
	sigset_t all, before;
	int error;

	w->options = *options;
	w->last = &w->first;
	w->inserter = inserter_new(options->batch_rows, options->batch_bytes);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);

	sigfillset(&all); /* signals are for the threads that wait for them */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		errno = error;
		log_errno("writer: no thread");
		abort(); /* as without memory: the supervisor starts another worker */
	}
	return w;
}

void writer_stop(struct writer **holder)
{
	struct writer *w = *holder;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	inserter_free(&w->inserter);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w->batch);
	free(w);
	*holder = NULL;
}
