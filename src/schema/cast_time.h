/* SPDX-License-Identifier: MIT */
/* The casts of dates and times (6.2), used by cast.c only. */
#ifndef CAMPAIGN_SCHEMA_CAST_TIME_H
#define CAMPAIGN_SCHEMA_CAST_TIME_H

#include "base/clock.h"
#include "schema/types.h"

enum cast_verdict {
	CAST_VALID,
	CAST_INVALID, /* not a form of the table: cast_mode=lenient treats it as empty */
	CAST_REFUSED, /* a value that the table refuses in either mode */
	CAST_TOO_LONG,
};

/* TEXT is trimmed and not empty; TIMEZONE is that of struct cast_options.  OUT is written only if
 * the result is CAST_VALID. */
enum cast_verdict cast_time_value(enum xtk_type type, const char *text, const char *timezone,
				  char out[CLOCK_TEXT_SIZE]);

#endif
