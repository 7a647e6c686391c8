/* SPDX-License-Identifier: MIT */
/*
 * Handles nms:subscription beyond the merge. It adds a line to nms:subHisto for each
 * subscription that began or ended (R9.9), in the same transaction, so that each line is written
 * exactly once (R10.6). It also purges ended subscriptions.
 *
 * A row whose deleteStatus is not 0 has ended: it remains until the purge and does not count as
 * a subscription (R9.6).
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

/* The value of deleteStatus in a change. */
enum subscription_status { STATUS_UNNAMED, STATUS_ZERO, STATUS_SET };

enum subscription_line { /* values of the action in nms:subHisto */
			 LINE_ENDED = 0,
			 LINE_MADE = 1,
			 LINE_NONE,
};

/* Returns the line that a change writes in the state *STATE, and updates *STATE. */
enum subscription_line subscription_step(enum subscription_state *state, enum operation operation,
					 enum subscription_status status);

/* True if S is nms:subscription and OTHER is nms:subHisto. */
bool subscription_writes_to(const struct schema *s, const struct schema *other);

struct subhisto;

/* Returns NULL if S is not nms:subscription or nms:subHisto is not deployed. The functions below
 * then do nothing. */
struct subhisto *subhisto_new(const struct registry *registry, const struct schema *s);
void subhisto_free(struct subhisto **h);

/* Call them before and after the merge of the records FIRST to LAST of the fold, in the same
 * transaction: the first reads the state of the records, the second writes the lines. CHANGES is
 * the array that was passed to fold_run. */
enum outcome subhisto_before(struct subhisto *h, const struct ends *e, const struct fold_key *key,
			     const struct merge_record *records, size_t count);
enum outcome subhisto_after(struct subhisto *h, const struct ends *e, const struct fold *fold,
			    const struct fold_change *changes, size_t first, size_t last);

/* Deletes the ended subscriptions if S is nms:subscription. */
enum outcome subscription_purge(struct ends *e, const struct schema *s, struct run_counts *counts);

#endif
