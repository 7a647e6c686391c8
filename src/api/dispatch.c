/* SPDX-License-Identifier: MIT */
/*
 * Checks a call in this order: XML, envelope, action, authentication, method, parameters, right;
 * then runs it.  The caller is authenticated before the method is known to exist (docs/protocol.md
 * 4.6), except for the anonymous methods.
 */
#include "config.h"

#include "api/dispatch.h"

#include <string.h>

#include "api/auth.h"
#include "api/stage.h"
#include "api/methods.h"
#include "base/log.h"
#include "soap/codes.h"
#include "soap/response.h"

/* R2.11 */
static int fault_status(const struct call *call)
{
	switch (call->conf->fault_http_status) {
	case CONF_FAULT_200:
		return 200;
	case CONF_FAULT_500:
		return 500;
	case CONF_FAULT_AUTO:
		break;
	}
	return call->sent->sdk_version != NULL ? 200 : 500;
}

/* While the database is away every call fails; one line per second is enough for them. */
static bool log_allowed(const char *code)
{
	static struct log_rate rate;
	unsigned long skipped;

	if (strcmp(code, CODE_DATABASE) != 0)
		return true;
	if (!log_rate_allow(&rate, 1, &skipped))
		return false;
	if (skipped > 0)
		log_info("%lu more calls failed with %s", skipped, code);
	return true;
}

static void log_failure(const struct call *call, const char *code)
{
	char service[128], method[128], login[64];

	if (!log_allowed(code))
		return;
	log_info(
	    "%s#%s failed: %s (operator %s)",
	    log_escape(service, sizeof(service),
		       call->action.service != NULL ? call->action.service : ""),
	    log_escape(method, sizeof(method),
		       call->action.method != NULL ? call->action.method : ""),
	    code,
	    log_escape(login, sizeof(login), call->who.login[0] != '\0' ? call->who.login : "-"));
}

/* R2.9 */
static void soap_headers(struct call *call, int status)
{
	call->response->status = status;
	call->response->content_type = "text/xml; charset=utf-8";
	buf_add(&call->response->headers, "Cache-Control: no-store\r\n");
}

static void answer_fault(struct call *call, enum soap_fault_class class,
			 const struct fault_cause *p)
{
	soap_headers(call, fault_status(call));
	log_failure(call, p->code);
	soap_fault_write(&call->response->body, class, p->code, p->text, NULL, 0);
}

/* Without a configured staging database calls fail as if it were away; this cause tells the caller
 * the difference. */
static void name_missing_database(struct call *call)
{
	for (size_t i = 0; call->api->no_staging && i < call->cause_count; i++)
		if (strcmp(call->causes[i].code, CODE_DATABASE) == 0 ||
		    strcmp(call->causes[i].code, CODE_INTERNAL) == 0)
			fault_cause_set(&call->causes[i], CODE_NO_STAGING_DB,
					"No staging database is configured.");
}

/* R3.18: the fault of a method that failed, or was refused before it started. */
static void answer_failure(struct call *call)
{
	char service[FAULT_NAME_SIZE], method[FAULT_NAME_SIZE];
	struct fault_cause p = {0};

	name_missing_database(call);
	buf_clear(&call->response->body);
	soap_headers(call, fault_status(call));
	log_failure(call, call->causes[0].code);
	if (!call->zone.show_errors) { /* R3.19 */
		soap_fault_write(&call->response->body, SOAP_FAULT_MASKED, CODE_MASKED,
				 "The call failed; see the server log.", NULL, 0);
		return;
	}
	fault_cause_set(
	    &p, CODE_METHOD_FAILED, "Error while executing the method '%s' of service '%s'.",
	    fault_quote(method, call->action.method), fault_quote(service, call->action.service));
	soap_fault_write(&call->response->body, SOAP_FAULT_SERVER, p.code, p.text, call->causes,
			 call->cause_count);
}

static void answer_refusal(struct call *call)
{
	buf_clear(&call->response->body);
	log_failure(call, call->causes[0].code);
	call_answer_refusal(call);
}

