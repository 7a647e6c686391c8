/* SPDX-License-Identifier: MIT */
/*
 * Checks that tables have a transactional engine.  Only an engine with rollback makes a batch
 * atomic and removes the partial writes of a refused record (R10.10).
 */
#ifndef CAMPAIGN_CLOUD_ENGINES_H
#define CAMPAIGN_CLOUD_ENGINES_H

#include <stddef.h>

#include "base/buf.h"
#include "base/outcome.h"
#include "db/db.h"

/* Checks the tables NAMES in the session's database.  INVALID: one of them is a view, or its engine
 * has no transactions or is not available; REASON names the table and the remedy.  Tables that do
 * not exist are ignored. */
enum outcome engines_check(struct db *db, const char *const *names, size_t count,
			   struct buf *reason);

#endif
