/* SPDX-License-Identifier: MIT */
/*
 * A server without a database, for the targets http and fastcgi.  All code from api_handle down to
 * sessions, writer and shared session is real; these three are fakes whose results depend on the
 * options of the input.
 */
#ifndef CAMPAIGN_TESTS_FUZZ_SERVER_H
#define CAMPAIGN_TESTS_FUZZ_SERVER_H

#include "api/api.h"

/* Call it once, before the first input. */
int server_start(void);

/*
 * Prepares the server for one input.  OPTIONS are letters; other letters have no effect:
 *   e errors are not shown   h no plain HTTP     p login/password as token   o session token only
 *   a security token always  0 empty passwords   l lenient casts             i unknown fields pass
 *   2 5 fault status         w WSDL needs a session     g legacy WSDL bodies
 *   n no schemas yet         s no staging database      r no rights          z bound to a zone
 *   c session closed meanwhile                  u with a public URL
 *   f the password queue is full                q the password check is late
 *   R J U B outcome of the writer, D of the shared session, S of the sessions
 */
struct api *server_prepare(const char *options);

/* An answer as the web server gets it. */
struct server_answer {
	int status;
	const char *content_type;
	const char *headers; /* lines, each ended by CR LF */
	const char *body;
	size_t length;
};

/* Checks the properties of every answer: docs/protocol.md 2.2, 3.3, 4.6, 12. */
void server_check_answer(const struct server_answer *a, const char *path);

#endif
