/* SPDX-License-Identifier: MIT */
/*
 * Calls on their way back to the request threads, one queue for those that the writer has answered
 * and one for those that the verifier has.  All calls of one commit come together.  The thread that
 * wrote them sees to them itself, or wakes another one if it has more to write.
 */
#ifndef CAMPAIGN_INGESTD_ANSWERED_H
#define CAMPAIGN_INGESTD_ANSWERED_H

#include <stdbool.h>
#include <stddef.h>

#include "staging/writer.h"

struct answered;

/* NULL after having logged why. */
struct answered *answered_new(void);
void answered_free(struct answered **a);

/* Becomes readable, for one edge-triggered waiter, each time that one is to be woken. */
int answered_fd(const struct answered *a);
/* Any thread; CONTEXT is the struct answered, as writer_options wants it.  Putting wakes nobody. */
void answered_put(void *context, struct submission *list);
void answered_wake(void *context);
/* Any thread.  At most MOST of them, as a list, NULL for none; when more are left, another waiter
 * is woken. */
struct submission *answered_take(struct answered *a, size_t most);

#endif
