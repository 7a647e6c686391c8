/* SPDX-License-Identifier: MIT */
/* Creates, clears and frees requests; see request.h. */
#include "config.h"

#include "api/request.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/arena.h"

/* Larger buffers are freed before the next request. */
#define KEPT_BYTES (256u << 10)

struct request *request_new(void)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->arena = arena_new();
	return r;
}

void request_free(struct request **r)
{
	if (*r == NULL)
		return;
	arena_free(&(*r)->arena);
	buf_free(&(*r)->body);
	buf_free(&(*r)->head);
	buf_free(&(*r)->response.headers);
	buf_free(&(*r)->response.body);
	free(*r);
	*r = NULL;
}

static void clear_buffer(struct buf *b)
{
	if (b->size > KEPT_BYTES)
		buf_free(b);
	else
		buf_clear(b);
}

void request_clear(struct request *r)
{
	arena_reset(r->arena);
	clear_buffer(&r->body);
	clear_buffer(&r->head);
	clear_buffer(&r->response.headers);
	clear_buffer(&r->response.body);
	r->response.status = 0;
	r->response.content_type = NULL;
	r->sent = (struct http_request){0};
	r->call = NULL;
	r->client = NULL;
	r->state = REQUEST_FREE;
}

struct request *request_of(struct completion *done)
{
	return (struct request *)(void *)((char *)done - offsetof(struct request, done));
}
