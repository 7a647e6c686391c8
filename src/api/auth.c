/* SPDX-License-Identifier: MIT */
/*
 * Finds the tokens of a request, checks them, and refuses with the texts of docs/protocol.md 4.6.
 * It never logs a token or a password.
 */
#include "config.h"

#include "api/auth.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "session/limits.h"
#include "soap/codes.h"

#define COOKIE_NAME "__sessiontoken"

static const char *non_empty(const char *s)
{
	return s != NULL && *s != '\0' ? s : NULL;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* The value of the cookie __sessiontoken in "a=b; __sessiontoken=...; c=d"; NULL if it is not
 * there. */
static const char *cookie_token(const char *header, struct arena *arena)
{
	const size_t name_length = strlen(COOKIE_NAME);
	const char *s = header != NULL ? header : "";

	while (*(s = skip_blanks(s)) != '\0') {
		size_t length = strcspn(s, ";");

		if (length > name_length && strncmp(s, COOKIE_NAME "=", name_length + 1) == 0) {
			const char *value = s + name_length + 1;
			size_t n = length - name_length - 1;

			while (n > 0 && strchr(" \t\r\n", value[n - 1]) != NULL)
				n--;
			if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
				value++;
				n -= 2;
			}
			if (n > 0)
				return arena_strndup(arena, value, n);
		}
		s += length;
		if (*s == ';')
			s++;
	}
	return NULL;
}

static const char *bearer_token(const char *authorization)
{
	static const char scheme[] = "Bearer";
	const size_t n = sizeof(scheme) - 1;

	if (authorization == NULL || strncasecmp(authorization, scheme, n) != 0 ||
	    (authorization[n] != ' ' && authorization[n] != '\t'))
		return NULL;
	return non_empty(skip_blanks(authorization + n));
}

void auth_collect(const struct http_request *request, const char *parameter,
		  const char *soap_cookie, const char *soap_security, struct arena *arena,
		  struct auth_tokens *out)
{
	memset(out, 0, sizeof(*out));
	out->bearer = bearer_token(request->authorization);
	out->security = non_empty(request->security_token);
	if (out->security == NULL)
		out->security = non_empty(soap_security);

	if ((out->session = non_empty(parameter)) != NULL)
		return;
	out->by_cookie = true;
	if ((out->session = cookie_token(request->cookie, arena)) != NULL)
		return;
	out->by_cookie = false;
	if ((out->session = non_empty(request->session_token)) != NULL)
		return;
	out->session = cookie_token(soap_cookie, arena);
	out->by_cookie = out->session != NULL;
}

bool auth_needs_security(const struct zone_flags *zone, const struct auth_tokens *tokens)
{
	if (zone->session_token_only)
		return false;
	return zone->security_token_always || tokens->by_cookie;
}

enum call_result auth_refuse_session(struct call *call)
{
	fault_cause_set(call_cause(call), CODE_SESSION_INVALID,
			"This session has expired or is invalid; log on again.");
	return CALL_REFUSED;
}

static enum call_result refuse_address(struct call *call)
{
	fault_cause_set(call_cause(call), CODE_ADDRESS_REFUSED, "Address %s may not connect here.",
			call->address_text);
	return CALL_REFUSED;
}

int auth_place(struct call *call)
{
	const struct http_request *r = call->sent;

	if (r->peer == NULL || zone_client_address(call->conf, r->peer, r->forwarded_for,
						   &call->address, call->address_text) < 0) {
		/* The client's address is not known, so it is in no zone. */
		call->address_text[0] = '\0';
		fault_cause_set(call_cause(call), CODE_ADDRESS_REFUSED,
				"The client address could not be determined.");
		return -1;
	}
	call->zone = zone_of(call->conf, &call->address);
	if (!call->zone.any) {
		refuse_address(call);
		return -1;
	}
	if (!r->https && !call->zone.allow_http) {
		fault_cause_set(call_cause(call), CODE_ADDRESS_REFUSED,
				"Address %s may connect by HTTPS only.", call->address_text);
		return -1;
	}
	return 0;
}

/* 4.5: an operator may be bound to a zone. */
static enum call_result check_binding(struct call *call)
{
	const char *zone = call->who.zone;

