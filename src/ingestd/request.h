/* SPDX-License-Identifier: MIT */
/*
 * One request: from FastCGI's parameters and body to struct api_request, and from struct
 * api_response back.
 */
#ifndef CAMPAIGN_INGESTD_REQUEST_H
#define CAMPAIGN_INGESTD_REQUEST_H

#include <fcgiapp.h>
#include <stdbool.h>

#include "api/api.h"

/* What one call needs while it is under way; kept afterwards for another one, so that it need
 * not allocate. */
struct request_room {
	struct arena *arena;
	struct buf body;
	struct buf head;
	struct api_response response;
	struct submission submission;
	bool at_end; /* the request was read to its end */

	/* The pool's: */
	struct client *client; /* whose request it is */
	char context[40];      /* for log lines */
	struct request_room *next;
};

struct request_room *request_room_new(void);
void request_room_free(struct request_room *room);
/* The room in which this submission lies. */
struct request_room *request_room_of(struct submission *submission);

/* Reads the body and has the call answered.  False: it waits, and when that is over, request_resume
 * goes on with it; both as api.h says. */
bool request_handle(FCGX_Request *fcgx, struct api *api, struct request_room *room);
bool request_resume(struct request_room *room);
/* Writes the answer, and empties the room.  False: the request was not read to its end, so the
 * connection can carry no further one. */
bool request_answer(FCGX_Request *fcgx, struct request_room *room);

#endif
