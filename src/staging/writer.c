/* SPDX-License-Identifier: MIT */
/*
 * Group commit.  Calls that arrive while a transaction runs queue up and share the next one.  So
 * the higher the load, the more calls share a commit.
 */
#include "config.h"

#include "staging/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "staging/inserter.h"

/* The most rows of one transaction; further calls wait for the next one.  A larger call is never
 * split. */
#define TRANSACTION_ROWS 4096

/* After a failed connect, or after a connection was cut, calls are refused at once for this long.
 * The client can wait better than the daemon, which has few request threads. */
#define REFUSE_MS 1000

/* A call in a transaction may take this long beyond its limit; then the connection is cut. */
#define GRACE_MS 500

/* The longest wait for one lock, in seconds: see limit_lock_waits. */
#define LOCK_WAIT_S "1"

/* Dead-locks and broken connections are temporary, and so is the lock of an ALTER TABLE. */
#define MAX_ATTEMPTS 5
static const unsigned attempt_pause_ms[MAX_ATTEMPTS] = {0, 10, 100, 100, 100};

/* When more than this is queued, submitters wait as well.  So a flood of large calls fills the web
 * server's memory, which its number of connections limits, and not the daemon's. */
#define WAITING_BYTES ((size_t)16 * 1024 * 1024)
#define WAITING_ROWS  ((size_t)4 * TRANSACTION_ROWS)

/* A connection that was idle for this long is tested before use: servers close idle connections,
 * and are restarted at quiet times. */
#define IDLE_MS 1000

struct writer {
	struct writer_options options;

	pthread_mutex_t lock; /* guards the members down to `room` */
	struct submission *first, **last;
	size_t waiting_rows, waiting_bytes;
	bool writing; /* a thread leads: it is in write_all */
	bool away;    /* the database did not answer: one call at a time tries it, others are
		       * refused */
	int64_t refuse_until_ms;
	int cut_fd;	/* a duplicate of the connection's socket; shutdown() on it ends any wait;
			 * -1: none */
	int64_t cut_ms; /* when the shutdown is due, monotonic */
	bool cut;	/* the connection was shut down */
	struct writer_counters counters;
	pthread_cond_t room; /* signalled when the queue becomes shorter */

	/* Used by the leader only, without the lock: */
	struct db *db; /* NULL: not connected */
	struct inserter *inserter;
	struct submission **batch;
	size_t batch_count, batch_size;
	int64_t used_ms;
	int64_t took_ms; /* duration of the last transaction; 0 after a lost connection */
};

/* ---- the callers' side ---- */

static void write_all(struct writer *w);

static struct timespec timespec_of(int64_t monotonic_us)
{
	return (struct timespec){.tv_sec = monotonic_us / 1000000,
				 .tv_nsec = (long)(monotonic_us % 1000000) * 1000};
}

/* With the lock. */
static void append(struct writer *w, struct submission *sub)
{
	sub->next = NULL;
	*w->last = sub;
	w->last = &sub->next;
	w->waiting_rows += sub->count;
	w->waiting_bytes += sub->bytes;
}

/* The caller holds the lock.  Removes the call that has waited longest. */
static struct submission *remove_first(struct writer *w)
{
	struct submission *sub = w->first;

	w->first = sub->next;
	if (w->first == NULL)
		w->last = &w->first;
	w->waiting_rows -= sub->count;
	w->waiting_bytes -= sub->bytes;
	return sub;
}

/* The caller holds the lock, which is released while it waits.  False: there was no room within the
 * submission's time.  If the queue is empty, a call of any size has room. */
static bool wait_for_room(struct writer *w, const struct submission *sub)
{
	struct timespec deadline = timespec_of(sub->give_up_ms * 1000);

	while (w->first != NULL && (w->waiting_bytes + sub->bytes > WAITING_BYTES ||
				    w->waiting_rows + sub->count > WAITING_ROWS)) {
		if (pthread_cond_timedwait(&w->room, &w->lock, &deadline) == ETIMEDOUT)
			return false;
	}
	return true;
}

/* With the lock. */
static bool is_away(const struct writer *w, int64_t now_ms)
{
	return now_ms < w->refuse_until_ms || (w->away && w->writing);
}

