/* SPDX-License-Identifier: MIT */
/*
 * Regrouping: where a batch mixes key lists, changes with the same list are brought together, so
 * that a run takes many of them (fold.h) instead of one.
 *
 * Two changes keep their order if they could concern the same row of the target: because the
 * target has a row that both of their keys find, or because a change of the batch makes one or
 * could.  Everything else may change places: changes that never meet the same row have the same
 * effect in any order (R10.3).  Where it cannot be told, order is kept.  What the target refuses
 * may depend on order all the same, by constraints that nobody here knows of; so a batch in which
 * something is refused is to be merged as it was.  Pure: no database.
 *
 *   regroup_begin    looks at a batch; false: better left as it is
 *   regroup_row      for each row that a key finds in the target (regroup_asks)
 *   regroup_changes  puts the changes into their new order
 *   regroup_restore  and back into that of the log
 */
#ifndef CAMPAIGN_SYNC_REGROUP_H
#define CAMPAIGN_SYNC_REGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "sync/fold.h"

struct regroup;

struct regroup *regroup_new(const struct schema *s);
void regroup_free(struct regroup **r);

bool regroup_begin(struct regroup *r, const struct fold_change *changes, size_t count);

/* One question to the target: which rows have the keys of RECORDS? */
struct regroup_question {
	const struct fold_key *key;
	const struct merge_record *records;
	size_t count;
};

/* Number N of them, from 0; false if there are no more.  Valid until regroup_changes. */
bool regroup_asks(struct regroup *r, size_t n, struct regroup_question *question);
/* The answer to number N: a row with this primary key has the key of record RECORD. */
void regroup_row(struct regroup *r, size_t n, size_t record, struct db_value pk);

/* False, and nothing is changed, if the keys find so many rows that they took too much memory: a
 * key may stand for any number of rows (R10.4). */
bool regroup_changes(struct regroup *r, struct fold_change *changes, size_t count);
void regroup_restore(struct fold_change *changes, size_t count);

#endif
