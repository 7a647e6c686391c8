/* SPDX-License-Identifier: MIT */
/*
 * One call in this layer: what was sent, the caller, and the causes of a fault.  Private to
 * src/api.
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
	CALL_FAILED,  /* a fault; the call has its causes */
	CALL_REFUSED, /* 403 with the call's first cause as its text: R2.12 */
	/* The writer (R7.9) or the password worker owns the call, which may be in another thread
	 * already: do not touch it any more. */
	CALL_WAITING,
};

struct call;

/* Writes the out-parameters of a call whose changes are committed. */
typedef void call_staged(void *context, struct soap_response *out);

struct call {
	struct api *api;
	const struct conf *conf;
	struct registry *registry; /* the call's snapshot; NULL: schemas are not loaded yet */
	struct request *request;
	/* members of the request: */
	const struct http_request *sent;
	struct http_response *response;
	struct arena *arena;

	struct in6_addr address;
	char address_text[ADDRESS_TEXT_SIZE]; /* "" if it is not known */
	struct zone_flags zone;
	struct soap_action action;
	struct operator_info who; /* login is "" until the caller is known */
	const char *session;	  /* the session token of the caller; NULL for other tokens */
	unsigned retry_after;	  /* seconds; not 0: a limit refused the call, R2.13 */

	bool password_checked; /* the request's password check has the result */

	struct soap_response out;
	const struct schema *staged; /* the schema that the call stages, for faults */
	call_staged *after;	     /* NULL: there are no out-parameters */
	void *after_context;

	struct fault_cause causes[CALL_MAX_CAUSES]; /* innermost first */
	size_t cause_count;
};

/* Adds a cause and returns it; if there are CALL_MAX_CAUSES, returns the last one again. */
struct fault_cause *call_cause(struct call *call);

/* The Host header.  NULL: it was not sent, or has characters that no host and port have. */
const char *call_host(const struct call *call);
/* Answers with one line of plain text. */
void call_answer_text(struct call *call, int status, const char *line);
/* R2.12: answers 403 with "<code> <text>", or 429 if retry_after is set (R2.13). */
void call_answer_refusal(struct call *call);

/*
 * Sets the cause of a database failure: ODB-240000 with NUMBER and STATE only (NUMBER 0: none is
 * known).  A BUG without a number is a defect of the daemon: CIN-100900 with a reference, which is
 * logged too.
 */
void call_database_cause(struct fault_cause *p, enum outcome rc, unsigned number,
			 const char *state);

#endif
