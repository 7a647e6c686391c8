/* SPDX-License-Identifier: MIT */
/*
 * The thread that keeps a worker's operators, sessions and schemas up to date.
 */
#ifndef CAMPAIGN_INGESTD_REFRESHER_H
#define CAMPAIGN_INGESTD_REFRESHER_H

#include "db/db.h"
#include "schema/registry.h"
#include "session/sessions.h"

struct refresher;

/* Refreshes once before it returns, so the worker has its schemas before its first call.  If the
 * database is away then, the thread tries again.  All arguments are borrowed.  Returns NULL after
 * it has logged why. */
struct refresher *refresher_start(const struct db_login *login, struct sessions *sessions,
				  struct registry_slot *registry);
void refresher_refresh_now(struct refresher *w); /* does not wait for the next interval */
void refresher_stop(struct refresher **w);

#endif
