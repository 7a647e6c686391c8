/* SPDX-License-Identifier: MIT */
/* Who is calling, and from where: docs/protocol.md 4.2, 4.5, 4.6.  Private to src/api. */
#ifndef CAMPAIGN_API_AUTH_H
#define CAMPAIGN_API_AUTH_H

#include "api/call.h"

struct auth_tokens { /* NULL: not sent, or empty */
	const char *session;
	bool by_cookie; /* the session token came by cookie (way 2 or 4 of 4.2) */
	const char *security;
	const char *bearer;
};

/* 4.2.  PARAMETER is parameter 0 of the method; SOAP_COOKIE and SOAP_SECURITY come from the
 * SOAP header; any may be NULL. */
void auth_collect(const struct http_request *request, const char *parameter,
		  const char *soap_cookie, const char *soap_security, struct arena *arena,
		  struct auth_tokens *out);

/* R4.4: whether a security token must come with these, in such a zone. */
bool auth_needs_security(const struct zone_flags *zone, const struct auth_tokens *tokens);

/* Fills in the call's address and zone.  -1: refused, the cause is set (XSV-350013). */
int auth_place(struct call *call);

/* Fills in call->who and call->session.  CALL_WAITING: a password has to be checked first;
 * the same call comes here again afterwards.  The cause is
 * set on CALL_REFUSED and CALL_FAILED (the database did not answer: no reason to send a client to
 * log on again).  An operator who is known but calls too often is refused too (R2.13). */
enum call_result auth_check(struct call *call, const struct auth_tokens *tokens);

/* The two log-ons; their failures are limited by address, and those of passwords by login too
 * (R2.13).  They fill in call->who.  auth_password may be CALL_WAITING, like auth_check. */
enum call_result auth_password(struct call *call, const char *login, const char *password);
enum call_result auth_bearer_logon(struct call *call, const char *token);

/* XSV-350008, for a session that turned out to be none. */
enum call_result auth_refuse_session(struct call *call);

#endif