static void answer_no_method(struct call *call)
{
	char service[FAULT_NAME_SIZE], method[FAULT_NAME_SIZE];
	struct fault_cause p = {0};

	fault_quote(service, call->action.service);
	if (methods_service_listed(&call->action))
		fault_cause_set(&p, CODE_NO_METHOD,
				"The method '%s' is not defined in service '%s'.",
				fault_quote(method, call->action.method), service);
	else
		fault_cause_set(&p, CODE_ACTION, "The service '%s' is unknown.", service);
	answer_fault(call, SOAP_FAULT_CLIENT, &p);
}

static enum call_result check_right(struct call *call, const struct method *method)
{
	if (method->right == RIGHT_NONE ||
	    right_allows(call->who.rights, call->who.right_count, method->right, NULL))
		return CALL_OK;
	fault_cause_set(call_cause(call), CODE_RIGHT, "Access denied: the right '%s' is missing.",
			right_name(method->right));
	return CALL_FAILED;
}

static enum call_result authenticate(struct call *call, const struct soap_envelope *envelope,
				     const struct method *method)
{
	struct auth_tokens tokens;
	const char *parameter;

	if (method != NULL && method->anonymous)
		return CALL_OK;
	parameter =
	    soap_session_token(envelope->method, method != NULL ? (int)method->in_count : -1);
	auth_collect(call->sent, parameter, envelope->header_cookie,
		     envelope->header_security_token, call->arena, &tokens);
	return auth_check(call, &tokens);
}

static enum call_result run(struct call *call, const struct method *method,
			    const struct soap_value *values)
{
	enum call_result result = check_right(call, method);

	if (result != CALL_OK)
		return result;
	soap_response_begin(&call->out, &call->response->body, method->name, methods_urn(method));
	return method->run(call, values, &call->out);
}

static void end_response(struct call *call)
{
	if (call->after != NULL)
		call->after(call->after_context, &call->out);
	soap_response_end(&call->out);
	soap_headers(call, 200);
}

/* False: another owner has the call (CALL_WAITING). */
static bool finish(struct call *call, enum call_result result)
{
	switch (result) {
	case CALL_OK:
		end_response(call);
		break;
	case CALL_FAILED:
		answer_failure(call);
		break;
	case CALL_REFUSED:
		answer_refusal(call);
		break;
	case CALL_WAITING:
		return false;
	}
	return true;
}

static int read_envelope(struct call *call, const char *charset, struct soap_envelope *envelope)
{
	const struct http_request *r = call->sent;
	enum soap_fault_class class = SOAP_FAULT_CLIENT;
	const struct xml_element *root;
	struct fault_cause p = {0};

	root = xml_parse(r->body != NULL ? r->body : "", r->body_length, charset,
			 &xml_limits_default, call->arena, &p);
	if (root == NULL || soap_envelope_read(root, envelope, &class, &p) < 0 ||
	    soap_action_read(r->soap_action, r->query, envelope->method, call->arena, &call->action,
			     &p) < 0) {
		answer_fault(call, class, &p);
		return -1;
	}
	return 0;
}

bool dispatch_soap(struct call *call, const char *charset)
{
	struct soap_value values[METHOD_MAX_PARAMS] = {{0}};
	const struct method *method;
	struct soap_envelope envelope;
	enum call_result result;
	struct fault_cause p = {0};

	if (read_envelope(call, charset, &envelope) < 0)
		return true;
	method = methods_find(&call->action);
	result = authenticate(call, &envelope, method);
	if (result != CALL_OK)
		return finish(call, result);
	if (method == NULL)
		answer_no_method(call);
	else if (soap_params_read(envelope.method, method->in, method->in_count, values, &p) < 0)
		answer_fault(call, SOAP_FAULT_CLIENT, &p);
	else
		return finish(call, run(call, method, values));
	return true;
}

void dispatch_resume(struct call *call)
{
	finish(call, stage_result(call));
}
