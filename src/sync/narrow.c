/* SPDX-License-Identifier: MIT */
/* Finds the changes that the target refuses; see narrow.h. */
#include "config.h"

#include "sync/narrow.h"

#include <stdio.h>

/* Merges the folded run. Sets *REFUSED if the target refused it because of its contents. */
static enum outcome merge_folded(const struct narrowing *n, size_t first, bool *refused)
{
	const struct ends *e = n->o->ends;
	const struct fold *fold = n->batch->fold;
	const struct fold_key *key = fold_key(fold);
	const struct merge_record *records = n->batch->records;
	struct merge_counts counts = {0};
	size_t count = fold_count(fold);
	enum outcome rc;

	rc = subhisto_before(n->subhisto, e, key, records, count);
	*refused = rc == OUTCOME_REJECTED;
	if (rc != OUTCOME_OK)
		return rc;
	rc = e->ops->merge(e->target, n->o->schema, key->fields, key->count, records, count,
			   &counts);
	*refused = rc == OUTCOME_REJECTED || rc == OUTCOME_BUG;
	if (rc != OUTCOME_OK)
		return rc;
	n->found->inserted += counts.inserted;
	n->found->updated += counts.updated;
	n->found->deleted += counts.deleted;
	n->found->several += counts.several;
	return subhisto_after(n->subhisto, e, fold, n->changes + first, 0, count);
}

static enum outcome ask_if_possible(struct narrowing *n)
{
	const struct ends *e = n->o->ends;
	const struct fold_key *key = fold_key(n->batch->fold);
	enum outcome rc;

	if (n->possible)
		return OUTCOME_OK;
	rc = e->ops->possible(e->target, n->o->schema, key->fields, key->count, n->batch->records,
			      fold_count(n->batch->fold));
	n->possible = rc == OUTCOME_OK;
	return rc;
}

/* Puts C aside. While a change waits, later changes may be refused because of it. So if the
 * target refuses one of them, that change waits too. */
static void put_aside(struct narrowing *n, struct fold_change *c, enum outcome rc)
{
	const struct ends *e = n->o->ends;
	const char *reason = e->ops->reason(e->target);
	bool waits = sorting_waits(n->sorting) || e->ops->referenced(e->target);

	if (waits && c->seq > n->o->reject_up_to) {
		sorting_wait(n->sorting, c);
		return;
	}
	if (rc == OUTCOME_BUG && n->doubt[0] == '\0')
		snprintf(n->doubt, sizeof(n->doubt), "%s", reason);
	sorting_reject(n->sorting, c, reason);
}

/* Returns the index after the first half of the changes from FIRST to LAST that are to be
 * merged. If there is only one, returns FIRST and sets *ONE to the index of that change. */
static size_t middle_of(const struct narrowing *n, size_t first, size_t last, size_t *one)
{
	size_t count = 0, seen = 0, i;

	for (i = first; i < last; i++)
		count += n->changes[i].fate == FOLD_IN;
	for (i = first; i < last; i++) {
		if (n->changes[i].fate != FOLD_IN)
			continue;
		*one = i;
		if (++seen >= count / 2)
			break;
	}
	return count > 1 ? i + 1 : first;
}

static enum outcome merge_half(struct narrowing *n, size_t first, size_t last)
{
	const struct ends *e = n->o->ends;

	sorting_behind(n->sorting, first, last);
	n->batch->folded = 0;
	e->ops->unload(e->target);
	ahead_batch_fold(n->batch, n->changes + first, last - first); /* takes all of them */
	return narrow_merge(n, first, last);
}

enum outcome narrow_merge(struct narrowing *n, size_t first, size_t last)
{
	size_t middle, one = first;
	bool refused = false;
	enum outcome rc, possible;

	if (fold_count(n->batch->fold) == 0)
		return OUTCOME_OK;
	rc = merge_folded(n, first, &refused);
	if (!refused || n->whole)
		return rc;
	if (rc == OUTCOME_BUG && (possible = ask_if_possible(n)) != OUTCOME_OK)
		return possible;
	middle = middle_of(n, first, last, &one);
	if (middle == first) {
		put_aside(n, &n->changes[one], rc);
		return OUTCOME_OK;
	}
	if ((rc = merge_half(n, first, middle)) != OUTCOME_OK)
		return rc;
	return merge_half(n, middle, last);
}
