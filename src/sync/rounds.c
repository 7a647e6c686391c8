/* SPDX-License-Identifier: MIT */
/* Gives each schema one turn, and further turns while changes wait; see rounds.h. */
#include "config.h"

#include "sync/rounds.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "sync/interrupt.h"
#include "sync/lanes.h"

static enum outcome round_of(struct rounds *r, struct schema_result *const *results, size_t count)
{
	bool cut_short = false;
	enum outcome rc;

	rc = lanes_run(r->first, results, count, r->first->frame->options->jobs, &cut_short);
	r->cut_short |= cut_short;
	return rc;
}

static enum outcome first_round(struct rounds *r, struct schema_result **results)
{
	for (size_t i = 0; i < r->count; i++)
		results[i] = &r->results[i];
	return round_of(r, results, r->count);
}

/* Lists the schemas with waiting changes, in reverse order. */
static size_t list_waiting(const struct rounds *r, struct schema_result **results)
{
	size_t count = 0;

	for (size_t i = r->count; i-- > 0;) {
		if (r->results[i].counts.waiting > 0 && !r->results[i].failed)
			results[count++] = &r->results[i];
	}
	return count;
}

static uint64_t total_merged(const struct rounds *r)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->count; i++)
		total += r->results[i].counts.merged;
	return total;
}

/* True if the logs of this run hold nothing else that it could merge: no schema has failed, and
 * no change waits for the target row of its link. */
static bool exhausted(const struct rounds *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->results[i].failed || r->results[i].counts.deferred > 0)
			return false;
	}
	return r->all;
}

/* Gives the last chance to one schema at a time, because changes behind a rejected one may help
 * the others. Returns false if each of RESULTS has had it. */
static bool give_last_chance(struct schema_result *const *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!results[i]->last_chance) {
			results[i]->last_chance = true;
			return true;
		}
	}
	return false;
}

enum outcome rounds_run(struct rounds *r)
{
	struct schema_result **results = xcalloc(r->count + 1, sizeof(struct schema_result *));
	enum outcome rc = first_round(r, results);
	bool helps = true;
	size_t count;

	while (rc == OUTCOME_OK && !interrupted() && (count = list_waiting(r, results)) > 0) {
		uint64_t merged = total_merged(r);

		if (!helps && (!exhausted(r) || !give_last_chance(results, count)))
			break;
		rc = round_of(r, results, count);
		helps = total_merged(r) > merged;
	}
	free(results);
	return rc;
}
