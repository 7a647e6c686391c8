/* SPDX-License-Identifier: MIT */
/*
 * A turn is one schema's share of a run; it goes through the schema's log in batches.  A
 * batch is: read, fold, merge and record in one target transaction, commit, then settle in
 * one staging transaction (delete what was applied, move what was rejected).  Reading the
 * next batch and settling the one before go on beside the merge (ahead.h).
 */
#ifndef CAMPAIGN_SYNC_BATCH_H
#define CAMPAIGN_SYNC_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "schema/registry.h"
#include "sync/ends.h"
#include "sync/history.h"

#define LOG_ID_SIZE 37

enum batch_state {
	BATCH_DONE,  /* and there may be more */
	BATCH_END,   /* nothing is left up to the bound */
	BATCH_STALE, /* schemas were deployed since the registry was loaded: load it anew */
};

struct turn;

struct turn_options {
	struct ends *ends;
	const struct registry *registry;
	const struct schema *schema;
	uint64_t bound;
	/* Changes up to this number are rejected where rows refer to theirs; others wait. */
	uint64_t reject_up_to;
	size_t batch_rows, batch_bytes;
	bool dry_run;
	uint64_t run_id;
	const char *log_id;	   /* renewed for this run */
	struct run_counts *counts; /* the turn adds to it */
	const atomic_uint *busy;   /* lanes that merge, this one included */
};

struct turn *turn_new(const struct turn_options *options);
void turn_free(struct turn **t);
/* Before the first batch. */
enum outcome turn_begin(struct turn *t);
enum outcome turn_batch(struct turn *t, enum batch_state *state);
/* Why it failed. */
const char *turn_reason(const struct turn *t);
/* After the last one, or the last that is wanted: what is applied is settled, and the target
 * may forget what it recorded.  After a failure the next run does the same. */
enum outcome turn_end(struct turn *t);
/* Changes of this turn that wait for their link's target, and for rows that refer to theirs. */
uint64_t turn_deferred(const struct turn *t);
uint64_t turn_waiting(const struct turn *t);
/* Changes were refused for this reason, which is not known, and no row could be written in this
 * run: they stay in the log, and the schema fails (narrow.h).  NULL: nothing of the kind. */
const char *turn_doubt(const struct turn *t);

#endif
