/* SPDX-License-Identifier: MIT */
/* Dates and times, for cast.c only: the rows date to timespan of the casting table (6.2). */
#ifndef CAMPAIGN_SCHEMA_CAST_TIME_H
#define CAMPAIGN_SCHEMA_CAST_TIME_H

#include "base/clock.h"
#include "schema/types.h"

enum cast_verdict {
	CAST_VALID,
	CAST_INVALID, /* a form that the table does not have: cast_mode=lenient forgives it */
	CAST_REFUSED, /* what the table itself refuses, in either mode */
	CAST_TOO_LONG,
};

/* TEXT is trimmed and not empty; TIMEZONE is that of struct cast_options.  OUT is written
 * only when valid. */
enum cast_verdict cast_time_value(enum xtk_type type, const char *text, const char *timezone,
				  char out[CLOCK_TEXT_SIZE]);

#endif
