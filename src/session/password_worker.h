/* SPDX-License-Identifier: MIT */
/*
 * The thread that checks passwords: one per worker process, one password after the other, at the
 * lowest priority.  argon2id is expensive by design; a call that waits for its check holds no
 * request thread, and the queue is bounded, so guessing takes neither threads nor much of the
 * processors from ingestion.
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

/* What is known of the address that a password comes from. */
enum password_caller {
	CALLER_RECENTLY_FAILED, /* a logon from this address failed recently */
	CALLER_UNKNOWN,		/* nothing is known; or it failed recently and is proven as well */
	CALLER_PROVEN,		/* this operator has logged on from this address before */
};

struct password_worker;

/* One password to check.  The caller owns it, and keeps it and all that it points to unchanged
 * until DONE is passed to the callback. */
struct password_check {
	const char *login, *password;
	bool allow_empty_password;
	struct in6_addr address;
	enum password_caller caller;
	struct completion *done; /* the caller's node */

	/* The result.  OK: WHO is the operator.  INVALID: login or password wrong, or operator
	 * disabled; one answer after the same time for all three (R4.12).  RETRY, BUG: the database
	 * did not answer; with LATE, the check was not begun within its time. */
	enum outcome rc;
	struct operator_info who;
	bool late;

	/* The worker's own: */
	struct password_check *next;
	int64_t give_up_ms;
};

struct password_worker_options {
	struct db_login login;	/* strings borrowed, must outlive the worker */
	unsigned wait_limit_ms; /* a check that was not begun by then is late */
	/* Called in the worker's thread with the node of one check, which is the caller's again; it
	 * returns soon. */
	void (*done)(void *context, struct completion *node);
	void *context;
};

/* NULL after having logged why. */
struct password_worker *password_worker_start(const struct password_worker_options *options);
/* When nothing is submitted any more and the queue is empty. */
void password_worker_stop(struct password_worker **w);

/* Any thread; does not wait.  False: the queue is full for this caller.  True: CHECK is queued, and
 * is handed to `done`, perhaps before this returns. */
bool password_worker_submit(struct password_worker *w, struct password_check *check);

/* The check itself, in the calling thread, with the session DB; returns CHECK's rc.  A hash with
 * other parameters than token.h's is accepted and not renewed: the daemon's account must not be
 * able to set a password. */
enum outcome password_check_now(struct db *db, struct password_check *check);

#endif
