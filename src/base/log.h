/* SPDX-License-Identifier: MIT */
/*
 * One line per event on stderr (systemd's journal, or a file that the web host keeps).
 * Under the journal each line carries its <N> priority; elsewhere a time stamp.
 * Untrusted text goes through log_escape first.  Never tokens, passwords, envelopes.
 * Thread-safe; a line is written with one write(2).
 */
#ifndef CAMPAIGN_BASE_LOG_H
#define CAMPAIGN_BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* PROGRAM is kept, not copied. */
void log_open(const char *program, enum log_level level);
/* From now on each place in the code writes LINES lines at once and then one a second; a line says
 * how many of its kind were held back before it.  Not for debug.  So whoever makes the program
 * complain, however often, fills no disk.  Before there are threads. */
void log_limit(unsigned lines);
void log_set_level(enum log_level level);
/* "error", "warn", "info", "debug"; returns -1 if NAME is none of them. */
int log_level_parse(const char *name, enum log_level *out);

/* The request that this thread is working on, as a prefix of its lines; "" for none.  TEXT is
 * copied: a thread that writes for others outlives its own request. */
void log_set_context(const char *text);
/* Comes before every line of the process, as what wipes a progress bar off a terminal; kept, not
 * copied. */
void log_set_line_start(const char *text);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As log_error, and adds ": " and strerror(errno). */
void log_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Copies at most SIZE - 1 bytes of TEXT with control and non-ASCII bytes as \xNN and
 * marks a cut with "..."; returns OUT. */
const char *log_escape(char *out, size_t size, const char *text);

/* True at most once per SECONDS for each RATE (zero-initialised, one per call site);
 * *SKIPPED gets how many were held back since the last one.  Thread-safe. */
struct log_rate {
	long long next_ms;
	unsigned long skipped;
};
int log_rate_allow(struct log_rate *rate, unsigned seconds, unsigned long *skipped);

#endif
