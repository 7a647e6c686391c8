/* SPDX-License-Identifier: MIT */
/*
 * The thread that checks passwords: one per worker process, one password after the other, at the
 * lowest priority. argon2id is expensive by design.  A call that waits for its check holds no
 * request thread, and the queue is bounded, so password guessing takes neither request threads nor
 * much processor time from ingestion.
 */
#ifndef CAMPAIGN_SESSION_PASSWORD_WORKER_H
#define CAMPAIGN_SESSION_PASSWORD_WORKER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/completion.h"
#include "base/outcome.h"
#include "db/db.h"
#include "session/operator.h"

/* The history of the address that a password comes from. */
enum password_caller {
	CALLER_RECENTLY_FAILED, /* a log-on from this address failed recently */
	CALLER_UNKNOWN,		/* no entry; or one failed recently, and the address is proven as
				 * well */
	CALLER_PROVEN,		/* this operator has logged on from this address before */
};

struct password_worker;

/* One password to check.  The caller owns it.  Until DONE is passed to the callback, the caller
 * keeps it, and all that it points to, unchanged. */
struct password_check {
	const char *login, *password;
	bool allow_empty_password;
	struct in6_addr address;
	enum password_caller caller;
	struct completion *done; /* the caller's node */

	/* The result.  OK: WHO is the operator.  INVALID: the login or password is wrong or the
	 * operator is disabled; all three give the same answer after the same time (R4.12).  RETRY,
	 * BUG: the database did not answer, or, with LATE, the check did not start in time. */
	enum outcome rc;
	struct operator_info who;
	bool late;

	/* Used by the worker only: */
	struct password_check *next;
	int64_t give_up_ms;
};

struct password_worker_options {
	struct db_login login;	/* borrowed; the strings must outlive the worker */
	unsigned wait_limit_ms; /* a check that has not started by then is late */
	/* Called in the worker's thread with the node of a finished check, which the caller owns
	 * again.  It must return soon. */
	void (*done)(void *context, struct completion *node);
	void *context;
};

/* Returns NULL after it has logged why. */
struct password_worker *password_worker_start(const struct password_worker_options *options);
/* Call it when no thread submits any more and the queue is empty. */
void password_worker_stop(struct password_worker **w);

/* May be called by any thread; does not wait.  False: the queue is full for this class of caller.
 * True: CHECK is queued and will be passed to `done`, perhaps before this function returns. */
bool password_worker_submit(struct password_worker *w, struct password_check *check);

/* Checks in the calling thread with the session DB, and returns CHECK's rc.  A hash with parameters
 * other than token.h's is accepted and not renewed: the daemon's database account must not be able
 * to set a password. */
enum outcome password_check_now(struct db *db, struct password_check *check);

#endif
