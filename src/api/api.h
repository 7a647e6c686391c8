/* SPDX-License-Identifier: MIT */
/*
 * The server as seen from HTTP: one request in, one answer out, no FastCGI in sight.
 * docs/protocol.md section 1 and 2 are decided in http.c, calls in dispatch.c against the
 * table in methods.c, and each family of methods has a file of its own.
 */
#ifndef CAMPAIGN_API_API_H
#define CAMPAIGN_API_API_H

#include "api/request.h"
#include "base/conf_ref.h"
#include "db/shared_session.h"
#include "schema/registry.h"
#include "session/limits.h"
#include "session/sessions.h"
#include "session/password_worker.h"
#include "staging/writer.h"

/* What all requests of one worker share; every member is thread-safe by itself. */
struct api {
	struct conf_ref *conf;
	struct registry_slot *registry;
	struct sessions *sessions;
	struct limits *limits; /* shared with all other workers: R2.13 */
	struct password_worker *passwords;
	struct writer *writer;
	struct shared_session *shared; /* look-ups and TestCnx */
	const char *version;	       /* PACKAGE_VERSION */
	const char *node;	       /* host name */
	bool no_staging;	       /* no staging database is configured: XSV-350063 */
};

/*
 * Any thread that owns REQUEST, whose `sent` is filled in.  True: the response is complete, and the
 * caller owns the request.  False: the request waits in another thread's hands for its commit or
 * its password (request.h); when its `done` node comes back, api_resume goes on.  After a commit
 * the response is complete; after a password the request may have to wait once more, for its
 * commit.
 */
bool api_handle(struct api *api, struct request *request);
bool api_resume(struct request *request);

#endif
