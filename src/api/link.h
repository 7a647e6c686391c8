/* SPDX-License-Identifier: MIT */
/* A link element and what it leads to: R7.7.  Private to src/api. */
#ifndef CAMPAIGN_API_LINK_H
#define CAMPAIGN_API_LINK_H

#include "api/document.h"
#include "api/record.h"

/*
 * Resolves the element that D gives for LINK.  A local target is looked up now, and *CELL gets
 * the foreign key; for any other a line is added to LINES, for replication to look up, and
 * *CELL gets SQL NULL.  -1 with *P set.
 */
int link_resolve(const struct record_context *c, const struct document *d, int link,
		 struct db_value *cell, struct buf *lines, struct fault_cause *p);

#endif
