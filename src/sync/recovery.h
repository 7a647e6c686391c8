/* SPDX-License-Identifier: MIT */
/* What the beginning of a turn needs: the log's id, and an end to what an earlier run left. */
#ifndef CAMPAIGN_SYNC_RECOVERY_H
#define CAMPAIGN_SYNC_RECOVERY_H

#include <stdint.h>

#include "base/outcome.h"
#include "schema/model.h"
#include "sync/batch.h"
#include "sync/ends.h"

struct recovery {
	struct ends *ends;
	const struct schema *schema;
	char log_id[LOG_ID_SIZE]; /* out: for this run */
	uint64_t recovered;	  /* out: changes that a run which died had applied */
};

/* CONTEXT is a struct recovery, for ends_persist. */
enum outcome recover_and_renew(void *context);

#endif
