/* SPDX-License-Identifier: MIT */
/*
 * A lane takes schemas through their turns, one after the other.  It has sessions of its own at
 * both ends, and the schemas as they were deployed when it looked last.  One thread uses it.
 */
#ifndef CAMPAIGN_SYNC_LANE_H
#define CAMPAIGN_SYNC_LANE_H

#include <stdatomic.h>

#include "base/conf.h"
#include "base/outcome.h"
#include "schema/registry.h"
#include "sync/ends.h"
#include "sync/options.h"
#include "sync/progress.h"
#include "sync/result.h"

/* What the lanes of a run have in common. */
struct lane_frame {
	const struct conf *conf;
	const struct options *options;
	uint64_t run_id; /* 0: not written down, as a dry run */
	struct progress *progress;
	unsigned lanes; /* they share the memory for batches */
	atomic_uint busy;
};

struct lane {
	struct lane_frame *frame;
	struct ends ends;
	struct registry *registry;
	bool cut_short; /* by a signal, with work left in a turn */
};

/* For lanes but the first, which the run opens itself: sessions, and the schemas. */
enum outcome lane_open(struct lane *l, struct lane_frame *frame, const struct ends *like,
		       unsigned number);
void lane_close(struct lane *l);
/* The turn of RESULT's schema; what goes wrong is said there.  RETRY: a database is away. */
enum outcome lane_take(struct lane *l, struct schema_result *result);

#endif
