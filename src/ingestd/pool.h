/* SPDX-License-Identifier: MIT */
/*
 * The request threads of one worker and the connections that they serve.
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
	unsigned worker;	       /* the worker's number, for log lines */
	struct api *api;	       /* borrowed, like the members below */
	struct completions *commits;   /* filled by the api's writer */
	struct completions *passwords; /* filled by the api's password worker */
};

/* Returns NULL after it has logged why. */
struct pool *pool_start(const struct pool_options *options);

/* Only the worker's main thread may call the functions below. */

/* Stops accepting.  Open connections are served until the web server closes them. */
void pool_retire(struct pool *pool);
/* Calls pool_retire, and closes connections: a busy one after its answer, an idle one unless it has
 * a request waiting. */
void pool_drain(struct pool *pool);
/* Readable after pool_retire or pool_drain, when no connection is left. */
int pool_empty_fd(const struct pool *pool);
size_t pool_connections(struct pool *pool);
/* Waits until all requests are answered, then ends the threads. */
void pool_stop(struct pool **pool);

#endif
