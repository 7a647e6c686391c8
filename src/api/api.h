/* SPDX-License-Identifier: MIT */
/*
 * The server as seen from HTTP: one request in, one answer out, no FastCGI in sight.
 * docs/protocol.md section 1 and 2 are decided in http.c, calls in dispatch.c against the
 * table in methods.c, and each family of methods has a file of its own.
 */
#ifndef CAMPAIGN_API_API_H
#define CAMPAIGN_API_API_H

#include "base/alloc.h"
#include "base/buf.h"
#include "base/conf_ref.h"
#include "db/lane.h"
#include "schema/registry.h"
#include "session/limits.h"
#include "session/sessions.h"
#include "session/verifier.h"
#include "staging/writer.h"

struct api_request {	    /* all strings borrowed; NULL: header not sent */
	const char *method; /* HTTP */
	const char *path;
	const char *query;
	const char *content_type;
	const char *content_encoding;
	const char *soap_action;
	const char *session_token;  /* X-Session-Token */
	const char *security_token; /* X-Security-Token */
	const char *cookie;
	const char *authorization;
	const char *forwarded_for;
	const char *sdk_version; /* ACC-SDK-Version: R2.11 */
	const char *peer;	 /* REMOTE_ADDR */
	const char *host;	 /* HTTP_HOST */
	bool https;
	const char *body;
	size_t body_length;
	bool body_too_large; /* the reader gave up at max_request_bytes: R2.14 */
};

struct api_response {
	int status;
	const char *content_type;
	struct buf headers; /* further header lines, each ended by "\r\n" */
	struct buf body;
};

/* What all requests of one worker share; every member is thread-safe by itself. */
struct api {
	struct conf_ref *conf;
	struct registry_slot *registry;
	struct sessions *sessions;
	struct limits *limits;	   /* shared with all other workers: R2.13 */
	struct verifier *verifier; /* its verifications' owners are submissions */
	struct writer *writer;
	struct db_lane *lane; /* look-ups and TestCnx */
	const char *version;  /* PACKAGE_VERSION */
	const char *node;     /* host name */
	bool no_staging;      /* no staging database is configured: XSV-350063 */
};

/*
 * Any thread.  ARENA is reset by the caller afterwards; RESPONSE's buffers are the caller's.
 * True: RESPONSE is complete.  False: the call waits in SUBMISSION, for its commit or for its
 * password to be verified; all that was passed must stay as it is, and when the writer or the
 * verifier has answered, api_resume goes on with it.  What comes back from the writer is complete
 * then; what comes back from the verifier may have to wait once more, for its commit.
 */
bool api_handle(struct api *api, const struct api_request *request, struct arena *arena,
		struct submission *submission, struct api_response *response);
bool api_resume(struct submission *submission);

#endif
