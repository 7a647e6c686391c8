/* SPDX-License-Identifier: MIT */
/*
 * A server without a database, for the targets http and fastcgi: everything from api_handle down to
 * the edge of sessions, writer and shared session is real, and those answer as the options of the
 * input say.
 */
#ifndef CAMPAIGN_TESTS_FUZZ_SERVER_H
#define CAMPAIGN_TESTS_FUZZ_SERVER_H

#include "api/api.h"

/* Once, before the first input. */
int server_start(void);

/*
 * For one input.  OPTIONS are letters, any others mean nothing:
 *   e errors are not shown   h no plain HTTP     p login/password as token   o session token only
 *   a security token always  0 empty passwords   l lenient casts             i unknown fields pass
 *   2 5 fault status         w WSDL needs a session     g legacy WSDL bodies
 *   n no schemas yet         s no staging database      r no rights          z bound to a zone
 *   c closed meanwhile       u with a public URL
 *   f no place for a password, q its turn comes too late
 *   R J U B outcome of the writer, D of the shared, S of the sessions
 */
struct api *server_prepare(const char *options);

/* An answer as it goes to the web server. */
struct server_answer {
	int status;
	const char *content_type;
	const char *headers; /* lines, each ended by CR LF */
	const char *body;
	size_t length;
};

/* What is true of every answer: docs/protocol.md 2.2, 3.3, 4.6, 12. */
void server_check_answer(const struct server_answer *a, const char *path);

#endif
