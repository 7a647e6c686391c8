/* SPDX-License-Identifier: MIT */
/*
 * One writer per worker process: takes the changes that request threads hand in, inserts what
 * is waiting in one array-bound statement per table, commits once, and hands the calls back.
 * It has no thread of its own: whoever comes while nobody writes, writes, until nothing waits
 * any more; all others leave their calls and go.  Alone, a call waits for nobody.
 *
 * A call's changes are committed whole or not at all (R7.9); when a batch fails, its calls are
 * tried again one by one, so that one bad record never fails another's call.
 */
#ifndef CAMPAIGN_STAGING_WRITER_H
#define CAMPAIGN_STAGING_WRITER_H

#include <stdbool.h>

#include "base/outcome.h"
#include "db/db.h"
#include "staging/change.h"

struct writer;

struct writer_error { /* of the last failure, for the fault: number and state only (ODB-240000) */
	unsigned number;
	char sqlstate[6];
};

/*
 * One call's changes on their way to the log.  The caller owns it, and leaves it, the changes
 * and all they point to as they are until it is answered.  The changes take effect in their
 * order, with nothing of another call between two of the same table.
 */
struct submission {
	const struct change *changes;
	size_t count;
	size_t bytes; /* that the call keeps in memory while it waits, about */
	void *owner;  /* the caller's */

	/* The answer: committed (OUTCOME_OK), surely not (REJECTED, RETRY, BUG), or nobody
	 * knows (UNKNOWN). */
	enum outcome rc;
	struct writer_error error;

	struct submission *next; /* in a list of answered ones; the writer's before */
	int64_t give_up_ms;	 /* the writer's */
};

struct writer_options {
	struct db_login login;	/* strings borrowed, must outlive the writer */
	size_t batch_rows;	/* of one statement at most; larger calls take several */
	size_t batch_bytes;	/* likewise; 0: half of the server's max_allowed_packet */
	unsigned wait_limit_ms; /* a submission that was not taken by then is RETRY; one that was is
				 * answered within half a second more, whatever the database does */
	/* Gets calls that are answered, as a list: those of one commit together.  Within
	 * writer_submit or writer_expire; it returns soon. */
	void (*answered)(void *context, struct submission *list);
	/* This thread is going to write on: another one should see to what was answered. */
	void (*busy)(void *context);
	void *context;
};

struct writer_counters { /* since the start, for status and tests */
	uint64_t calls, changes, batches, retried_calls, failed_calls;
};

/* The database may be away; submissions then are RETRY. */
struct writer *writer_new(const struct writer_options *options);
/* When nobody is in writer_submit any more. */
void writer_free(struct writer **w);

/*
 * Any thread.  False: SUB is answered already, with RETRY.  True: it is handed to `answered`,
 * now or later.  Returns at once if another thread writes, unless so much is waiting that
 * taking more would cost memory; else when everything is written.
 */
bool writer_submit(struct writer *w, struct submission *sub);
/* Answers what has waited beyond its limit; and cuts the connection under a transaction that
 * goes on beyond it, whose calls are UNKNOWN then, or RETRY if it had not come to its commit.  To
 * be called several times a second, by another thread than one that submits. */
void writer_expire(struct writer *w);
void writer_counters(struct writer *w, struct writer_counters *out);

#endif
