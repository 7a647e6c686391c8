/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of the configuration, newest first, each with its count of references.
 */
#include "config.h"

#include "ingestd/conf_slot.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"

struct snapshot {
	struct conf *conf;
	unsigned references; /* requests; the slot's own is its being the newest */
	struct snapshot *older;
};

struct conf_slot {
	struct snapshot *newest;
	pthread_mutex_t lock; /* guards the list and the counts */
};

static void snapshot_free(struct snapshot *s)
{
	conf_free(&s->conf);
	free(s);
}

struct conf_slot *conf_slot_new(struct conf *conf)
{
	struct conf_slot *slot = xcalloc(1, sizeof(*slot));

	pthread_mutex_init(&slot->lock, NULL);
	conf_slot_set(slot, conf);
	return slot;
}

void conf_slot_free(struct conf_slot **slot)
{
	struct snapshot *s, *older;

	if (*slot == NULL)
		return;
	for (s = (*slot)->newest; s != NULL; s = older) {
		older = s->older;
		snapshot_free(s);
	}
	pthread_mutex_destroy(&(*slot)->lock);
	free(*slot);
	*slot = NULL;
}

void conf_slot_set(struct conf_slot *slot, struct conf *conf)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	struct snapshot *replaced;

	s->conf = conf;
	pthread_mutex_lock(&slot->lock);
	replaced = slot->newest;
	s->older = replaced;
	if (replaced != NULL && replaced->references == 0)
		s->older = replaced->older;
	else
		replaced = NULL;
	slot->newest = s;
	pthread_mutex_unlock(&slot->lock);
	if (replaced != NULL)
		snapshot_free(replaced);
}

const struct conf *conf_slot_get(void *context)
{
	struct conf_slot *slot = context;
	const struct conf *conf;

	pthread_mutex_lock(&slot->lock);
	slot->newest->references++;
	conf = slot->newest->conf;
	pthread_mutex_unlock(&slot->lock);
	return conf;
}

void conf_slot_put(void *context, const struct conf *conf)
{
	struct conf_slot *slot = context;
	struct snapshot **at, *ended = NULL;

	pthread_mutex_lock(&slot->lock);
	for (at = &slot->newest; (*at)->conf != conf; at = &(*at)->older)
		;
	if (--(*at)->references == 0 && *at != slot->newest) {
		ended = *at;
		*at = ended->older;
	}
	pthread_mutex_unlock(&slot->lock);
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
