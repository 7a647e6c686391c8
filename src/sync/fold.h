/* SPDX-License-Identifier: MIT */
/*
 * Folding: many changes of one record become the one change that has the same effect.
 *
 * A *run* is a stretch of the log whose changes all name the same key list, so that two of
 * them concern the same record exactly when their key values are equal; then only the order
 * within each record matters, and the records of a run can be merged as a set (R10.2,
 * R10.3).  Where the order of two different records could matter too, the run ends
 * (fold_run says when).  Pure: no database, no clock.
 */
#ifndef CAMPAIGN_SYNC_FOLD_H
#define CAMPAIGN_SYNC_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/target.h"
#include "db/db.h"
#include "schema/model.h"
#include "staging/change.h"
#include "sync/key_value.h"

#define FOLD_IDENTITY_SIZE 16

enum fold_fate {
	FOLD_IN,    /* to be folded */
	FOLD_VOID,  /* known to have no effect: settled with the others, but not folded */
	FOLD_ASIDE, /* rejected, held or deferred: not folded, and not applied */
};

struct fold_change { /* one row of the log; what it points to outlives the fold */
	uint64_t seq;
	enum operation operation;
	const struct fold_key *key;
	const unsigned char *named; /* bit mask: the fields in _fields */
	struct db_value *cells;	    /* one per schema field */
	const char *at;
	const char *links;			    /* as in the log; NULL for none */
	unsigned char identity[FOLD_IDENTITY_SIZE]; /* of key list and values as given */
	const char *problem; /* why it cannot be merged at all; NULL if it can */
	enum fold_fate fate;
};

struct fold_record {
	struct merge_record merge;
	size_t first, last; /* its changes, see fold_next */
};

#define FOLD_NONE ((size_t)-1)

struct fold;

struct fold *fold_new(const struct schema *s);
void fold_free(struct fold **f);

/*
 * Folds one run from the start of CHANGES and returns how many of them it took: at least
 * one, unless COUNT is 0.  The records stay valid until the next call.  A run ends
 *   - before another key list;
 *   - before a change that brings a primary key which does not alone decide which record is
 *     meant (R7.13a), if another record of the run brought the same one: the first of them
 *     must win.
 */
size_t fold_run(struct fold *f, const struct fold_change *changes, size_t count);

/*
 * A deletion frees the primary keys of the rows that it finds.  If another record of the run
 * brings one of these, which of the two came first decides whether it is refused, so they must
 * not share a run.  Only the target knows: if fold_asks, the caller looks up the rows of each
 * record that deletes and tells their primary keys; if fold_cut is less than what the run has
 * taken, that many changes are to be folded again, and then nothing is asked.
 */
bool fold_asks(const struct fold *f);
void fold_frees(struct fold *f, size_t record, struct db_value pk);
size_t fold_cut(const struct fold *f);

const struct fold_key *fold_key(const struct fold *f); /* of the run; NULL if it is empty */
size_t fold_count(const struct fold *f);
const struct fold_record *fold_at(const struct fold *f, size_t n);
/* The change of the same record after change N (both count from CHANGES), or FOLD_NONE. */
size_t fold_next(const struct fold *f, size_t n);

#endif
