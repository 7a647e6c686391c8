/* SPDX-License-Identifier: MIT */
/* The staging side of a batch, in the main thread and in the prefetch thread; see ahead.h. */
#include "config.h"

#include "sync/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

static const char sql_version[] = "SELECT value FROM campaign_state WHERE name = 'schema_version'";

struct ahead {
	const struct turn_options *o;
	const struct batch_source *source;
	struct db *db; /* the prefetch thread's staging session, kept between tasks */
	pthread_t thread;
	bool running;
	/* The task and its result. The prefetch thread owns them from ahead_start to ahead_wait. */
	const struct settlement *settle;
	struct ahead_batch *next;
	uint64_t after;
	bool settled, read;
};

static enum outcome recorded_version(struct db *db, uint64_t *version)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(db, sql_version, NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK)
		*version = db_rows_next(rows) ? strtoull(db_rows_text(rows, 0), NULL, 10) : 0;
	db_rows_free(&rows);
	return rc;
}

struct ahead_batch *ahead_batch_new(const struct schema *s)
{
	struct ahead_batch *batch = xcalloc(1, sizeof(*batch));

	batch->fold = fold_new(s);
	return batch;
}

void ahead_batch_free(struct ahead_batch **batch)
{
	if (*batch == NULL)
		return;
	free((*batch)->records);
	fold_free(&(*batch)->fold);
	log_batch_free(&(*batch)->log);
	free(*batch);
	*batch = NULL;
}

size_t ahead_batch_fold(struct ahead_batch *batch, const struct fold_change *changes, size_t many)
{
	size_t taken = fold_run(batch->fold, changes, many);
	size_t count = fold_count(batch->fold);

	if (count > batch->size) {
		batch->records = xrealloc(batch->records, count, sizeof(*batch->records));
		batch->size = count;
	}
	for (size_t i = 0; i < count; i++)
		batch->records[i] = fold_at(batch->fold, i)->merge;
	return taken;
}

/* A change with a problem will be put aside, and the resolution of links changes the input of
 * the fold. In both cases the batch cannot be folded in advance. */
static bool is_plain(const struct log_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (b->changes[i].problem != NULL || b->changes[i].links != NULL)
			return false;
	}
	return true;
}

enum outcome batch_read(struct db *db, const struct turn_options *o,
			const struct batch_source *source, uint64_t after,
			struct ahead_batch *batch)
{
	enum outcome rc;

	batch->folded = 0;
	if ((rc = log_reader_read(source->reader, db, after, &batch->log)) != OUTCOME_OK)
		return rc;
	if (!o->dry_run && batch->log.count > 0)
		rc = history_batch(db, o->run_id, o->schema->id);
	if (rc != OUTCOME_OK)
		return rc;
	if (is_plain(&batch->log))
		batch->folded = ahead_batch_fold(batch, batch->log.changes, batch->log.count);
	batch->arrived = arrivals_ask(source->arrivals, db);
	return recorded_version(db, &batch->version);
}

enum outcome batch_settle(struct db *db, const struct turn_options *o, const struct settlement *s,
			  const struct rejects *rejects, enum log_rows rows)
{
	enum outcome rc;

	if ((rc = db_begin(db)) != OUTCOME_OK)
		return rc;
	rc = log_delete(db, o->schema, s->applied.ranges, s->applied.count, rows);
	if (rc == OUTCOME_OK && rejects != NULL)
		rc = rejects_store(rejects, db);
	if (rc == OUTCOME_OK)
		rc = history_schema(db, o->run_id, o->schema->id, &s->counts);
	if (rc == OUTCOME_OK)
		return db_commit(db);
	db_rollback(db);
	return rc;
}

struct ahead *ahead_new(const struct turn_options *options, const struct batch_source *source)
{
	struct ahead *a = xcalloc(1, sizeof(*a));

	a->o = options;
	a->source = source;
	return a;
}

void ahead_free(struct ahead **a)
{
	bool settled, read;

	if (*a == NULL)
		return;
	ahead_wait(*a, &settled, &read);
	db_close(&(*a)->db);
	free(*a);
	*a = NULL;
}

static bool connected(struct ahead *a)
{
	if (a->db != NULL && !db_alive(a->db))
		db_close(&a->db);
	return a->db != NULL || db_open(&a->o->ends->login, &a->db) == OUTCOME_OK;
}

static void load(const struct turn_options *o, const struct ahead_batch *batch)
{
	const struct fold_key *key = fold_key(batch->fold);

	if (batch->folded > 0 && !o->dry_run)
		o->ends->ops->load(o->ends->target, o->schema, key->fields, key->count,
				   batch->records, fold_count(batch->fold));
}

static void *work(void *context)
{
	struct ahead *a = context;

	if (!connected(a))
		return NULL;
	if (a->settle != NULL) {
		a->settled =
		    batch_settle(a->db, a->o, a->settle, NULL, LOG_ROWS_THERE) == OUTCOME_OK;
		if (!a->settled)
			return NULL;
	}
	if (a->next == NULL)
		return NULL;
	a->read = batch_read(a->db, a->o, a->source, a->after, a->next) == OUTCOME_OK;
	if (a->read)
		load(a->o, a->next);
	return NULL;
}

/* Blocks all signals in the new thread: a signal must reach the main thread, to end its pauses. */
static bool start_thread(struct ahead *a)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&a->thread, NULL, work, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed == 0;
}

void ahead_start(struct ahead *a, const struct settlement *settle, uint64_t after,
		 struct ahead_batch *next)
{
	if (settle == NULL && next == NULL)
		return;
	a->settle = settle;
	a->after = after;
	a->next = next;
	a->running = start_thread(a);
	if (!a->running)
		log_debug("no second thread: one task after the other");
}

bool ahead_wait(struct ahead *a, bool *settled, bool *read)
{
	bool ran = a->running;

	if (ran)
		pthread_join(a->thread, NULL);
	a->running = false;
	*settled = a->settled;
	*read = a->read;
	a->settled = a->read = false;
	return ran;
}
