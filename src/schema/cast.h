/* SPDX-License-Identifier: MIT */
/*
 * A value as text, judged by its field's type: docs/protocol.md section 6.  What comes out
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
	const char *timezone; /* zone of date-times without one: "UTC", or a name of tzdata */
};

/* Loads the zone's rules once per process, before threads.  -1: no such zone (logged). */
int cast_init(const char *timezone);

/* R6.2 to R6.3 and the casting table.  *OUT points into ARENA or at TEXT; text NULL means
 * SQL NULL (empty string or date).  Returns -1 with *P = CODE_CAST or CODE_TOO_LONG. */
int cast_value(const struct field *f, const char *text, const struct cast_options *options,
	       struct arena *arena, struct db_value *out, struct fault_cause *p);

/* A boolean parameter of a method (R3.8), -1 if it is none. */
int cast_boolean(const char *text, bool *out);

#endif
