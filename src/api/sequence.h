/* SPDX-License-Identifier: MIT */
/*
 * Numbers for primary keys that are not UUIDs: R7.11.  Each process draws a block of
 * DDL_SEQUENCE_BLOCK from the database's sequence and hands it out from memory; what is left
 * of it when the process ends is lost, so numbers have gaps.  Any thread.
 */
#ifndef CAMPAIGN_API_SEQUENCE_H
#define CAMPAIGN_API_SEQUENCE_H

#include <stdint.h>

#include "base/arena.h"
#include "soap/fault_cause.h"
#include "db/shared_session.h"
#include "schema/model.h"

/* The next number of the sequence of S, one that its primary key can hold.  -1 with *P set. */
int sequence_next(struct shared_session *shared, const struct schema *s, struct arena *arena,
		  uint64_t *out, struct fault_cause *p);

#endif
