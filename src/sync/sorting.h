/* SPDX-License-Identifier: MIT */
/*
 * Sorting out what of a batch cannot be merged now, and what therefore has to wait with it:
 *
 *   rejected  it no longer fits the schema, or the target has refused it for good
 *   held      behind a rejected change of the same record (R10.5)
 *   deferred  its link's target is staged and not in the cloud yet (R7.7), or an earlier
 *             change of its record waits for that
 *   waiting   the target refuses it as long as other rows refer to the row (R10.3), or it is
 *             behind such a change and could concern the same row
 *
 * Each of these is put aside (FOLD_ASIDE); everything else is to be folded.
 *
 * While a change waits, others of the same key list go on: they concern other rows, unless they
 * are of the same record.  Of another key list that is not known (fold.h), so they wait as well,
 * and everything behind them.
 */
#ifndef CAMPAIGN_SYNC_SORTING_H
#define CAMPAIGN_SYNC_SORTING_H

#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "schema/registry.h"
#include "sync/ends.h"
#include "sync/fold.h"
#include "sync/history.h"
#include "sync/reject.h"

struct sorting;

/* All of them outlive it. */
struct sorting *sorting_new(struct ends *ends, const struct registry *registry,
			    const struct schema *schema);
void sorting_free(struct sorting **s);

/* Begins one try at a batch: whatever was found in a try before it is forgotten.  FOUND gets the
 * counts and lives as long as the try. */
void sorting_begin(struct sorting *s, struct fold_change *changes, size_t count,
		   struct run_counts *found);
/* Judges all changes of the batch, and resolves their links. */
enum outcome sorting_out(struct sorting *s);
/* The target has refused this change of the batch, for good or for the time being.  What has to
 * be put aside because of it is, by sorting_behind. */
void sorting_reject(struct sorting *s, struct fold_change *c, const char *reason);
void sorting_wait(struct sorting *s, struct fold_change *c);
/* Changes FROM to TO of the batch: those that come behind one that is put aside by now. */
void sorting_behind(struct sorting *s, size_t from, size_t to);
/* Something waits, of this batch or an earlier one. */
bool sorting_waits(const struct sorting *s);

/*
 * Rejects that may not be the changes' own fault (narrow.h).  `sorting_doubt`: those of this batch
 * are among them, and are not to be stored; `sorting_confirm`: they are rejects after all, those
 * of earlier batches too, and go with this batch's.
 */
void sorting_doubt(struct sorting *s);
void sorting_confirm(struct sorting *s);
uint64_t sorting_doubts(const struct sorting *s);

/* The batch is applied: what it has deferred stays so until the turn is over. */
void sorting_keep(struct sorting *s);

/* Changes of this turn that wait for their link's target, and for rows that refer to theirs. */
uint64_t sorting_deferred(const struct sorting *s);
uint64_t sorting_waiting(const struct sorting *s);
/* To be loaded, and stored behind each batch. */
struct rejects *sorting_rejects(const struct sorting *s);

#endif
