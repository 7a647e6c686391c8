/* SPDX-License-Identifier: MIT */
/*
 * The server variables that a session relies on.  One table (session_variables.c) lists each with
 * its value and the reason.  The module sets them after connecting, whatever the server's settings
 * and its init_connect are, then reads them back and compares: it refuses a session that differs.
 */
#ifndef CAMPAIGN_DB_SESSION_VARIABLES_H
#define CAMPAIGN_DB_SESSION_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "db/db.h"

#define SESSION_VARIABLES_WHY 256

/*
 * Sets and verifies the variables of DB, and reads max_allowed_packet.  IO_TIMEOUT_S limits the
 * lock waits.  EXTRA is a list "name = value, name2 = 'v,2'" that is set after ours, or NULL.  BUG:
 * the session is refused; the reason is logged.
 */
enum outcome session_variables_set(struct db *db, unsigned io_timeout_s, const char *extra);

/* True if LIST has the form that session_variables_set accepts; otherwise WHY, of
 * SESSION_VARIABLES_WHY bytes, gets the reason.  Only the server checks the values. */
bool session_variables_check(const char *list, char *why);

/* For tests: returns the Nth name of the table, NULL after the last one. */
const char *session_variables_name(size_t n);

#endif
