/* SPDX-License-Identifier: MIT */
/*
 * The request threads of one worker and the connections they serve.
 */
#ifndef CAMPAIGN_INGESTD_POOL_H
#define CAMPAIGN_INGESTD_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "api/api.h"
#include "ingestd/completions.h"

struct pool;

struct pool_options {
	int listen_fd;	  /* non-blocking, shared with the other workers; the pool closes it */
	bool listen_ours; /* see struct listener */
	unsigned threads;
	unsigned worker;	       /* its number, for log lines */
	struct api *api;	       /* borrowed, like what follows */
	struct completions *commits;   /* filled by api's writer */
	struct completions *passwords; /* filled by api's password worker */
};

/* NULL after having logged why. */
struct pool *pool_start(const struct pool_options *options);

/* The calls below: the worker's main thread. */

/* Accepts no more connections, and serves those that are open until the web server closes
 * them. */
void pool_retire(struct pool *pool);
/* Also closes connections: a busy one after its answer, an idle one unless a request waits
 * in it. */
void pool_drain(struct pool *pool);
/* Readable once pool_retire or pool_drain was called and no connection is left. */
int pool_empty_fd(const struct pool *pool);
size_t pool_connections(struct pool *pool);
/* Ends the threads; waits for the calls in hand. */
void pool_stop(struct pool **pool);

#endif
