/* SPDX-License-Identifier: MIT */
/*
 * Casts dates and times by the casting table (6.2).  This file computes the calendar itself,
 * because the functions of the C library take a lock that all request threads would share; only a
 * configured zone other than UTC needs the library's rules.
 */
#include "config.h"

#include "schema/cast_time.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "schema/cast.h"

#define DAY_S	   86400
#define YEAR_FIRST 1
#define YEAR_LAST  9999

#define ZONE_FOLDER "/usr/share/zoneinfo"

struct moment {
	int year, month, day;
	int64_t seconds; /* of the day */
	int ms;
	bool has_time;
	bool has_zone;
	int offset_s; /* east of Greenwich */
};

/* Returns the days since 1970-01-01.  The years of the computation begin in March, so that the leap
 * day comes last. */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t century = y / 100;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return 365 * y + y / 4 - century + century / 4 + day_of_year - 719468;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* The inverse of days_from_date; DAYS lies within the years 1 to 9999. */
static void date_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t left;

	/* A mean year is slightly longer than most years: the estimate is right or one too small.
	 */
	*year = (int)((days + 719162) * 400 / 146097) + 1;
	while (days < days_from_date(*year, 1, 1))
		(*year)--;
	while (days >= days_from_date(*year + 1, 1, 1))
		(*year)++;
	left = days - days_from_date(*year, 1, 1);
	for (*month = 1; left >= days_in_month(*year, *month); (*month)++)
		left -= days_in_month(*year, *month);
	*day = (int)left + 1;
}

/* Reads exactly COUNT digits. */
static int read_digits(const char **p, int count, int *out)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	*out = value;
	return 0;
}

static int read_char(const char **p, char c)
{
	if (**p != c)
		return -1;
	(*p)++;
	return 0;
}

/* YYYY-MM-DD or YYYY/MM/DD */
static int read_date(const char **p, struct moment *m)
{
	char separator;

	if (read_digits(p, 4, &m->year) < 0)
		return -1;
	separator = **p;
	if (separator != '-' && separator != '/')
		return -1;
	(*p)++;
	if (read_digits(p, 2, &m->month) < 0 || read_char(p, separator) < 0 ||
	    read_digits(p, 2, &m->day) < 0)
		return -1;
	if (m->year < YEAR_FIRST || m->month < 1 || m->month > 12 || m->day < 1)
		return -1;
	return m->day <= days_in_month(m->year, m->month) ? 0 : -1;
}

/* Reads ".f" as milliseconds and drops further digits. */
static int read_fraction(const char **p, int *ms)
{
	int weight = 100;

	(*p)++;
	if (**p < '0' || **p > '9')
		return -1;
	for (*ms = 0; **p >= '0' && **p <= '9'; (*p)++, weight /= 10)
		*ms += (**p - '0') * weight;
	return 0;
}

/* HH:MM[:SS[.f]] */
static int read_clock(const char **p, bool fraction, struct moment *m)
{
	int hour, minute, second = 0;

	if (read_digits(p, 2, &hour) < 0 || read_char(p, ':') < 0 || read_digits(p, 2, &minute) < 0)
		return -1;
	if (**p == ':') {
		(*p)++;
		if (read_digits(p, 2, &second) < 0)
			return -1;
		if (fraction && **p == '.' && read_fraction(p, &m->ms) < 0)
			return -1;
	}
	if (hour > 23 || minute > 59 || second > 59)
		return -1;
	m->seconds = hour * 3600 + minute * 60 + second;
	m->has_time = true;
	return 0;
}

/* Z, +HH, +HH:MM, +HHMM or nothing */
static int read_zone(const char **p, struct moment *m)
{
	char sign = **p;
	int hours, minutes = 0;

	if (sign == '\0')
		return 0;
	(*p)++;
	m->has_zone = true;
	if (sign == 'Z')
		return 0;
	if ((sign != '+' && sign != '-') || read_digits(p, 2, &hours) < 0)
		return -1;
	if (**p != '\0') {
		if (**p == ':')
			(*p)++;
		if (read_digits(p, 2, &minutes) < 0)
			return -1;
	}
	if (hours > 23 || minutes > 59)
		return -1;
	m->offset_s = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return 0;
}

static int read_moment(const char *text, struct moment *m)
{
	const char *p = text;

	*m = (struct moment){0};
	if (read_date(&p, m) < 0)
		return -1;
	if (*p == '\0')
		return 0;
	if (*p != ' ' && *p != 'T')
		return -1;
	p++;
	if (read_clock(&p, true, m) < 0 || read_zone(&p, m) < 0)
		return -1;
	return *p == '\0' ? 0 : -1;
}

/* Reads an integer, which means seconds since 1970.  Returns -1 if TEXT is anything else, or does
 * not fit into 64 bits. */
static int read_epoch(const char *text, int64_t *seconds)
{
	const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
	char *end;

	if (*digits < '0' || *digits > '9')
		return -1;
	errno = 0;
	*seconds = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0 ? 0 : -1;
}

static int zone_offset(int64_t utc)
{
	time_t t = (time_t)utc;
	struct tm tm = {0};

	localtime_r(&t, &tm);
	return (int)tm.tm_gmtoff;
}

/*
 * Converts wall-clock seconds of the configured zone to UTC.  In an hour that occurs twice, a time
 * means the first occurrence; in an hour that is skipped, it moves forward by the gap.  (mktime is
 * not used: in the first case its result depends on the call before.)
 */
