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

/* What a request thread keeps from one request to the next, so that it need not allocate. */
struct request_room {
	struct arena *arena;
	struct buf body;
	struct buf head;
	struct api_response response;
};

void request_room_init(struct request_room *room);
void request_room_free(struct request_room *room);

/* Reads the body, has the call answered and writes the answer.  False: the body was not
 * read to its end, so the connection can carry no further request. */
bool request_handle(FCGX_Request *fcgx, struct api *api, struct request_room *room);

#endif
