/* SPDX-License-Identifier: MIT */
/*
 * Whether tables have transactions.  A batch is all or nothing, and a refused record leaves
 * nothing behind, only where the engine can take back what was written (R10.10).
 */
#ifndef CAMPAIGN_CLOUD_ENGINES_H
#define CAMPAIGN_CLOUD_ENGINES_H

#include <stddef.h>

#include "base/buf.h"
#include "base/outcome.h"
#include "db/db.h"

/* INVALID if one of NAMES, in the session's database, is a view or has an engine without
 * transactions; REASON then names it and says what to do.  A table that is not there is none. */
enum outcome engines_check(struct db *db, const char *const *names, size_t count,
			   struct buf *reason);

#endif