static int64_t zone_to_utc(int64_t wall)
{
	int before = zone_offset(wall - DAY_S);
	int after = zone_offset(wall + DAY_S);

	if (zone_offset(wall - before) != before && zone_offset(wall - after) == after)
		return wall - after;
	return wall - before;
}

static int64_t moment_to_utc(const struct moment *m, const char *timezone)
{
	int64_t wall = days_from_date(m->year, m->month, m->day) * DAY_S + m->seconds;

	if (m->has_zone)
		return wall - m->offset_s;
	return strcmp(timezone, "UTC") == 0 ? wall : zone_to_utc(wall);
}

/* Converts seconds since 1970 into a date and a time; returns -1 outside the years 1 to 9999. */
static int moment_from_seconds(int64_t seconds, int ms, struct moment *m)
{
	int64_t days = seconds / DAY_S;

	if (seconds % DAY_S < 0)
		days--;
	if (days < days_from_date(YEAR_FIRST, 1, 1) || days > days_from_date(YEAR_LAST, 12, 31))
		return -1;
	*m = (struct moment){.has_time = true, .seconds = seconds - days * DAY_S, .ms = ms};
	date_from_days(days, &m->year, &m->month, &m->day);
	return 0;
}

static void format_date(char out[CLOCK_TEXT_SIZE], const struct moment *m)
{
	snprintf(out, CLOCK_TEXT_SIZE, "%04d-%02d-%02d", m->year % 10000, m->month % 100,
		 m->day % 100);
}

/* Writes the form that the database stores; the zone is always UTC and is not written. */
static void format_datetime(char out[CLOCK_TEXT_SIZE], const struct moment *m)
{
	int s = (int)m->seconds % DAY_S;

	format_date(out, m);
	snprintf(out + 10, CLOCK_TEXT_SIZE - 10, " %02d:%02d:%02d.%03d", s / 3600, s / 60 % 60,
		 s % 60, m->ms % 1000);
}

/* A date-time becomes its day in UTC.  Seconds since 1970 are not accepted as a date: 20260203
 * would silently become a day of 1970. */
static enum cast_verdict cast_date(const char *text, const char *timezone,
				   char out[CLOCK_TEXT_SIZE])
{
	struct moment m;

	if (read_moment(text, &m) < 0)
		return CAST_INVALID;
	if (m.has_time && moment_from_seconds(moment_to_utc(&m, timezone), 0, &m) < 0)
		return CAST_INVALID;
	format_date(out, &m);
	return CAST_VALID;
}

static enum cast_verdict cast_datetime(const char *text, const char *timezone,
				       char out[CLOCK_TEXT_SIZE])
{
	struct moment m = {0};
	int64_t seconds;

	if (read_epoch(text, &seconds) < 0) {
		if (read_moment(text, &m) < 0)
			return CAST_INVALID;
		seconds = moment_to_utc(&m, timezone);
	}
	if (moment_from_seconds(seconds, m.ms, &m) < 0)
		return CAST_INVALID;
	format_datetime(out, &m);
	return CAST_VALID;
}

static enum cast_verdict cast_datetimenotz(const char *text, char out[CLOCK_TEXT_SIZE])
{
	struct moment m;

	if (read_moment(text, &m) < 0)
		return cast_datetime(text, "UTC", out); /* seconds since 1970, or invalid */
	if (m.has_zone)
		return CAST_REFUSED;
	format_datetime(out, &m);
	return CAST_VALID;
}

static enum cast_verdict cast_time(const char *text, char out[CLOCK_TEXT_SIZE])
{
	struct moment m = {0};
	const char *p = text;

	if (read_clock(&p, false, &m) < 0 || *p != '\0')
		return CAST_INVALID;
	snprintf(out, CLOCK_TEXT_SIZE, "%.5s:%02d", text, (int)(m.seconds % 60));
	return CAST_VALID;
}

enum cast_verdict cast_time_value(enum xtk_type type, const char *text, const char *timezone,
				  char out[CLOCK_TEXT_SIZE])
{
	switch (type) {
	case XTK_DATE:
		return cast_date(text, timezone, out);
	case XTK_DATETIMENOTZ:
		return cast_datetimenotz(text, out);
	case XTK_TIME:
		return cast_time(text, out);
	default:
		return cast_datetime(text, timezone, out);
	}
}

/* Checks the file of the zone, since tzset silently uses UTC for a name that does not exist. */
static bool zone_exists(const char *name)
{
	const char *folder = getenv("TZDIR");
	struct stat st;
	char *path;
	bool found;

	if (name[0] == '\0' || name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL)
		return false;
	path = xasprintf("%s/%s", folder != NULL ? folder : ZONE_FOLDER, name);
	found = stat(path, &st) == 0 && S_ISREG(st.st_mode);
	free(path);
	return found;
}

int cast_init(const char *timezone)
{
	char *value;

	if (strcmp(timezone, "UTC") == 0)
		return 0;
	if (!zone_exists(timezone)) {
		log_error("time zone '%s' is not known on this system (is tzdata installed?)",
			  timezone);
		return -1;
	}
	value = xasprintf(":%s", timezone);
	setenv("TZ", value, 1);
	free(value);
	tzset();
	return 0;
}
