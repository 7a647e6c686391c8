/* SPDX-License-Identifier: MIT */
/*
 * Leader/follower group commit, one writer per worker process.  The first submitter becomes the
 * leader: it inserts what is queued in one array-bound statement per table, commits, and goes on
 * until the queue is empty.  Other submitters enqueue and return.  There is no writer thread and no
 * delay to collect a batch, so a call alone is committed at once.
 *
 * A call's changes are committed whole or not at all (R7.9); when a batch fails, its calls are
 * tried again one by one, so that one bad record never fails another's call.
 */
#ifndef CAMPAIGN_STAGING_WRITER_H
#define CAMPAIGN_STAGING_WRITER_H

#include <stdbool.h>

#include "base/completion.h"
#include "base/outcome.h"
#include "db/db.h"
#include "staging/change.h"

struct writer;

struct writer_error { /* of the last failure, for the fault: number and state only (ODB-240000) */
	unsigned number;
	char sqlstate[6];
};

/*
 * One call's changes on their way to the log.  The caller owns it, and keeps it, the changes and
 * all that they point to unchanged until DONE is passed to the callback.  The changes take effect
 * in their order, with nothing of another call between two of the same table.
 */
struct submission {
	const struct change *changes;
	size_t count;
	size_t bytes;		 /* memory that the call holds while it waits, about */
	struct completion *done; /* the caller's node */

	/* The result: committed (OUTCOME_OK), surely not (REJECTED, RETRY, BUG), or not known
	 * (UNKNOWN). */
	enum outcome rc;
	struct writer_error error;

	/* The writer's own: */
	struct submission *next;
	int64_t give_up_ms;
};

struct writer_options {
	struct db_login login;	/* strings borrowed, must outlive the writer */
	size_t batch_rows;	/* of one statement at most; larger calls take several */
	size_t batch_bytes;	/* likewise; 0: half of the server's max_allowed_packet */
	unsigned wait_limit_ms; /* a submission that was not taken by then is RETRY; one that was is
				 * answered within half a second more, whatever the database does */
	/* Called within writer_submit or writer_expire with the nodes of completed submissions,
	 * those of one commit together; it returns soon. */
	void (*done)(void *context, struct completion *list);
	/* Another thread has to take what was completed: this one goes on writing. */
	void (*notify)(void *context);
	void *context;
};

struct writer_counters { /* since the start, for status and tests */
	uint64_t calls, changes, batches, retried_calls, failed_calls;
};

/* The database may be away; submissions then are RETRY. */
struct writer *writer_new(const struct writer_options *options);
/* When no thread is in writer_submit any more. */
void writer_free(struct writer **w);

/*
 * Any thread.  False: SUB has its result already, RETRY.  True: its node is handed to `done`, now
 * or later.  Returns at once if another thread leads, unless the queue is so long that more would
 * cost memory; otherwise when the queue is empty.
 */
bool writer_submit(struct writer *w, struct submission *sub);
/* Completes what has waited beyond its limit, with RETRY.  Closes the connection of a transaction
 * that goes on beyond it, whose calls are UNKNOWN then, or RETRY if COMMIT was not sent yet. Called
 * several times a second, by a thread that does not submit. */
void writer_expire(struct writer *w);
void writer_counters(struct writer *w, struct writer_counters *out);

#endif
