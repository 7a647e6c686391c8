/* SPDX-License-Identifier: MIT */
/*
 * One request, from the first byte that is read to the last byte that is written: the parts that
 * were sent, the answer, and all memory that it uses.  One thread at a time owns it; `state` tells
 * which:
 *
 *   state              owner                        changed by
 *   FREE               the server's cache           the request thread that begins to read
 *   READING            a request thread             api_handle, api_resume
 *   WAITING_PASSWORD   session/password_worker.h    its callback, which queues `done`
 *   WAITING_COMMIT     staging/writer.h             its callback, which queues `done`
 *   ANSWERING          a request thread             the server, after the answer
 *
 * A thread sets the state before it hands the request over, and does not touch the request
 * afterwards.  The request thread that takes `done` from a completion queue is the next owner.
 */
#ifndef CAMPAIGN_API_REQUEST_H
#define CAMPAIGN_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/completion.h"
#include "session/password_worker.h"
#include "staging/writer.h"

enum request_state {
	REQUEST_FREE,
	REQUEST_READING,
	REQUEST_WAITING_PASSWORD,
	REQUEST_WAITING_COMMIT,
	REQUEST_ANSWERING,
};

struct http_request {	    /* all strings are borrowed; NULL: the header was not sent */
	const char *method; /* HTTP */
	const char *path;
	const char *query;
	const char *content_type;
	const char *content_encoding;
	const char *soap_action;
	const char *session_token;  /* X-Session-Token */
	const char *security_token; /* X-Security-Token */
	const char *cookie;
	const char *authorization;
	const char *forwarded_for;
	const char *sdk_version; /* ACC-SDK-Version: R2.11 */
	const char *peer;	 /* REMOTE_ADDR */
	const char *host;	 /* HTTP_HOST */
	bool https;
	const char *body;
	size_t body_length;
	bool body_too_large; /* the reader stopped at max_request_bytes: R2.14 */
};

struct http_response {
	int status; /* 0: there is no answer to write */
	const char *content_type;
	struct buf headers; /* further header lines, each ends with "\r\n" */
	struct buf body;
};

struct call;
struct client;

struct request {
	enum request_state state;
	struct completion done;
	struct http_request sent;
	struct http_response response;
	struct arena *arena; /* reset by request_clear */
	struct buf body;     /* sent.body points to its text */

	/* used by src/api only: */
	struct call *call;
	struct password_check password; /* owned by the password worker while WAITING_PASSWORD */
	struct submission submission;	/* owned by the writer while WAITING_COMMIT */

	/* used by the server (src/ingestd) only: */
	struct client *client; /* the connection of the request */
	char context[40];      /* for log lines */
	struct buf head;       /* the head of the answer */
	bool at_end;	       /* the request was read to its end */
	struct request *next_free;
};

struct request *request_new(void);
void request_free(struct request **r);
/* Makes R ready for the next request; keeps its buffers unless they are large. */
void request_clear(struct request *r);
/* The request that contains the node. */
struct request *request_of(struct completion *done);

#endif
