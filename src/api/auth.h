/* SPDX-License-Identifier: MIT */
/* The authentication of a call and the zone of its address: docs/protocol.md 4.2, 4.5, 4.6.
 * Private to src/api. */
#ifndef CAMPAIGN_API_AUTH_H
#define CAMPAIGN_API_AUTH_H

#include "api/call.h"

struct auth_tokens { /* NULL: not sent, or empty */
	const char *session;
	bool by_cookie; /* the session token came by cookie (way 2 or 4 of 4.2) */
	const char *security;
	const char *bearer;
};

/* 4.2.  PARAMETER is parameter 0 of the method; SOAP_COOKIE and SOAP_SECURITY come from the SOAP
 * header.  Each may be NULL. */
void auth_collect(const struct http_request *request, const char *parameter,
		  const char *soap_cookie, const char *soap_security, struct arena *arena,
		  struct auth_tokens *out);

/* R4.4: true if these tokens need a security token in such a zone. */
bool auth_needs_security(const struct zone_flags *zone, const struct auth_tokens *tokens);

/* Sets the call's address and zone. -1: the address is refused, and the cause is set
 * (XSV-350013). */
int auth_place(struct call *call);

/* Sets call->who and call->session.  CALL_WAITING: a password has to be checked first; after the
 * check the same call comes here again.  The cause is set on CALL_REFUSED and CALL_FAILED.
 * CALL_FAILED means that the database did not answer, so the client need not log on again.  An
 * authenticated operator who calls too often is refused too (R2.13). */
enum call_result auth_check(struct call *call, const struct auth_tokens *tokens);

/* The two log-ons.  Both set call->who.  Failures are limited by address, and those of passwords
 * also by login (R2.13). auth_password may return CALL_WAITING, like auth_check. */
enum call_result auth_password(struct call *call, const char *login, const char *password);
enum call_result auth_bearer_logon(struct call *call, const char *token);

/* Refuses an invalid session with XSV-350008. */
enum call_result auth_refuse_session(struct call *call);

#endif