	if (*zone != '\0' && !zone_named_contains(call->conf, zone, &call->address)) {
		call->who.login[0] = '\0';
		return refuse_address(call);
	}
	return CALL_OK;
}

static enum call_result database_failed(struct call *call, enum outcome rc)
{
	call_database_cause(call_cause(call), rc, 0, NULL);
	return CALL_FAILED;
}

/* --- R2.13 ------------------------------------------------------------------------------- */

static enum call_result unless_limited(struct call *call, unsigned wait_s, const char *text)
{
	call->retry_after = wait_s;
	if (wait_s == 0)
		return CALL_OK;
	fault_cause_set(call_cause(call), CODE_THROUGHPUT, "%s; try again later.", text);
	return CALL_REFUSED;
}

static struct limits_rate per_minute(unsigned count)
{
	return (struct limits_rate){.count = count, .per_s = 60, .burst = count};
}

/* Checks the limits before the secret is checked.  LOGIN NULL: a Bearer token.  Such a token cannot
 * be guessed, so only the limit of the address applies. */
static enum call_result check_logon_limit(struct call *call, const char *login)
{
	const struct limits_rate of_address = per_minute(call->conf->logon_failures_per_minute);
	const struct limits_rate of_login =
	    per_minute(call->conf->operator_logon_failures_per_minute);
	struct limits *limits = call->api->limits;
	int64_t now_us = clock_monotonic_us();

	if (unless_limited(call, limits_logon_wait_s(limits, &call->address, &of_address, now_us),
			   "Too many failed logons from this address") != CALL_OK)
		return CALL_REFUSED;
	if (login == NULL)
		return CALL_OK;
	return unless_limited(call,
			      limits_login_wait_s(limits, login, &call->address, &of_login, now_us),
			      "Too many failed logons of this operator");
}

/* At most one line per second, so that an attack cannot flood the log.  The web server's access log
 * shows all attempts. */
static void log_failed_logon(const struct call *call, const char *login)
{
	static struct log_rate rate;
	unsigned long skipped;
	char escaped[64];

	if (!log_rate_allow(&rate, 1, &skipped))
		return;
	if (login == NULL)
		log_warn("logon failed: a Bearer token from %s (%lu more of these)",
			 call->address_text, skipped);
	else
		log_warn("logon failed: operator \"%s\" from %s (%lu more of these)",
			 log_escape(escaped, sizeof(escaped), login), call->address_text, skipped);
}

static void logon_failed(struct call *call, const char *login)
{
	const struct limits_rate of_address = per_minute(call->conf->logon_failures_per_minute);
	const struct limits_rate of_login =
	    per_minute(call->conf->operator_logon_failures_per_minute);
	int64_t now_us = clock_monotonic_us();

	log_failed_logon(call, login);
	limits_logon_failed(call->api->limits, &call->address, &of_address, now_us);
	if (login != NULL)
		limits_login_failed(call->api->limits, login, &of_login, now_us);
}

static enum call_result check_operator_limit(struct call *call)
{
	const struct conf *conf = call->conf;
	const struct limits_rate rate = {
	    .count = conf->operator_rate, .per_s = 1, .burst = conf->operator_burst};

	return unless_limited(
	    call,
	    limits_operator_call(call->api->limits, call->who.id, &rate, clock_monotonic_us()),
	    "Too many calls of this operator");
}

/* --- passwords, tokens ---------------------------------------------------------------------- */

static enum password_caller caller_of(const struct call *call, const char *login)
{
	struct limits *limits = call->api->limits;
	int64_t now_us = clock_monotonic_us();
	bool proven = limits_login_is_proven(limits, login, &call->address, now_us);

	if (limits_logon_failed_lately(limits, &call->address, now_us))
		return proven ? CALLER_UNKNOWN : CALLER_RECENTLY_FAILED;
	return proven ? CALLER_PROVEN : CALLER_UNKNOWN;
}

/* CALL_WAITING: the password worker owns the request. */
static enum call_result begin_password_check(struct call *call, const char *login,
					     const char *password)
{
	struct request *r = call->request;

	r->password =
	    (struct password_check){.login = login,
				    .password = password,
				    .allow_empty_password = call->zone.allow_empty_password,
				    .address = call->address,
				    .caller = caller_of(call, login),
				    .done = &r->done};
	r->state = REQUEST_WAITING_PASSWORD;
	if (password_worker_submit(call->api->passwords, &r->password))
		return CALL_WAITING;
	r->state = REQUEST_READING;
	return unless_limited(call, 1, "Too many logons at once");
}