bool writer_submit(struct writer *w, struct submission *sub)
{
	int64_t now_ms = clock_monotonic_ms();
	bool accepted, leads = false;

	sub->rc = OUTCOME_RETRY;
	sub->error = (struct writer_error){0};
	sub->give_up_ms = now_ms + w->options.wait_limit_ms;
	pthread_mutex_lock(&w->lock);
	w->counters.calls++;
	accepted = !is_away(w, now_ms) && wait_for_room(w, sub) && !is_away(w, now_ms);
	if (accepted) {
		append(w, sub);
		leads = !w->writing;
		w->writing = true;
	} else {
		w->counters.failed_calls++;
	}
	pthread_mutex_unlock(&w->lock);
	if (leads)
		write_all(w); /* completes SUB, whose owner may free it */
	return accepted;
}

/* The caller holds the lock.  Removes calls from the front of the queue whose time is over at
 * END_MS.  All calls have the same time limit, so the front expires first, except for a call that
 * waited for room before it was queued. */
static struct submission *remove_expired(struct writer *w, int64_t end_ms)
{
	struct submission *list = NULL, **end = &list;

	while (w->first != NULL && end_ms >= w->first->give_up_ms) {
		*end = remove_first(w);
		end = &(*end)->next;
		w->counters.failed_calls++;
	}
	*end = NULL;
	if (list != NULL)
		pthread_cond_broadcast(&w->room);
	return list;
}

/* The caller does not hold the lock. */
static void complete_expired(struct writer *w, struct submission *list)
{
	struct completion *first = NULL, **end = &first;

	if (list == NULL)
		return;
	for (; list != NULL; list = list->next) {
		*end = list->done;
		end = &list->done->next;
	}
	*end = NULL;
	w->options.done(w->options.context, first);
	w->options.notify(w->options.context);
}

/* The caller holds the lock.  Refuses all calls for REFUSE_MS.  After that only one call at a time
 * tries the database, until a transaction has shown that it answers. */
static void note_away(struct writer *w)
{
	w->away = true;
	w->refuse_until_ms = clock_monotonic_ms() + REFUSE_MS;
}

/* The caller holds the lock.  A call in a transaction cannot be withdrawn, because it may be
 * committed already.  But if the database does not answer in time, the caller must be told so, and
 * the leading thread is needed: cutting its connection ends its wait. */
static void cut_if_due(struct writer *w, int64_t now_ms)
{
	if (w->cut_fd < 0 || now_ms < w->cut_ms)
		return;
	w->cut_ms = INT64_MAX;
	w->cut = true;
	shutdown(w->cut_fd, SHUT_RDWR);
	note_away(w);
}

void writer_expire(struct writer *w)
{
	int64_t now_ms = clock_monotonic_ms();
	struct submission *list;

	pthread_mutex_lock(&w->lock);
	cut_if_due(w, now_ms);
	list = remove_expired(w, now_ms);
	pthread_mutex_unlock(&w->lock);
	complete_expired(w, list);
}

void writer_counters(struct writer *w, struct writer_counters *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->counters;
	pthread_mutex_unlock(&w->lock);
}

/* ---- the connection ---- */

static void set_cut_fd(struct writer *w, int fd)
{
	int old;

	pthread_mutex_lock(&w->lock);
	old = w->cut_fd;
	w->cut_fd = fd;
	pthread_mutex_unlock(&w->lock);
	if (old >= 0)
		close(old);
}

static void disconnect(struct writer *w)
{
	set_cut_fd(w, -1);
	inserter_forget(w->inserter);
	db_close(&w->db);
}

/*
 * A call in a transaction cannot be withdrawn.  If another session locked a table for long, the
 * call would wait until the connection is cut, and its outcome would be unknown.  So a lock is
 * waited for only LOCK_WAIT_S at a time, and the caller is told in time that nothing was stored.
 */
static enum outcome limit_lock_waits(struct writer *w)
{
	return db_exec(w->db, "SET SESSION lock_wait_timeout = " LOCK_WAIT_S
			      ", innodb_lock_wait_timeout = " LOCK_WAIT_S);
}

static void note_error(const struct writer *w, bool too_big, struct writer_error *error)
{
	if (too_big) { /* the error that the server would return */
		error->number = 1153;
		memcpy(error->sqlstate, "08S01", 6);
		return;
	}
	error->number = db_errno(w->db);
	strncpy(error->sqlstate, db_sqlstate(w->db), sizeof(error->sqlstate) - 1);
}

/* A handle that lost its connection is never used again (db.h).  An idle connection is tested
 * first: if a commit were sent on a dead connection, its outcome would be unknown. */
