/* SPDX-License-Identifier: MIT */
/* The beginning of a turn: recovers the changes of a run that died, and gives the log a new id. */
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

/* CONTEXT is a struct recovery. The function is a unit for ends_persist. */
enum outcome recover_and_renew(void *context);

#endif
