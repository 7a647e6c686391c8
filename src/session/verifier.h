/* SPDX-License-Identifier: MIT */
/*
 * The lane in which passwords are verified: one thread per worker, one password after the other,
 * at the lowest priority.  A call that waits here holds no request thread, and the queue is short,
 * so guesses, however many, take neither threads nor much of the processors from ingestion.
 */
#ifndef CAMPAIGN_SESSION_VERIFIER_H
#define CAMPAIGN_SESSION_VERIFIER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "session/sessions.h"

/* What is known of the address that a password comes from. */
enum verifier_caller {
	VERIFIER_SUSPECT,  /* a log-on from there failed lately */
	VERIFIER_STRANGER, /* nothing; or both of the others */
	VERIFIER_KNOWN,	   /* this operator has logged on from there */
};

struct verifier;

/* One password on its way.  The caller's, who leaves it and all it points to as they are until
 * it is done. */
struct verification {
	const char *login, *password;
	bool allow_empty_password;
	struct in6_addr address;
	enum verifier_caller caller;
	void *owner; /* the caller's */

	/* The answer: as sessions_check_password, or RETRY and late. */
	enum outcome rc;
	struct operator_info who;
	bool late; /* its turn did not come in time: it was not looked at */

	struct verification *next; /* the verifier's, like what follows */
	int64_t give_up_ms;
};

struct verifier_options {
	struct db_login login;	/* strings borrowed, must outlive the verifier */
	unsigned wait_limit_ms; /* one whose turn has not come by then is late */
	/* In the verifier's thread; it returns soon.  From then on the verification is the
	 * caller's. */
	void (*done)(void *context, struct verification *v);
	void *context;
};

/* NULL after having logged why. */
struct verifier *verifier_start(const struct verifier_options *options);
/* When nobody submits any more and nothing waits. */
void verifier_stop(struct verifier **v);

/* Any thread; does not wait.  False: there is no place for it, another try may find one soon.
 * True: it is handed to `done`, perhaps before this returns. */
bool verifier_submit(struct verifier *v, struct verification *what);

#endif
