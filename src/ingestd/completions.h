/* SPDX-License-Identifier: MIT */
/*
 * A queue of completed waits, on the way back to the request threads: one for commits, one for
 * password checks.  The nodes of one commit are pushed together.  The thread that led the commit
 * takes them itself, or notifies another one if it has more to write.
 */
#ifndef CAMPAIGN_INGESTD_COMPLETIONS_H
#define CAMPAIGN_INGESTD_COMPLETIONS_H

#include <stddef.h>

#include "base/completion.h"

struct completions;

/* NULL after having logged why. */
struct completions *completions_new(void);
void completions_free(struct completions **q);

/* For an edge-triggered epoll set: each notification makes it readable for one waiter. */
int completions_fd(const struct completions *q);
/* Any thread; CONTEXT is the struct completions, as the writer's callbacks want it.  Pushing
 * notifies no thread. */
void completions_push(void *context, struct completion *list);
void completions_notify(void *context);
/* Any thread.  Returns a list of at most MOST nodes, NULL if there is none; notifies another thread
 * if more are left. */
struct completion *completions_pop(struct completions *q, size_t most);

#endif
