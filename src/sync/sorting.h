/* SPDX-License-Identifier: MIT */
/*
 * Sorting out what of a batch cannot be merged now, and what therefore has to wait with it:
 *
 *   rejected  it no longer fits the schema, or the target has refused it for good
 *   held      behind a rejected change of the same record (R10.5)
 *   deferred  its link's target is staged and not in the cloud yet (R7.7), or an earlier
 *             change of its record waits for that
 *
 * Each of these is put aside (FOLD_ASIDE); everything else is to be folded.
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
/* The target has refused this change of the batch; what comes behind it of the same record is
 * held by sorting_hold. */
void sorting_reject(struct sorting *s, struct fold_change *c, const char *reason);
/* Changes from number FROM of the batch on whose record has a reject by now. */
void sorting_hold(struct sorting *s, size_t from);
/* The batch is applied: what it has deferred stays so until the turn is over. */
void sorting_keep(struct sorting *s);

/* Changes of this turn that wait for their link's target. */
uint64_t sorting_deferred(const struct sorting *s);
/* To be loaded, and stored behind each batch. */
struct rejects *sorting_rejects(const struct sorting *s);

#endif
