/* SPDX-License-Identifier: MIT */
/* A list and an eventfd; see completions.h. */
#include "config.h"

#include "ingestd/completions.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

struct completions {
	int fd;
	pthread_mutex_t lock; /* guards the list */
	struct completion *first, **last;
};

struct completions *completions_new(void)
{
	struct completions *q = xcalloc(1, sizeof(*q));

	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->fd < 0) {
		log_errno("eventfd");
		completions_free(&q);
	}
	return q;
}

void completions_free(struct completions **q)
{
	if (*q == NULL)
		return;
	if ((*q)->fd >= 0)
		close((*q)->fd);
	pthread_mutex_destroy(&(*q)->lock);
	free(*q);
	*q = NULL;
}

int completions_fd(const struct completions *q)
{
	return q->fd;
}

/* Each write is an edge, so the counter need not be read.  It would overflow after 500 years. */
void completions_notify(void *context)
{
	const struct completions *q = context;
	const uint64_t one = 1;

	if (write(q->fd, &one, sizeof(one)) < 0)
		log_errno("eventfd");
}

void completions_push(void *context, struct completion *list)
{
	struct completions *q = context;
	struct completion *end = list;

	while (end->next != NULL)
		end = end->next;
	pthread_mutex_lock(&q->lock);
	*q->last = list;
	q->last = &end->next;
	pthread_mutex_unlock(&q->lock);
}

struct completion *completions_pop(struct completions *q, size_t most)
{
	struct completion *list, **end = &list;
	bool more;

	pthread_mutex_lock(&q->lock);
	list = q->first;
	while (*end != NULL && most-- > 0)
		end = &(*end)->next;
	more = *end != NULL;
	q->first = *end;
	if (!more)
		q->last = &q->first;
	*end = NULL;
	pthread_mutex_unlock(&q->lock);
	if (more)
		completions_notify(q);
	return list;
}