static enum call_result end_password_check(struct call *call, const char *login)
{
	const struct password_check *check = &call->request->password;

	if (check->late)
		return unless_limited(call, 1, "Too many logons at once");
	if (check->rc == OUTCOME_INVALID) {
		logon_failed(call, login);
		fault_cause_set(call_cause(call), CODE_LOGIN_INVALID, "Invalid login or password");
		return CALL_REFUSED;
	}
	if (check->rc != OUTCOME_OK)
		return database_failed(call, check->rc);
	limits_login_proven(call->api->limits, login, &call->address, clock_monotonic_us());
	call->who = check->who;
	return check_binding(call);
}

enum call_result auth_password(struct call *call, const char *login, const char *password)
{
	if (call->password_checked)
		return end_password_check(call, login);
	if (check_logon_limit(call, login) != CALL_OK)
		return CALL_REFUSED;
	return begin_password_check(call, login, password);
}

static enum call_result check_bearer(struct call *call, const char *token, bool logon)
{
	enum outcome rc = sessions_check_bearer(call->api->sessions, token, &call->who);

	if (rc == OUTCOME_INVALID) {
		if (logon)
			logon_failed(call, NULL);
		return auth_refuse_session(call);
	}
	return rc == OUTCOME_OK ? check_binding(call) : database_failed(call, rc);
}

enum call_result auth_bearer_logon(struct call *call, const char *token)
{
	if (check_logon_limit(call, NULL) != CALL_OK)
		return CALL_REFUSED;
	return check_bearer(call, token, true);
}

/* R4.5: "login/password", cut at the first "/". */
static enum call_result check_login_token(struct call *call, const struct auth_tokens *tokens)
{
	const char *slash = strchr(tokens->session, '/');
	const char *login;

	/* Such a pair has no security token.  So it is refused if a security token is required, or
	 * if one was sent, which cannot be correct. */
	if (slash == NULL || !call->zone.allow_user_password || tokens->security != NULL ||
	    auth_needs_security(&call->zone, tokens))
		return auth_refuse_session(call);
	login = arena_strndup(call->arena, tokens->session, (size_t)(slash - tokens->session));
	return auth_password(call, login, slash + 1);
}

/* R4.4: if a security token was sent, it must be correct even if none is required. */
static enum outcome check_security_token(struct call *call, const struct auth_tokens *tokens,
					 bool expired)
{
	if (tokens->security == NULL)
		return auth_needs_security(&call->zone, tokens) ? OUTCOME_INVALID : OUTCOME_OK;
	if (expired)
		return OUTCOME_INVALID;
	return sessions_check_security(call->api->sessions, tokens->session, tokens->security);
}

static enum call_result check_session_token(struct call *call, const struct auth_tokens *tokens)
{
	struct sessions *sessions = call->api->sessions;
	bool security_expired = false;
	enum outcome rc;

	rc = sessions_check(sessions, tokens->session, &call->who, &security_expired);
	if (rc != OUTCOME_OK && rc != OUTCOME_INVALID)
		return database_failed(call, rc);
	if (rc == OUTCOME_INVALID)
		return auth_refuse_session(call);
	rc = check_security_token(call, tokens, security_expired);
	if (rc != OUTCOME_OK) {
		call->who.login[0] = '\0';
		return rc == OUTCOME_INVALID ? auth_refuse_session(call)
					     : database_failed(call, rc);
	}
	call->session = tokens->session;
	return check_binding(call);
}

static enum call_result identify(struct call *call, const struct auth_tokens *tokens)
{
	if (tokens->bearer != NULL) /* R4.6 */
		return check_bearer(call, tokens->bearer, false);
	if (tokens->session == NULL)
		return auth_refuse_session(call);
	if (strncmp(tokens->session, "___", 3) == 0)
		return check_session_token(call, tokens);
	return check_login_token(call, tokens);
}

enum call_result auth_check(struct call *call, const struct auth_tokens *tokens)
{
	enum call_result result = identify(call, tokens);

	return result == CALL_OK ? check_operator_limit(call) : result;
}
