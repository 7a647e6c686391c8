/* SPDX-License-Identifier: MIT */
/*
 * What nms:subscription needs besides being merged: a line in nms:subHisto for each
 * subscription that was made or ended (R9.9), in the transaction that makes or ends it, so
 * that lines are written exactly once (R10.6); and the purge of those that have ended.
 *
 * A row whose deleteStatus is not 0 has ended: it waits for the purge, and is no
 * subscription any more (R9.6).
 */
#ifndef CAMPAIGN_SYNC_SUBSCRIPTION_H
#define CAMPAIGN_SYNC_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "schema/registry.h"
#include "sync/ends.h"
#include "sync/fold.h"
#include "sync/history.h"

enum subscription_state { SUBSCRIPTION_NONE, SUBSCRIPTION_ENDED, SUBSCRIPTION_ACTIVE };

/* What a change says of deleteStatus. */
enum subscription_status { STATUS_UNNAMED, STATUS_ZERO, STATUS_SET };

enum subscription_line { /* numbered as nms:subHisto's action */
			 LINE_ENDED = 0,
			 LINE_MADE = 1,
			 LINE_NONE,
};

/* The line that a change leaves which meets *STATE; *STATE becomes what it leaves behind. */
enum subscription_line subscription_step(enum subscription_state *state, enum operation operation,
					 enum subscription_status status);

/* S is nms:subscription and OTHER its history. */
bool subscription_writes_to(const struct schema *s, const struct schema *other);

struct subhisto;

/* NULL if S is another schema than nms:subscription, or nms:subHisto is not deployed; the
 * functions below do nothing then. */
struct subhisto *subhisto_new(const struct registry *registry, const struct schema *s);
void subhisto_free(struct subhisto **h);

/* Around the merge of records FIRST to LAST of the fold, in its transaction: how they stood,
 * and what became of them.  CHANGES is what was given to fold_run. */
enum outcome subhisto_before(struct subhisto *h, const struct ends *e, const struct fold_key *key,
			     const struct merge_record *records, size_t count);
enum outcome subhisto_after(struct subhisto *h, const struct ends *e, const struct fold *fold,
			    const struct fold_change *changes, size_t first, size_t last);

/* Deletes the subscriptions that have ended, if S is nms:subscription. */
enum outcome subscription_purge(struct ends *e, const struct schema *s, struct run_counts *counts);

#endif
