/* SPDX-License-Identifier: MIT */
/*
 * Reorders a batch that mixes key lists. Changes with the same list are put together, so that a
 * run (fold.h) takes many of them instead of one.
 *
 * Two changes keep their order if they could concern the same row of the target: because the
 * target has a row that both of their keys match, or because a change of the batch creates or
 * could create one. All other changes may be reordered: changes that never concern the same row
 * have the same effect in any order (R10.3). In case of doubt the order is kept. Which change
 * the target refuses may still depend on the order, because of constraints that are unknown
 * here. So the caller must merge a batch in log order if a change of it is refused. Pure: no
 * database.
 *
 *   regroup_begin    analyses a batch; returns false if it should keep its order
 *   regroup_row      adds a row of the target that a key matches (regroup_asks)
 *   regroup_changes  puts the changes into their new order
 *   regroup_restore  restores the order of the log
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

/* A look-up at the target: the rows that have the keys of RECORDS. */
struct regroup_question {
	const struct fold_key *key;
	const struct merge_record *records;
	size_t count;
};

/* Returns look-up number N, from 0; false if there are no more. It is valid until
 * regroup_changes. */
bool regroup_asks(struct regroup *r, size_t n, struct regroup_question *question);
/* Adds a result of look-up N: the row with primary key PK has the key of record RECORD. */
void regroup_row(struct regroup *r, size_t n, size_t record, struct db_value pk);

/* Returns false, and changes nothing, if the keys match so many rows that they would need too
 * much memory: a key may match any number of rows (R10.4). */
bool regroup_changes(struct regroup *r, struct fold_change *changes, size_t count);
void regroup_restore(struct fold_change *changes, size_t count);

#endif
