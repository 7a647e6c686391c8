/* SPDX-License-Identifier: MIT */
/*
 * Leader/follower group commit, one writer per worker process.  The first submitter becomes the
 * leader: it inserts the queued calls with one array-bound statement per table, commits, and goes
 * on until the queue is empty.  Other submitters add their call to the queue and return.  There is
 * no writer thread and no delay to collect a batch, so a call alone is committed at once.
 *
 * A call's changes are committed whole or not at all (R7.9).  If a batch fails, its calls are tried
 * again one by one, so a bad record never fails the call of another client.
 */
#ifndef CAMPAIGN_STAGING_WRITER_H
#define CAMPAIGN_STAGING_WRITER_H

#include <stdbool.h>

#include "base/completion.h"
#include "base/outcome.h"
#include "db/db.h"
#include "staging/change.h"

struct writer;

struct writer_error { /* the last failure, for the fault: number and state only (ODB-240000) */
	unsigned number;
	char sqlstate[6];
};

/*
 * The changes of one call, to be appended to the log.  The caller owns it.  Until DONE is passed to
 * the callback, the caller keeps it, the changes and all that they point to unchanged.  The changes
 * of a table are inserted in their order, and no change of another call comes between them.
 */
struct submission {
	const struct change *changes;
	size_t count;
	size_t bytes;		 /* approximate memory that the call holds while it waits */
	struct completion *done; /* the caller's node */

	/* The result: committed (OUTCOME_OK), not committed (REJECTED, RETRY, BUG), or not known
	 * (UNKNOWN). */
	enum outcome rc;
	struct writer_error error;

	/* Used by the writer only: */
	struct submission *next;
	int64_t give_up_ms;
};

struct writer_options {
	struct db_login login;	/* borrowed; the strings must outlive the writer */
	size_t batch_rows;	/* the most rows of one statement execution; larger calls take
				 * several */
	size_t batch_bytes;	/* likewise; 0: half of the server's max_allowed_packet */
	unsigned wait_limit_ms; /* A submission that no transaction has taken by then is RETRY.  One
				 * that was taken is answered within half a second more, even if the
				 * database does not answer. */
	/* Called within writer_submit or writer_expire with the nodes of completed submissions, all
	 * of one commit together.  It must return soon. */
	void (*done)(void *context, struct completion *list);
	/* Called when another thread has to take the completed submissions, because this one goes
	 * on. */
	void (*notify)(void *context);
	void *context;
};

struct writer_counters { /* since the start of the worker, for status and tests */
	uint64_t calls, changes, batches, retried_calls, failed_calls;
};

/* The database need not be reachable; while it is not, submissions are RETRY. */
struct writer *writer_new(const struct writer_options *options);
/* Call it when no thread is in writer_submit any more. */
void writer_free(struct writer **w);

/*
 * May be called by any thread.  False: SUB has its result already, RETRY.  True: its node is passed
 * to `done`, perhaps before this function returns.  If another thread leads, the call returns at
 * once, or, if the queue is full, when there is room or the time of SUB is over.  Otherwise the
 * calling thread leads, and returns when the queue is empty.
 */
bool writer_submit(struct writer *w, struct submission *sub);
/* Completes the submissions that have waited beyond their limit, with RETRY.  Cuts the connection
 * of a transaction that takes longer than allowed; its calls are then UNKNOWN, or RETRY if COMMIT
 * was not sent yet.  A thread that does not submit calls it several times a second. */
void writer_expire(struct writer *w);
void writer_counters(struct writer *w, struct writer_counters *out);

#endif
