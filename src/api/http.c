/* SPDX-License-Identifier: MIT */
/*
 * From HTTP to the part that answers: docs/protocol.md section 1, and the statuses of 2.1
 * and 2.2.  Refuses unknown paths, wrong methods, bodies that are too large, encoded, or of
 * another type, and callers from outside every zone; all of it before any XML is looked at.
 */
#include "config.h"

#include "api/api.h"

#include <string.h>
#include <strings.h>

#include "api/auth.h"
#include "api/call.h"
#include "api/dispatch.h"
#include "api/health.h"
#include "api/wsdl.h"

/* As dispatch_soap. */
static bool soap_router(struct call *call)
{
	const struct api_request *r = call->request;
	const char *charset = NULL;

	if (strcmp(r->method, "POST") != 0) {
		buf_add(&call->response->headers, "Allow: POST\r\n");
		call_answer_text(call, 405, "Only POST is answered here.");
	} else if (r->body_too_large) { /* R2.14 */
		call_answer_text(call, 413, "The request is larger than this server accepts.");
	} else if (r->content_encoding != NULL && *r->content_encoding != '\0' &&
		   strcasecmp(r->content_encoding, "identity") != 0) { /* 2.3 */
		call_answer_text(call, 415, "Encoded requests are not accepted.");
	} else if (soap_content_type(r->content_type, call->arena, &charset) < 0) { /* R2.1 */
		call_answer_text(call, 415, "Only XML is accepted here.");
	} else if (auth_place(call) < 0) {
		call_answer_refusal(call);
	} else {
		return dispatch_soap(call, charset);
	}
	return true;
}

static void health_test_page(struct call *call)
{
	/* Everybody may look; a caller without an address just sees none. */
	if (auth_place(call) < 0)
		call->cause_count = 0;
	health_test(call);
}

/* As dispatch_soap. */
static bool health_ping_page(struct call *call)
{
	if (auth_place(call) == 0)
		return health_ping(call);
	call_answer_refusal(call);
	return true;
}

static bool is_get(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* As dispatch_soap. */
static bool route(struct call *call)
{
	const char *path = call->request->path;

	if (strcmp(path, "/nl/jsp/soaprouter.jsp") == 0)
		return soap_router(call);
	if (strcmp(path, "/r/test") == 0 && is_get(call->request->method))
		health_test_page(call);
	else if (strcmp(path, "/nl/jsp/ping.jsp") == 0 && is_get(call->request->method))
		return health_ping_page(call);
	else if (strcmp(path, "/nl/jsp/schemawsdl.jsp") == 0 &&
		 (is_get(call->request->method) || strcmp(call->request->method, "POST") == 0))
		return wsdl_page(call);
	else
		call_answer_text(call, 404, "There is nothing here.");
	return true;
}

static void call_end(struct call *call)
{
	registry_release(&call->registry);
	conf_ref_put(call->api->conf, call->conf);
}

bool api_handle(struct api *api, const struct api_request *request, struct arena *arena,
		struct submission *submission, struct api_response *response)
{
	struct api_request *sent = arena_alloc(arena, sizeof(*sent));
	struct call *call = arena_zalloc(arena, sizeof(*call));

	*sent = *request;
	if (sent->method == NULL)
		sent->method = "";
	if (sent->path == NULL)
		sent->path = "";
	call->api = api;
	call->request = sent;
	call->response = response;
	call->arena = arena;
	call->submission = submission;
	call->conf = conf_ref_get(api->conf);
	call->registry = registry_slot_get(api->registry);

	if (!route(call))
		return false;
	call_end(call);
	return true;
}

/* The call is judged anew, from its first byte; where it was left before, it finds the verdict. */
static bool resume_verified(struct call *call)
{
	call->verifying = false;
	buf_clear(&call->response->headers);
	buf_clear(&call->response->body);
	return route(call);
}

bool api_resume(struct submission *submission)
{
	struct call *call = submission->owner;

	if (!call->verifying)
		dispatch_resume(call);
	else if (!resume_verified(call))
		return false;
	call_end(call);
	return true;
}
