/* SPDX-License-Identifier: MIT */
/*
 * Decides which changes of a batch cannot be merged now, and which others must wait with them:
 *
 *   rejected  it no longer fits the schema, or the target has refused it permanently
 *   held      it follows a rejected change of the same record (R10.5)
 *   deferred  the target row of its link is staged and not in the cloud database yet (R7.7), or
 *             an earlier change of its record waits for such a row
 *   waiting   the target refuses it as long as other rows refer to its row (R10.3), or it follows
 *             such a change and could concern the same row
 *
 * All of these are put aside (FOLD_ASIDE); all other changes are folded.
 *
 * While a change waits, later changes with the same key list are merged unless they concern the
 * same record, because they concern other rows. For a change with another key list this is
 * unknown (fold.h), so it waits too, and so do all changes after it.
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

/* All arguments must outlive it. */
struct sorting *sorting_new(struct ends *ends, const struct registry *registry,
			    const struct schema *schema);
void sorting_free(struct sorting **s);

/* Begins one try at a batch and discards the results of an earlier try. FOUND receives the
 * counts; it must live as long as the try. */
void sorting_begin(struct sorting *s, struct fold_change *changes, size_t count,
		   struct run_counts *found);
/* Sorts all changes of the batch and resolves their links. */
enum outcome sorting_out(struct sorting *s);
/* Put aside a change of the batch that the target has refused, permanently or for now. The
 * caller then calls sorting_behind for the changes after it. */
void sorting_reject(struct sorting *s, struct fold_change *c, const char *reason);
void sorting_wait(struct sorting *s, struct fold_change *c);
/* Puts aside those of the changes FROM to TO that must follow a change that is put aside. */
void sorting_behind(struct sorting *s, size_t from, size_t to);
/* True if a change of this batch or of an earlier one waits. */
bool sorting_waits(const struct sorting *s);

/*
 * Rejects in doubt: the changes may not be at fault (narrow.h). sorting_doubt puts the rejects
 * of this batch in doubt, so they are not stored. sorting_confirm adds all rejects in doubt,
 * including those of earlier batches, to the rejects of this batch. sorting_doubts returns their
 * number.
 */
void sorting_doubt(struct sorting *s);
void sorting_confirm(struct sorting *s);
uint64_t sorting_doubts(const struct sorting *s);

/* Call it when the batch is applied: its deferred and waiting changes keep this state until the
 * end of the turn. */
void sorting_keep(struct sorting *s);

/* The number of this turn's changes that wait for the target row of a link, and of those that
 * wait because other rows refer to their row. */
uint64_t sorting_deferred(const struct sorting *s);
uint64_t sorting_waiting(const struct sorting *s);
/* The rejects, to be loaded at the beginning of the turn and stored after each batch. */
struct rejects *sorting_rejects(const struct sorting *s);

#endif
