/* SPDX-License-Identifier: MIT */
/*
 * A worker of a run. It processes schemas one after the other, each in one turn. It has its own
 * sessions with the staging and the target database, and its own copy of the deployed schemas.
 * One thread uses it.
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

/* The state that all workers of a run share. */
struct lane_frame {
	const struct conf *conf;
	const struct options *options;
	uint64_t run_id; /* 0: the run has no history entry, as in a dry run */
	struct progress *progress;
	unsigned lanes; /* the number of workers; they share the memory for batches */
	atomic_uint busy;
};

struct lane {
	struct lane_frame *frame;
	struct ends ends;
	struct registry *registry;
	bool cut_short; /* a signal ended a turn that had more changes to process */
};

/* Opens a worker's sessions and loads its schemas. The run opens the first worker itself. */
enum outcome lane_open(struct lane *l, struct lane_frame *frame, const struct ends *like,
		       unsigned number);
void lane_close(struct lane *l);
/* Processes the schema of RESULT, and stores a failure there. Returns RETRY if a database cannot
 * be reached. */
enum outcome lane_take(struct lane *l, struct schema_result *result);

#endif
