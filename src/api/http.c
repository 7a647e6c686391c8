/* SPDX-License-Identifier: MIT */
/*
 * Routes HTTP requests: docs/protocol.md section 1, and the statuses of 2.1 and 2.2.  Refuses
 * unknown paths, wrong methods, bodies that are too large, encoded, or of another type, and clients
 * outside every zone; it does so before any XML is parsed.
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
#include "base/arena.h"

/* As dispatch_soap. */
static bool soap_router(struct call *call)
{
	const struct http_request *r = call->sent;
	const char *charset = NULL;

	if (strcmp(r->method, "POST") != 0) {
		buf_add(&call->response->headers, "Allow: POST\r\n");
		call_answer_text(call, 405, "Only POST is allowed.");
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
	/* This page is open to every address.  If the client's address is not known, the page shows
	 * an empty one. */
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
	const char *path = call->sent->path;

	if (strcmp(path, "/nl/jsp/soaprouter.jsp") == 0)
		return soap_router(call);
	if (strcmp(path, "/r/test") == 0 && is_get(call->sent->method))
		health_test_page(call);
	else if (strcmp(path, "/nl/jsp/ping.jsp") == 0 && is_get(call->sent->method))
		return health_ping_page(call);
	else if (strcmp(path, "/nl/jsp/schemawsdl.jsp") == 0 &&
		 (is_get(call->sent->method) || strcmp(call->sent->method, "POST") == 0))
		return wsdl_page(call);
	else
		call_answer_text(call, 404, "Not found.");
	return true;
}

static void call_end(struct call *call)
{
	registry_release(&call->registry);
	conf_ref_put(call->api->conf, call->conf);
	call->request->state = REQUEST_ANSWERING;
}

bool api_handle(struct api *api, struct request *r)
{
	struct call *call = arena_zalloc(r->arena, sizeof(*call));

	if (r->sent.method == NULL)
		r->sent.method = "";
	if (r->sent.path == NULL)
		r->sent.path = "";
	r->state = REQUEST_READING;
	r->call = call;
	call->api = api;
	call->request = r;
	call->sent = &r->sent;
	call->response = &r->response;
	call->arena = r->arena;
	call->conf = conf_ref_get(api->conf);
	call->registry = registry_slot_get(api->registry);

	if (!route(call))
		return false;
	call_end(call);
	return true;
}

/* Handles the request again from its first byte.  This time auth_password finds the result of the
 * check. */
static bool resume_after_password(struct call *call)
{
	call->request->state = REQUEST_READING;
	call->password_checked = true;
	buf_clear(&call->response->headers);
	buf_clear(&call->response->body);
	return route(call);
}

bool api_resume(struct request *r)
{
	struct call *call = r->call;

	if (r->state == REQUEST_WAITING_COMMIT)
		dispatch_resume(call);
	else if (!resume_after_password(call))
		return false;
	call_end(call);
	return true;
}
