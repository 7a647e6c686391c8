/* SPDX-License-Identifier: MIT */
/*
 * One call on its way through this layer: what was sent, who sent it, and what went wrong.
 * Private to src/api.
 */
#ifndef CAMPAIGN_API_CALL_H
#define CAMPAIGN_API_CALL_H

#include <netinet/in.h>

#include "api/api.h"
#include "soap/fault_cause.h"
#include "session/zone.h"
#include "soap/envelope.h"
#include "soap/response.h"

#define CALL_MAX_CAUSES 2

enum call_result {
	CALL_OK,
	CALL_FAILED,  /* a fault; its causes are in the call */
	CALL_REFUSED, /* 403 with the call's first cause as its text: R2.12 */
	/* Handed over to the writer (R7.9) or the password worker: the call may be in another
	 * thread already, and is not touched any more. */
	CALL_WAITING,
};

struct call;

/* Writes the out-parameters of a call whose changes are committed. */
typedef void call_staged(void *context, struct soap_response *out);

struct call {
	struct api *api;
	const struct conf *conf;
	struct registry *registry; /* this call's snapshot; NULL: nothing was loaded yet */
	struct request *request;
	/* Of the request: */
	const struct http_request *sent;
	struct http_response *response;
	struct arena *arena;

	struct in6_addr address;
	char address_text[ADDRESS_TEXT_SIZE]; /* "" if the peer has none */
	struct zone_flags zone;
	struct soap_action action;
	struct operator_info who; /* login is "" until the caller is known */
	const char *session;	  /* the session token that proved it; NULL for other ways */
	unsigned retry_after;	  /* seconds; not 0: refused by a limit, R2.13 */

	bool password_checked; /* the result is in the request's password check */

	struct soap_response out;
	const struct schema *staged; /* what it stages, for faults */
	call_staged *after;	     /* NULL: there are no out-parameters */
	void *after_context;

	struct fault_cause causes[CALL_MAX_CAUSES]; /* innermost first */
	size_t cause_count;
};

/* The place of the next cause; the last one again when all are taken. */
struct fault_cause *call_cause(struct call *call);

/* The host that the caller asked, NULL if it is not made of what hosts and ports are made of. */
const char *call_host(const struct call *call);
/* An answer of one line of plain text. */
void call_answer_text(struct call *call, int status, const char *line);
/* R2.12: 403 with "<code> <text>", or 429 when retry_after is set (R2.13). */
void call_answer_refusal(struct call *call);

/*
 * What a caller is told of a database that did not do its work: ODB-240000 with number and
 * state only (0: the failure has none).  A BUG without a number is ours: CIN-100900 with
 * a reference that is logged too.
 */
void call_database_cause(struct fault_cause *p, enum outcome rc, unsigned number,
			 const char *state);

#endif
