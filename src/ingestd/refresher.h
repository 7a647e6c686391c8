/* SPDX-License-Identifier: MIT */
/*
 * The thread that keeps a worker's view of operators, sessions and schemas fresh.
 */
#ifndef CAMPAIGN_INGESTD_REFRESHER_H
#define CAMPAIGN_INGESTD_REFRESHER_H

#include "db/db.h"
#include "schema/registry.h"
#include "session/sessions.h"

struct refresher;

/* Looks once before it returns, so that a worker knows its schemas before its first call; if
 * the database is away then, it goes on trying.  All arguments are borrowed.  NULL after
 * having logged why. */
struct refresher *refresher_start(const struct db_login *login, struct sessions *sessions,
				  struct registry_slot *registry);
void refresher_refresh_now(struct refresher *w); /* look now, and not when it is due */
void refresher_stop(struct refresher **w);

#endif
