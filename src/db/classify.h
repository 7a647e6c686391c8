/* SPDX-License-Identifier: MIT */
/* Maps MariaDB error numbers to outcomes for the caller.  The module needs no session. */
#ifndef CAMPAIGN_DB_CLASSIFY_H
#define CAMPAIGN_DB_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"

struct db_class {
	unsigned number;      /* the server's error number, or the client library's (2000 and up) */
	enum outcome outcome; /* RETRY, REJECTED or BUG */
	bool lost;	      /* the session is lost and cannot be used any more */
	bool unsettled;	      /* in answer to COMMIT: the commit may have taken effect */
};

/* Classifies by NUMBER; if the table does not contain it, by the class of SQLSTATE.  Class 45 is
 * REJECTED whatever the number. */
struct db_class db_classify(unsigned number, const char *sqlstate);

/* Classifies by the SQLSTATE alone: for a number that the server sent although it is in the range
 * of the client library's numbers. */
struct db_class db_classify_state(unsigned number, const char *sqlstate);
/* True if the error says that a row is larger than its table permits. */
bool db_is_too_wide(unsigned number);
/* True if the error says that a sequence has no further number. */
bool db_is_used_up(unsigned number);

/* Returns the Nth row of the table, NULL after the last one.  For the test that reads the table. */
const struct db_class *db_class_row(size_t n);

#endif
