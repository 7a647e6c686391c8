/* SPDX-License-Identifier: MIT */
/* A queue behind an eventfd; see answered.h. */
#include "config.h"

#include "ingestd/answered.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

struct answered {
	int fd;
	pthread_mutex_t lock; /* guards the list */
	struct submission *first, **last;
};

struct answered *answered_new(void)
{
	struct answered *a = xcalloc(1, sizeof(*a));

	a->last = &a->first;
	pthread_mutex_init(&a->lock, NULL);
	a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->fd < 0) {
		log_errno("eventfd");
		answered_free(&a);
	}
	return a;
}

void answered_free(struct answered **a)
{
	if (*a == NULL)
		return;
	if ((*a)->fd >= 0)
		close((*a)->fd);
	pthread_mutex_destroy(&(*a)->lock);
	free(*a);
	*a = NULL;
}

int answered_fd(const struct answered *a)
{
	return a->fd;
}

/* The counter is never read: each write is an edge.  It would take 500 years to be full. */
void answered_wake(void *context)
{
	const struct answered *a = context;
	const uint64_t one = 1;

	if (write(a->fd, &one, sizeof(one)) < 0)
		log_errno("eventfd");
}

void answered_put(void *context, struct submission *list)
{
	struct answered *a = context;
	struct submission *end = list;

	while (end->next != NULL)
		end = end->next;
	pthread_mutex_lock(&a->lock);
	*a->last = list;
	a->last = &end->next;
	pthread_mutex_unlock(&a->lock);
}

struct submission *answered_take(struct answered *a, size_t most)
{
	struct submission *list, **end = &list;
	bool more;

	pthread_mutex_lock(&a->lock);
	list = a->first;
	while (*end != NULL && most-- > 0)
		end = &(*end)->next;
	more = *end != NULL;
	a->first = *end;
	if (!more)
		a->last = &a->first;
	*end = NULL;
	pthread_mutex_unlock(&a->lock);
	if (more)
		answered_wake(a);
	return list;
}
