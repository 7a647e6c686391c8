/* SPDX-License-Identifier: MIT */
/*
 * What a session relies on of the server's variables.  One table (session_variables.c) names each
 * with its value and the reason.  They are set after connecting, whatever the server's settings and
 * its init_connect say, then read back and compared: a session that differs is refused.
 */
#ifndef CAMPAIGN_DB_SESSION_VARIABLES_H
#define CAMPAIGN_DB_SESSION_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "db/db.h"

#define SESSION_VARIABLES_WHY 256

/*
 * Sets and verifies the variables of DB, and reads max_allowed_packet.  EXTRA is a list
 * "name = value, name2 = 'v,2'" that is set behind ours, or NULL.  BUG: refused, and logged.
 */
enum outcome session_variables_set(struct db *db, unsigned io_timeout_s, const char *extra);

/* Whether LIST is one that session_variables_set takes; if not WHY, of SESSION_VARIABLES_WHY bytes,
 * says what is wrong.  The values are the server's to judge. */
bool session_variables_check(const char *list, char *why);

/* For tests: the Nth name of the table, NULL behind the last one. */
const char *session_variables_name(size_t n);

#endif
