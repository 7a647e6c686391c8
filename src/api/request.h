/* SPDX-License-Identifier: MIT */
/*
 * One request, from the first byte that is read to the last one that is written: what was sent, the
 * answer, and all memory that it takes.  One thread at a time owns it; `state` tells which:
 *
 *   state              owner                        left by
 *   FREE               the server's cache           request_thread that begins to read
 *   READING            a request thread             api_handle, api_resume
 *   WAITING_PASSWORD   session/password_worker.h    its callback, which queues `done`
 *   WAITING_COMMIT     staging/writer.h             its callback, which queues `done`
 *   ANSWERING          a request thread             the server, after the answer
 *
 * A thread sets the state before it hands the request over, and does not touch the request
 * afterwards.  A request thread that takes `done` from a completion queue owns it next.
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

struct http_request {	    /* all strings borrowed; NULL: header not sent */
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
	bool body_too_large; /* the reader gave up at max_request_bytes: R2.14 */
};

struct http_response {
	int status; /* 0: there is nothing to answer */
	const char *content_type;
	struct buf headers; /* further header lines, each ended by "\r\n" */
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
	struct buf body;     /* what sent.body points to */

	/* src/api's: */
	struct call *call;
	struct password_check password; /* while WAITING_PASSWORD, the password worker's */
	struct submission submission;	/* while WAITING_COMMIT, the writer's */

	/* The server's: */
	struct client *client; /* the connection that it came by */
	char context[40];      /* for log lines */
	struct buf head;       /* of the answer */
	bool at_end;	       /* it was read to its end */
	struct request *next_free;
};

struct request *request_new(void);
void request_free(struct request **r);
/* Makes R ready for another one; keeps memory of ordinary size. */
void request_clear(struct request *r);
/* The request in which this node lies. */
struct request *request_of(struct completion *done);

#endif
