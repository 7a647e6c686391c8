/* SPDX-License-Identifier: MIT */
/*
 * Folding: the changes of one record become one change that has the same effect.
 *
 * A *run* is a sequence of changes in the log that have the same key list. Two of them concern
 * the same record exactly if their key values are equal. So only the order within each record
 * matters, and the records of a run can be merged as a set (R10.2, R10.3). A run ends where the
 * order of two different records could matter too (see fold_run). The fold is pure: it uses no
 * database and no clock.
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
	FOLD_VOID,  /* known to have no effect: settled like applied changes, but not folded */
	FOLD_ASIDE, /* rejected, held or deferred: not folded and not applied */
};

struct fold_change { /* one row of the log; its pointers must stay valid as long as the fold */
	uint64_t seq;
	enum operation operation;
	const struct fold_key *key;
	const unsigned char *named; /* bit mask of the fields in _fields */
	struct db_value *cells;	    /* one per schema field */
	const char *at;
	const char *links;			    /* as in the log; NULL for none */
	unsigned char identity[FOLD_IDENTITY_SIZE]; /* of the key list and the values as given */
	const char *problem;			    /* why it can never be merged; NULL if it can */
	enum fold_fate fate;
};

struct fold_record {
	struct merge_record merge;
	size_t first, last; /* the first and last of its changes, see fold_next */
};

#define FOLD_NONE ((size_t)-1)

struct fold;

struct fold *fold_new(const struct schema *s);
void fold_free(struct fold **f);

/*
 * Folds one run from the start of CHANGES and returns how many changes it took: at least one,
 * unless COUNT is 0. The records are valid until the next call. A run ends
 *   - before another key list;
 *   - before a change that brings a primary key, if that key alone does not decide which record
 *     the change means (R7.13a) and another record of the run has brought the same key: the first
 *     of the two must win.
 */
size_t fold_run(struct fold *f, const struct fold_change *changes, size_t count);

/*
 * A deletion frees the primary keys of the rows that it matches. If another record of the run
 * brings one of these keys, the order of the two decides whether that record is refused, so they
 * must not share a run. Only the target knows these keys. If fold_asks returns true, the caller
 * looks up the rows of each deleting record and passes their primary keys to fold_frees. If
 * fold_cut is then less than the number of changes in the run, the caller folds that many
 * changes again, and does not look up anything for that fold.
 */
bool fold_asks(const struct fold *f);
void fold_frees(struct fold *f, size_t record, struct db_value pk);
size_t fold_cut(const struct fold *f);

const struct fold_key *fold_key(const struct fold *f); /* of the run; NULL if it is empty */
size_t fold_count(const struct fold *f);
const struct fold_record *fold_at(const struct fold *f, size_t n);
/* The next change of the same record after change N, or FOLD_NONE. Both are indexes into
 * CHANGES. */
size_t fold_next(const struct fold *f, size_t n);

#endif
