/* SPDX-License-Identifier: MIT */
/*
 * What the server says of the statement that failed last: for errors that the client library does
 * not pass on.  A trigger can raise an error with any number; for one that the library keeps for
 * itself (2000, 5000 and up) it says no more than "malformed packet", as if the connection were
 * broken.
 */
#ifndef CAMPAIGN_DB_DIAGNOSTICS_H
#define CAMPAIGN_DB_DIAGNOSTICS_H

#include <mysql.h>
#include <stdbool.h>

struct diagnostics {
	unsigned number;
	char state[SQLSTATE_LENGTH + 1];
	char text[512]; /* cut to fit */
};

/* False if NUMBER, the failure that the library tells, is another one, or if the server does not
 * answer in order: then the connection is broken indeed.  Before the next statement. */
bool diagnostics_ask(MYSQL *mysql, unsigned number, struct diagnostics *out);

#endif
