/* SPDX-License-Identifier: MIT */
/* The methods of xtk:session: docs/protocol.md 4.3. */
#include "config.h"

#include "api/session_methods.h"

#include <string.h>

#include "api/auth.h"
#include "api/lookup.h"
#include "api/session_info.h"
#include "base/arena.h"
#include "base/clock.h"

#define COOKIE_RULES "Path=/; HttpOnly; SameSite=Strict"

/* R4.9 */
static void set_session_headers(struct call *call, const char *token, const char *security)
{
	struct buf *headers = &call->response->headers;

	buf_addf(headers, "Set-Cookie: __sessiontoken=%s; " COOKIE_RULES "%s\r\n", token,
		 call->sent->https ? "; Secure" : "");
	buf_addf(headers, "X-Security-Token: %s\r\n", security);
}

/* Opens a session for the operator in call->who, after either log-on. */
static enum call_result open_session(struct call *call, struct soap_response *out)
{
	char token[SESSION_TOKEN_SIZE], security[SECURITY_TOKEN_SIZE];
	const struct conf *conf = call->conf;
	enum outcome rc;

	rc = sessions_open(call->api->sessions, &call->who, conf->session_timeout_s,
			   conf->security_timeout_s, call->address_text, token, security);
	if (rc != OUTCOME_OK) {
		call_database_cause(call_cause(call), rc, 0, NULL);
		return CALL_FAILED;
	}
	set_session_headers(call, token, security);
	soap_response_value(out, SOAP_STRING, "sessionToken", token);
	soap_response_element_begin(out, SOAP_SCHEMA_ELEMENT, "sessionInfo");
	session_info_write(call, out->out);
	soap_response_element_end(out, SOAP_SCHEMA_ELEMENT, "sessionInfo");
	soap_response_value(out, SOAP_STRING, "securityToken", security);
	return CALL_OK;
}

enum call_result session_logon(struct call *call, const struct soap_value *in,
			       struct soap_response *out)
{
	enum call_result result = auth_password(call, in[0].text, in[1].text);

	return result == CALL_OK ? open_session(call, out) : result;
}

enum call_result session_bearer_token_logon(struct call *call, const struct soap_value *in,
					    struct soap_response *out)
{
	enum call_result result = auth_bearer_logon(call, in[0].text);

	return result == CALL_OK ? open_session(call, out) : result;
}

enum call_result session_logoff(struct call *call, const struct soap_value *in,
				struct soap_response *out)
{
	enum outcome rc = OUTCOME_OK;

	(void)in;
	(void)out;
	/* A call with a Bearer token or a "login/password" token has no session to end. */
	if (call->session != NULL)
		rc = sessions_close(call->api->sessions, call->session);
	if (rc == OUTCOME_INVALID) /* the session ended in the meantime */
		return auth_refuse_session(call);
	if (rc != OUTCOME_OK) {
		call_database_cause(call_cause(call), rc, 0, NULL);
		return CALL_FAILED;
	}
	buf_add(&call->response->headers,
		"Set-Cookie: __sessiontoken=; " COOKIE_RULES "; Max-Age=0\r\n");
	return CALL_OK;
}

enum call_result session_test_cnx(struct call *call, const struct soap_value *in,
				  struct soap_response *out)
{
	const char *time;
	struct fault_cause p = {0};

	(void)in;
	(void)out;
	if (lookup_server_time(call->api->shared, call->arena, &time, &p) < 0) {
		*call_cause(call) = p;
		return CALL_FAILED;
	}
	return CALL_OK;
}

enum call_result session_get_user_info(struct call *call, const struct soap_value *in,
				       struct soap_response *out)
{
	(void)in;
	soap_response_element_begin(out, SOAP_SCHEMA_ELEMENT, "userInfo");
	user_info_write(call, out->out);
	soap_response_element_end(out, SOAP_SCHEMA_ELEMENT, "userInfo");
	return CALL_OK;
}

enum call_result session_get_server_time(struct call *call, const struct soap_value *in,
					 struct soap_response *out)
{
	char now[CLOCK_TEXT_SIZE];

	(void)in;
	clock_format(now, clock_utc_ms(), 'T');
	soap_response_value(out, SOAP_DATETIME, "serverTime",
			    arena_printf(call->arena, "%sZ", now));
	return CALL_OK;
}

#define OPTION_TYPE_UNKNOWN "0"
#define OPTION_TYPE_STRING  "6"

/* Returns NULL if the option does not exist. */
static const char *option_value(const struct call *call, const char *name)
{
	const struct conf *conf = call->conf;

	if (strcmp(name, "XtkDatabaseId") == 0) {
		char *id = arena_zalloc(call->arena, 24);

		sessions_database_id(call->api->sessions, id);
		return id;
	}
	for (size_t i = 0; i < conf->option_count; i++)
		if (strcmp(conf->options[i].name, name) == 0)
			return conf->options[i].value;
	return NULL;
}

enum call_result session_get_option(struct call *call, const struct soap_value *in,
				    struct soap_response *out)
{
	const char *value = option_value(call, in[0].text);

	soap_response_value(out, SOAP_STRING, "value", value);
	soap_response_value(out, SOAP_BYTE, "type",
			    value != NULL ? OPTION_TYPE_STRING : OPTION_TYPE_UNKNOWN);
	return CALL_OK;
}
