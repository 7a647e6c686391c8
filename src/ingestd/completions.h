/* SPDX-License-Identifier: MIT */
/*
 * A queue of requests whose commit or password check is done, for the request threads.  There is
 * one queue for commits and one for password checks.  The nodes of one commit are pushed together.
 * The thread that led the commit takes them itself, or notifies another thread if it has more to
 * write.
 */
#ifndef CAMPAIGN_INGESTD_COMPLETIONS_H
#define CAMPAIGN_INGESTD_COMPLETIONS_H

#include <stddef.h>

#include "base/completion.h"

struct completions;

/* Returns NULL after it has logged why. */
struct completions *completions_new(void);
void completions_free(struct completions **q);

/* For an edge-triggered epoll set: each notification makes the descriptor readable for one
 * waiter. */
int completions_fd(const struct completions *q);
/* May be called by any thread.  CONTEXT is the struct completions, as in the writer's callbacks.
 * Pushing notifies no thread. */
void completions_push(void *context, struct completion *list);
void completions_notify(void *context);
/* May be called by any thread.  Returns a list of at most MOST nodes, NULL if there is none.
 * Notifies another thread if more nodes are left. */
struct completion *completions_pop(struct completions *q, size_t most);

#endif
