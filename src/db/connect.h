/* SPDX-License-Identifier: MIT */
/* Makes the connection of a session.  Private to src/db. */
#ifndef CAMPAIGN_DB_CONNECT_H
#define CAMPAIGN_DB_CONNECT_H

#include "base/outcome.h"
#include "db/db.h"

/* Connects as LOGIN's option file says, encrypted and verified if it asks for that, and stores in
 * db->transport how the connection is secured.  BUG, logged: the file is wrong, or the server does
 * not offer the TLS that the file asks for. */
enum outcome connect_session(struct db *db, const struct db_login *login);

#endif
