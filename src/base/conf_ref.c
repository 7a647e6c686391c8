/* SPDX-License-Identifier: MIT */
/* Keeps a list of configurations, newest first, each with a reference count; see conf_ref.h. */
#include "config.h"

#include "base/conf_ref.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"

struct snapshot {
	struct conf *conf;
	unsigned references; /* held by requests; the newest snapshot is kept even with 0 */
	struct snapshot *older;
};

struct conf_ref {
	struct snapshot *newest;
	pthread_mutex_t lock; /* guards the list and the counts */
};

static void snapshot_free(struct snapshot *s)
{
	conf_free(&s->conf);
	free(s);
}

struct conf_ref *conf_ref_new(struct conf *conf)
{
	struct conf_ref *ref = xcalloc(1, sizeof(*ref));

	pthread_mutex_init(&ref->lock, NULL);
	conf_ref_set(ref, conf);
	return ref;
}

void conf_ref_free(struct conf_ref **ref)
{
	struct snapshot *s, *older;

	if (*ref == NULL)
		return;
	for (s = (*ref)->newest; s != NULL; s = older) {
		older = s->older;
		snapshot_free(s);
	}
	pthread_mutex_destroy(&(*ref)->lock);
	free(*ref);
	*ref = NULL;
}

void conf_ref_set(struct conf_ref *ref, struct conf *conf)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	struct snapshot *replaced;

	s->conf = conf;
	pthread_mutex_lock(&ref->lock);
	replaced = ref->newest;
	s->older = replaced;
	if (replaced != NULL && replaced->references == 0)
		s->older = replaced->older;
	else
		replaced = NULL;
	ref->newest = s;
	pthread_mutex_unlock(&ref->lock);
	if (replaced != NULL)
		snapshot_free(replaced);
}

const struct conf *conf_ref_get(struct conf_ref *ref)
{
	const struct conf *conf;

	pthread_mutex_lock(&ref->lock);
	ref->newest->references++;
	conf = ref->newest->conf;
	pthread_mutex_unlock(&ref->lock);
	return conf;
}

void conf_ref_put(struct conf_ref *ref, const struct conf *conf)
{
	struct snapshot **at, *ended = NULL;

	pthread_mutex_lock(&ref->lock);
	for (at = &ref->newest; (*at)->conf != conf; at = &(*at)->older)
		;
	if (--(*at)->references == 0 && *at != ref->newest) {
		ended = *at;
		*at = ended->older;
	}
	pthread_mutex_unlock(&ref->lock);
	if (ended != NULL)
		snapshot_free(ended);
}

struct conf *conf_reload(const char *file, const struct conf *now)
{
	struct conf *next = conf_load(file);

	if (next == NULL)
		return NULL;
	free(next->timezone);
	next->timezone = xstrdup(now->timezone);
	return next;
}
