/* SPDX-License-Identifier: MIT */
/*
 * Checks and converts a value by the type of its field: docs/protocol.md section 6.  The result
 * is the text that MariaDB stores unchanged: integers in digits, times in UTC as
 * "YYYY-MM-DD HH:MM:SS.mmm", booleans as 1 or 0, blobs decoded.
 */
#ifndef CAMPAIGN_SCHEMA_CAST_H
#define CAMPAIGN_SCHEMA_CAST_H

#include "base/arena.h"
#include "soap/fault_cause.h"
#include "db/db.h"
#include "schema/model.h"

struct cast_options {
	bool lenient;	      /* cast_mode=lenient, 6.2 */
	const char *timezone; /* "UTC" or a name of tzdata; for date-times that name no zone */
};

/* Loads the rules of the zone.  Call it once per process, before any thread starts.  Returns -1
 * after logging if the zone does not exist. */
int cast_init(const char *timezone);

/* Casts TEXT by R6.2, R6.3 and the casting table.  OUT->text points into ARENA or at TEXT; NULL
 * means SQL NULL (an empty string or date).  On failure returns -1 with *P = CODE_CAST or
 * CODE_TOO_LONG. */
int cast_value(const struct field *f, const char *text, const struct cast_options *options,
	       struct arena *arena, struct db_value *out, struct fault_cause *p);

/* Reads a boolean as the casting table says; returns -1 if TEXT is not one. */
int cast_boolean(const char *text, bool *out);

#endif
