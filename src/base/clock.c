/* SPDX-License-Identifier: MIT */
/* Reads the monotonic clock and UTC, and formats UTC.  Time zones are in src/schema/cast_time.c. */
#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now); /* cannot fail for the two ids used here */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t clock_utc_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

const char *clock_format(char out[CLOCK_TEXT_SIZE], int64_t utc_ms, char separator)
{
	int ms = (int)(utc_ms % 1000);
	time_t seconds = (time_t)(utc_ms / 1000);
	struct tm tm = {0};
	size_t n;

	if (ms < 0) { /* before 1970: round down, not towards zero */
		ms += 1000;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	n = strftime(out, CLOCK_TEXT_SIZE - 4, separator == 'T' ? "%FT%T" : "%F %T", &tm);
	snprintf(out + n, CLOCK_TEXT_SIZE - n, ".%03d", ms);
	return out;
}
