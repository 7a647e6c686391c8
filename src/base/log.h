/* SPDX-License-Identifier: MIT */
/*
 * Writes one line per event to stderr (read by systemd's journal, or redirected to a file by the
 * web host).  Under the journal each line starts with its priority <N>, elsewhere with a time
 * stamp.  Callers pass untrusted text through log_escape first, and never log tokens, passwords or
 * envelopes.  Thread-safe; a line is written with one write(2).
 */
#ifndef CAMPAIGN_BASE_LOG_H
#define CAMPAIGN_BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* PROGRAM is not copied and must stay valid. */
void log_open(const char *program, enum log_level level);
/* Limits each call site to a burst of LINES lines and then one line a second; a line says how many
 * lines of its call site were held back before it.  Debug lines are not limited.  The limit keeps
 * clients that cause many errors from filling the disk.  Call it before any thread starts. */
void log_limit(unsigned lines);
void log_set_level(enum log_level level);
/* NAME is "error", "warn", "info" or "debug"; returns -1 for any other. */
int log_level_parse(const char *name, enum log_level *out);

/* Sets the prefix of this thread's lines, which names the request that it works on; "" for none.
 * TEXT is copied, because a thread that commits for other requests can outlive its own. */
void log_set_context(const char *text);
/* TEXT is written before every line of the process; the sync's progress bar erases itself from the
 * terminal with it.  TEXT is not copied and must stay valid. */
void log_set_line_start(const char *text);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Like log_error; appends ": " and the description of errno. */
void log_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Copies TEXT into OUT, with control bytes, non-ASCII bytes and backslashes as \xNN.  What does not
 * fit into SIZE - 1 bytes is cut, and the copy then ends with "...".  Returns OUT. */
const char *log_escape(char *out, size_t size, const char *text);

/* Returns true at most once per SECONDS for each RATE (initialised with zeros, one per call site);
 * *SKIPPED then gets the number of calls since the last one that got false.  Thread-safe. */
struct log_rate {
	long long next_ms;
	unsigned long skipped;
};
int log_rate_allow(struct log_rate *rate, unsigned seconds, unsigned long *skipped);

#endif
