/* SPDX-License-Identifier: MIT */
/*
 * The interface of this layer: one HTTP request in, one answer out.  It does not know FastCGI.
 * http.c implements sections 1 and 2 of docs/protocol.md, dispatch.c handles calls with the table
 * in methods.c, and each family of methods has its own file.
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

/* Shared by all requests of one worker.  Each member is thread-safe by itself. */
struct api {
	struct conf_ref *conf;
	struct registry_slot *registry;
	struct sessions *sessions;
	struct limits *limits; /* shared by all workers: R2.13 */
	struct password_worker *passwords;
	struct writer *writer;
	struct shared_session *shared; /* for look-ups and TestCnx */
	const char *version;	       /* PACKAGE_VERSION */
	const char *node;	       /* host name */
	bool no_staging;	       /* no staging database is configured: XSV-350063 */
};

/*
 * The calling thread owns REQUEST, and has filled in its `sent`. True: the response is complete,
 * and the caller owns the request again.  False: the writer or the password worker owns the request
 * (request.h); when its `done` node comes back, the thread that takes it calls api_resume.  After a
 * commit the response is complete.  After a password check the request may have to wait again, for
 * its commit.
 */
bool api_handle(struct api *api, struct request *request);
bool api_resume(struct request *request);

#endif
