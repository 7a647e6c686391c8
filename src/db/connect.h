/* SPDX-License-Identifier: MIT */
/* Inside src/db only: how a session comes to its connection. */
#ifndef CAMPAIGN_DB_CONNECT_H
#define CAMPAIGN_DB_CONNECT_H

#include "base/outcome.h"
#include "db/db.h"

/* Connects as LOGIN's option file says, encrypted and verified if it asks for that, and
 * notes how the connection is secured.  BUG: the file is wrong, or the server does not offer what
 * it asks for; logged. */
enum outcome connect_session(struct db *db, const struct db_login *login);

#endif
