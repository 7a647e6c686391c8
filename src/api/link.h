/* SPDX-License-Identifier: MIT */
/* Finds the target of a link element: R7.7.  Private to src/api. */
#ifndef CAMPAIGN_API_LINK_H
#define CAMPAIGN_API_LINK_H

#include "api/document.h"
#include "api/record.h"

/*
 * Resolves the element that D gives for LINK.  A target in a local schema is looked up now, and
 * *CELL is set to the foreign key.  For other targets a line is added to LINES, which the
 * replication looks up, and *CELL is set to SQL NULL.  Returns -1 with *P set.
 */
int link_resolve(const struct record_context *c, const struct document *d, int link,
		 struct db_value *cell, struct buf *lines, struct fault_cause *p);

#endif
