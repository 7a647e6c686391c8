/* SPDX-License-Identifier: MIT */
/* What a MariaDB error number means for the caller.  Knows numbers only, no session. */
#ifndef CAMPAIGN_DB_CLASSIFY_H
#define CAMPAIGN_DB_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"

struct db_class {
	unsigned number;      /* the server's, or the client library's from 2000 on */
	enum outcome outcome; /* RETRY, REJECTED or BUG */
	bool lost;	      /* the session is of no further use */
	bool unsettled;	      /* in answer to COMMIT: it may have taken effect */
};

/* A number that the table does not hold is judged by its SQLSTATE's class.  Class 45 is REJECTED
 * whatever the number. */
struct db_class db_classify(unsigned number, const char *sqlstate);

/* By the SQLSTATE alone: the number is the server's, though it looks like the client library's. */
struct db_class db_classify_state(unsigned number, const char *sqlstate);
/* The row needs more room than a row of its table has. */
bool db_is_too_wide(unsigned number);
/* A sequence has no further number. */
bool db_is_used_up(unsigned number);

/* For the test that walks the table; NULL behind the last row. */
const struct db_class *db_class_row(size_t n);

#endif