static bool is_connected(struct writer *w, struct writer_error *error)
{
	int64_t now_ms = clock_monotonic_ms();
	bool idle = now_ms - w->used_ms >= IDLE_MS;

	w->used_ms = now_ms;
	if (w->db == NULL || !db_alive(w->db))
		return false;
	if (!idle || db_ping(w->db) == OUTCOME_OK)
		return true;
	note_error(w, false, error);
	return false;
}

static bool is_refusing(struct writer *w)
{
	bool refusing;

	pthread_mutex_lock(&w->lock);
	refusing = clock_monotonic_ms() < w->refuse_until_ms;
	pthread_mutex_unlock(&w->lock);
	return refusing;
}

/* ERROR is set if a connection was lost; it is not set if connecting failed. */
static enum outcome connect_if_needed(struct writer *w, struct writer_error *error)
{
	if (is_connected(w, error))
		return OUTCOME_OK;
	disconnect(w);
	if (is_refusing(w))
		return OUTCOME_RETRY; /* these calls came during the failed attempt */
	if (db_open(&w->options.login, &w->db) == OUTCOME_OK && limit_lock_waits(w) == OUTCOME_OK) {
		set_cut_fd(w, db_dup_socket(w->db));
		return OUTCOME_OK;
	}
	disconnect(w);
	pthread_mutex_lock(&w->lock);
	note_away(w);
	pthread_mutex_unlock(&w->lock);
	return OUTCOME_RETRY;
}

/* ---- transactions ---- */

/* Rolls the transaction back, so the next one starts clean.  If the connection was lost,
 * connect_if_needed opens another one. */
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
		inserter_forget(w->inserter); /* the table may have been altered: prepare again */
}

/* One transaction with COUNT calls.  After any outcome except OK and UNKNOWN nothing is stored. */
static enum outcome transact(struct writer *w, struct submission **calls, size_t count,
			     struct writer_error *error)
{
	bool too_big = false;
	int64_t begun_ms;
	enum outcome rc;

	if ((rc = connect_if_needed(w, error)) != OUTCOME_OK)
		return rc;
	inserter_clear(w->inserter);
	for (size_t i = 0; i < count; i++)
		inserter_add(w->inserter, calls[i]->changes, calls[i]->count);
	begun_ms = clock_monotonic_ms();
	rc = inserter_commit(w->inserter, w->db, &too_big);
	w->took_ms = db_alive(w->db) ? clock_monotonic_ms() - begun_ms : 0;
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

/* True if another attempt would end before the connection is cut, if it takes as long as the last
 * one. */
static bool has_time(const struct writer *w, const struct submission *first)
{
	int64_t need_ms = w->took_ms;

	if (!db_alive(w->db))
		need_ms += (int64_t)w->options.login.connect_timeout_s * 1000;
	return clock_monotonic_ms() + need_ms < first->give_up_ms + GRACE_MS;
}

/* Calls transact, and repeats it after RETRY while that can help: not if the database cannot be
 * reached, not beyond the time that the first caller waits, and never if the commit may have
 * arrived. */
static enum outcome transact_with_retries(struct writer *w, struct submission **calls, size_t count,
					  struct writer_error *error)
{
	enum outcome rc = OUTCOME_RETRY;

