/* SPDX-License-Identifier: MIT */
/* The worker threads, and which schema may begin; see lanes.h. */
#include "config.h"

#include "sync/lanes.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "sync/interrupt.h"
#include "sync/order.h"

enum turn_state { TURN_WAITING, TURN_TAKEN, TURN_OVER };

struct lanes {
	struct lane *first;
	struct schema_result *const *results;
	size_t count;
	bool *independent; /* a matrix, COUNT x COUNT */
	/* The mutex guards these members, and the condition signals that they changed: */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	enum turn_state *states;
	enum outcome outcome; /* RETRY as soon as a database cannot be reached */
	bool cut_short;
};

struct helper { /* a further worker thread */
	struct lanes *all;
	unsigned number;
	pthread_t thread;
};

/* Finds out which schemas are independent, before any thread starts. A schema that was removed
 * is independent of all others. */
static void look_at_links(struct lanes *l)
{
	const struct registry *r = l->first->registry;

	for (size_t i = 0; i < l->count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct schema *a = registry_find(r, l->results[i]->id, NULL);
			const struct schema *b = registry_find(r, l->results[j]->id, NULL);

			l->independent[i * l->count + j] =
			    a == NULL || b == NULL || order_independent(r, a, b);
		}
	}
}

/* Only schemas with staged changes justify a worker; empty logs and reference tables finish at
 * once. */
static unsigned worthwhile(const struct lanes *l, unsigned jobs)
{
	unsigned lanes = 0;

	for (size_t i = 0; i < l->count && lanes < jobs; i++)
		lanes += !l->results[i]->failed && l->results[i]->bound > 0;
	return lanes > 0 ? lanes : 1;
}

static bool may_begin(const struct lanes *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (l->states[i] != TURN_OVER && !l->independent[n * l->count + i])
			return false;
	}
	return l->states[n] == TURN_WAITING;
}

/* Returns the first schema that may begin, or COUNT. Sets *LEFT if schemas wait for others. */
static size_t choose(const struct lanes *l, bool *left)
{
	*left = false;
	for (size_t n = 0; n < l->count; n++) {
		if (may_begin(l, n))
			return n;
		*left |= l->states[n] == TURN_WAITING;
	}
	return l->count;
}

/* Returns COUNT if no schema is left to begin. */
static size_t take_next(struct lanes *l)
{
	size_t n = l->count;
	bool left = true;

	pthread_mutex_lock(&l->mutex);
	while (left && l->outcome != OUTCOME_RETRY && !interrupted()) {
		if ((n = choose(l, &left)) < l->count)
			break;
		if (left)
			pthread_cond_wait(&l->changed, &l->mutex);
	}
	if (n < l->count)
		l->states[n] = TURN_TAKEN;
	pthread_mutex_unlock(&l->mutex);
	return n;
}

static void give_back(struct lanes *l, size_t n, enum outcome rc)
{
	pthread_mutex_lock(&l->mutex);
	l->states[n] = TURN_OVER;
	if (rc == OUTCOME_RETRY)
		l->outcome = rc;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mutex);
}

static void work(struct lanes *l, struct lane *lane)
{
	size_t n;

	while ((n = take_next(l)) < l->count) {
		enum outcome rc = OUTCOME_OK;

		if (!l->results[n]->failed)
			rc = lane_take(lane, l->results[n]);
		give_back(l, n, rc);
	}
	pthread_mutex_lock(&l->mutex);
	l->cut_short |= lane->cut_short;
	pthread_mutex_unlock(&l->mutex);
}

/* A further worker. If it cannot open its sessions, the remaining workers process all schemas. */
static void *help(void *context)
{
	struct helper *h = context;
	const struct lane *first = h->all->first;
	struct lane lane;

	if (lane_open(&lane, first->frame, &first->ends, h->number) == OUTCOME_OK)
		work(h->all, &lane);
	else
		log_info("no sessions for another schema at a time; the others go on");
	lane_close(&lane);
	return NULL;
}

/* Starts the threads with signals blocked, so that the main thread gets the signals. Returns how
 * many of HELPERS were started. */
static unsigned start_helpers(struct helper *helpers, struct lanes *l, unsigned wanted)
{
	sigset_t all, before;
	unsigned started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; started < wanted; started++) {
		struct helper *h = &helpers[started];

		*h = (struct helper){.all = l, .number = started + 1};
		if (pthread_create(&h->thread, NULL, help, h) != 0)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void run(struct lanes *l, unsigned lanes)
{
	struct helper helpers[LANES_MAX];
	unsigned started;

	l->first->frame->lanes = lanes;
	started = start_helpers(helpers, l, lanes - 1);
	work(l, l->first);
	for (unsigned i = 0; i < started; i++)
		pthread_join(helpers[i].thread, NULL);
	for (size_t n = 0; n < l->count; n++)
		l->cut_short |= l->states[n] == TURN_WAITING && interrupted();
}

enum outcome lanes_run(struct lane *first, struct schema_result *const *results, size_t count,
		       unsigned jobs, bool *cut_short)
{
	struct lanes l = {.first = first, .results = results, .count = count};

	l.independent = xcalloc(count * count + 1, sizeof(*l.independent));
	l.states = xcalloc(count + 1, sizeof(*l.states));
	pthread_mutex_init(&l.mutex, NULL);
	pthread_cond_init(&l.changed, NULL);
	look_at_links(&l);
	run(&l, worthwhile(&l, jobs < LANES_MAX ? jobs : LANES_MAX));
	*cut_short = l.cut_short;
	pthread_cond_destroy(&l.changed);
	pthread_mutex_destroy(&l.mutex);
	free(l.states);
	free(l.independent);
	return l.outcome;
}
