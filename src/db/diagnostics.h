/* SPDX-License-Identifier: MIT */
/*
 * Asks the server for the error of the statement that failed last, for errors that the client
 * library does not pass on.  A trigger can raise an error with any number.  If the number belongs
 * to the library's own ranges (2000, 5000 and up), the library reports only "malformed packet", as
 * if the connection were broken.
 */
#ifndef CAMPAIGN_DB_DIAGNOSTICS_H
#define CAMPAIGN_DB_DIAGNOSTICS_H

#include <mysql.h>
#include <stdbool.h>

struct diagnostics {
	unsigned number;
	char state[SQLSTATE_LENGTH + 1];
	char text[512]; /* truncated if longer */
};

/* Must be called before the next statement.  NUMBER is the error that the library reports.  Returns
 * false if it is another error than "malformed packet", or if the server does not answer properly:
 * then the connection is in fact broken. */
bool diagnostics_ask(MYSQL *mysql, unsigned number, struct diagnostics *out);

#endif