	for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		if (attempt > 0) {
			if (!has_time(w, calls[0]))
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

/* From the callback on, the callers own the submissions again. */
static void complete(struct writer *w, struct submission **calls, size_t count, enum outcome rc,
		     const struct writer_error *error)
{
	static const struct writer_error none;
	size_t changes = 0;

	for (size_t i = 0; i < count; i++) {
		changes += calls[i]->count;
		calls[i]->rc = rc;
		calls[i]->error = rc == OUTCOME_OK ? none : *error;
		calls[i]->done->next = i + 1 < count ? calls[i + 1]->done : NULL;
	}
	pthread_mutex_lock(&w->lock);
	if (w->db != NULL && db_alive(w->db))
		w->away = false; /* any answer shows that it can be reached */
	if (rc == OUTCOME_OK) {
		w->counters.batches++;
		w->counters.changes += changes;
	} else {
		w->counters.failed_calls += count;
	}
	pthread_mutex_unlock(&w->lock);
	w->options.done(w->options.context, calls[0]->done);
}

/* A call of the batch is bad, and only this call may fail.  If the database has a problem, the
 * remaining calls are not tried, because each would wait for it again. */
static void commit_one_by_one(struct writer *w)
{
	int64_t give_up_ms = clock_monotonic_ms() + w->options.wait_limit_ms;
	struct writer_error error = {0};
	size_t i = 0;

	count_retries(w, w->batch_count);
	while (i < w->batch_count) {
		enum outcome rc;

		memset(&error, 0, sizeof(error));
		rc = transact_with_retries(w, &w->batch[i], 1, &error);
		complete(w, &w->batch[i++], 1, rc, &error);
		if (rc == OUTCOME_RETRY ||
		    (rc == OUTCOME_UNKNOWN && clock_monotonic_ms() >= give_up_ms))
			break;
	}
	if (i < w->batch_count)
		complete(w, &w->batch[i], w->batch_count - i, OUTCOME_RETRY, &error);
}

static void commit_batch(struct writer *w)
{
	struct writer_error error = {0};
	enum outcome rc = transact_with_retries(w, w->batch, w->batch_count, &error);

	if ((rc == OUTCOME_REJECTED || rc == OUTCOME_BUG) && w->batch_count > 1)
		commit_one_by_one(w);
	else
		complete(w, w->batch, w->batch_count, rc, &error);
}

/* ---- writing ---- */

/* The caller holds the lock.  Moves calls from the queue to the batch, up to MOST_ROWS, but at
 * least one. */
static void take_batch(struct writer *w, size_t most_rows)
{
	size_t rows = 0;

	w->batch_count = 0;
	while (w->first != NULL) {
		if (w->batch_count > 0 && rows + w->first->count > most_rows)
			break;
		if (w->batch_count == w->batch_size) {
			w->batch_size = w->batch_size > 0 ? 2 * w->batch_size : 64;
			w->batch = xrealloc(w->batch, w->batch_size, sizeof(struct submission *));
		}
		rows += w->first->count;
		w->batch[w->batch_count++] = remove_first(w);
	}
	if (w->batch_count > 0)
		pthread_cond_broadcast(&w->room);
}

/* The caller holds the lock; the queue is not empty.  Connects before it takes any call, because
 * queued calls can still be withdrawn.  Refuses calls for which the transaction would end too late
 * if it took as long as the last one.  If the database is away, completes all queued calls with
 * RETRY. */
static void write_some(struct writer *w)
{
	struct writer_error error = {0};
	struct submission *late;
	bool was_cut = w->cut; /* the cut may have come after the end of the last transaction, which
				* then did not notice it */
	enum outcome rc;

	w->cut = false;
	w->cut_ms = w->first->give_up_ms + GRACE_MS;
	pthread_mutex_unlock(&w->lock);
	if (was_cut)
		disconnect(w);
	rc = connect_if_needed(w, &error);
	pthread_mutex_lock(&w->lock);
	late = remove_expired(w, clock_monotonic_ms() +
				     (w->took_ms > GRACE_MS ? w->took_ms - GRACE_MS : 0));
	take_batch(w, rc == OUTCOME_OK ? TRANSACTION_ROWS : SIZE_MAX);
	if (w->batch_count > 0)
		w->cut_ms = w->batch[0]->give_up_ms + GRACE_MS;
	pthread_mutex_unlock(&w->lock);
	complete_expired(w, late);
	if (w->batch_count > 0 && rc == OUTCOME_OK)
		commit_batch(w);
	else if (w->batch_count > 0)
		complete(w, w->batch, w->batch_count, rc, &error);
	pthread_mutex_lock(&w->lock);
	w->cut_ms = INT64_MAX;
}

static void write_all(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->first != NULL) {
		write_some(w);
		if (w->first != NULL)
			w->options.notify(w->options.context);
	}
	w->writing = false;
	pthread_mutex_unlock(&w->lock);
}

struct writer *writer_new(const struct writer_options *options)
{
	struct writer *w = xcalloc(1, sizeof(*w));
	pthread_condattr_t monotonic;

	w->options = *options;
	w->last = &w->first;
	w->cut_fd = -1;
	w->cut_ms = INT64_MAX;
	w->inserter = inserter_new(options->batch_rows, options->batch_bytes);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->room, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return w;
}

void writer_free(struct writer **holder)
{
	struct writer *w = *holder;

	if (w == NULL)
		return;
	disconnect(w);
	inserter_free(&w->inserter);
	pthread_cond_destroy(&w->room);
	pthread_mutex_destroy(&w->lock);
	free(w->batch);
	free(w);
	*holder = NULL;
}
