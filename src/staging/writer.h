/* SPDX-License-Identifier: MIT */
/*
 * One writer per worker process: takes the changes that request threads hand in, inserts what
 * is waiting in one array-bound statement per table, commits once, and wakes the waiters.
 * Alone, a call waits for nobody.  A call's changes are committed whole or not at all (R7.9);
 * when a batch fails, its calls are tried again one by one, so that one bad record never
 * fails another's call.
 */
#ifndef CAMPAIGN_STAGING_WRITER_H
#define CAMPAIGN_STAGING_WRITER_H

#include "base/outcome.h"
#include "db/db.h"
#include "staging/change.h"

struct writer;

struct writer_options {
	struct db_login login;	/* strings borrowed, must outlive the writer */
	size_t batch_rows;	/* of one statement at most; larger calls take several */
	size_t batch_bytes;	/* likewise; 0: half of the server's max_allowed_packet */
	unsigned wait_limit_ms; /* a submission that was not taken by then is RETRY */
};

struct writer_error { /* of the last failure, for the fault: number and state only (ODB-240000) */
	unsigned number;
	char sqlstate[6];
};

struct writer_counters { /* since the start, for status and tests */
	uint64_t calls, changes, batches, retried_calls, failed_calls;
};

/* Starts the thread.  The database may be away; submissions then are RETRY. */
struct writer *writer_start(const struct writer_options *options);
/* Commits what is waiting, then ends the thread. */
void writer_stop(struct writer **w);

/*
 * Any thread.  Blocks until the changes are committed (OUTCOME_OK), or are surely not
 * (REJECTED, RETRY, BUG), or nobody knows (UNKNOWN).  CHANGES and all they point to are
 * borrowed until then.  They take effect in their order, with nothing of another call
 * between two of the same table.
 */
enum outcome writer_submit(struct writer *w, const struct change *changes, size_t count,
			   struct writer_error *error);
void writer_counters(struct writer *w, struct writer_counters *out);

#endif
