/* SPDX-License-Identifier: MIT */
/*
 * Writes log lines to stderr.  systemd names the file that its journal reads in JOURNAL_STREAM; if
 * stderr is that file, a line starts with "<N>" and the journal adds the time itself.
 */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* A write of at most PIPE_BUF bytes is atomic: several processes can share a pipe. */
#define LINE_SIZE    4096
#define CONTEXT_SIZE 256

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARN] = {"warn", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static const char *program_name = "campaign-ingest";
static atomic_int threshold = LOG_LEVEL_INFO;
static int to_journal;
static _Thread_local char context[CONTEXT_SIZE];
static const char *_Atomic line_start = "";

static int stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM"); /* "DEVICE:INODE" */
	unsigned long long device, inode;
	struct stat st;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *program, enum log_level level)
{
	program_name = program;
	to_journal = stderr_is_journal();
	log_set_level(level);
}

void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

int log_level_parse(const char *name, enum log_level *out)
{
	size_t i;

	for (i = 0; i < LEVELS; i++) {
		if (strcmp(name, levels[i].name) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

void log_set_context(const char *text)
{
	snprintf(context, sizeof(context), "%s", text);
}

void log_set_line_start(const char *text)
{
	atomic_store(&line_start, text);
}

/* Returns how many bytes snprintf has written into ROOM bytes; N is its result. */
static size_t written(int n, size_t room)
{
	if (n < 0)
		return 0;
	return (size_t)n < room ? (size_t)n : room - 1;
}

static size_t put_prefix(char *line, size_t room, enum log_level level)
{
	char now[CLOCK_TEXT_SIZE];
	size_t used;
	int n;

	if (to_journal)
		n = snprintf(line, room, "<%d>", levels[level].priority);
	else
		n = snprintf(line, room,
			     "%sZ %s[%ld]: %s: ", clock_format(now, clock_utc_ms(), 'T'),
			     program_name, (long)getpid(), levels[level].name);
	used = written(n, room);
	if (context[0] != '\0')
		used += written(snprintf(line + used, room - used, "%s: ", context), room - used);
	return used;
}

/* A line break inside a message would forge a second line, and other control characters could
 * control the terminal of a reader.  Callers escape the texts of clients (log_escape); this
 * function catches the texts that they did not escape. */
static void blank_controls(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];

		if (c < 0x20 || c == 0x7f)
			*text = ' ';
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			text[0] = text[1] = ' '; /* U+0080 to U+009F are control characters too */
	}
}

/* --- the rate limit of each call site -------------------------------------------------------- */

#define SITES	    256
#define INTERVAL_MS 1000

struct site {
	const char *format; /* identifies the call site: each has a literal of its own */
	/* When the next line is due at one line per INTERVAL_MS.  A burst moves it into the
	 * future, by `burst` intervals at most. */
	long long next_ms;
	unsigned long held;
};

/* Guards `sites` and every struct log_rate. */
static pthread_mutex_t rate_lock = PTHREAD_MUTEX_INITIALIZER;
static struct site sites[SITES];
static unsigned burst; /* 0: no limit */

void log_limit(unsigned lines)
{
	burst = lines;
}

static struct site *site_find(const char *format)
{
	size_t home = ((uintptr_t)format >> 3) % SITES;

	for (size_t i = 0; i < SITES; i++) {
		struct site *p = &sites[(home + i) % SITES];

		if (p->format == NULL)
			p->format = format;
		if (p->format == format)
			return p;
	}
	return &sites[home]; /* the table is full: this call site shares the limit of another */
}

/* True if the call site may write a line now; *HELD then gets the number of its lines that were
 * held back since its last one. */
static bool site_allow(const char *format, unsigned long *held)
{
	long long now = clock_monotonic_ms();
	struct site *p;
	bool may;

	pthread_mutex_lock(&rate_lock);
	p = site_find(format);
	if (p->next_ms < now)
		p->next_ms = now;
	may = p->next_ms - now <= ((long long)burst - 1) * INTERVAL_MS;
	if (may) {
		*held = p->held;
		p->held = 0;
		p->next_ms += INTERVAL_MS;
	} else {
		p->held++;
	}
	pthread_mutex_unlock(&rate_lock);
	return may;
}

static void vlog(enum log_level level, int error, const char *format, va_list args)
{
	char line[LINE_SIZE];
	size_t room = sizeof(line) - 1; /* one byte is kept for the line feed */
	const char *start = atomic_load(&line_start);
	unsigned long held = 0;
	size_t used, begin;
	int saved = errno;

	if ((int)level > atomic_load(&threshold))
		return;
	/* Debug lines are not limited. */
	if (burst != 0 && level != LOG_LEVEL_DEBUG && !site_allow(format, &held)) {
		errno = saved;
		return;
	}
	begin = used = written(snprintf(line, room, "%s", start), room);
	used += put_prefix(line + used, room - used, level);
	used += written(vsnprintf(line + used, room - used, format, args), room - used);
	if (error != 0)
		used += written(snprintf(line + used, room - used, ": %s", strerrordesc_np(error)),
				room - used);
	if (held != 0)
		used += written(snprintf(line + used, room - used,
					 " (and %lu more like this, held back)", held),
				room - used);
	blank_controls(line + begin);
	line[used++] = '\n';
	/* A failure to write to stderr cannot be reported.  (void)! silences gcc's
	 * warn_unused_result, (void) alone does not. */
	(void)!write(STDERR_FILENO, line, used);
	errno = saved;
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vlog(LOG_LEVEL_ERROR, 0, format, args);
	va_end(args);
}

void log_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vlog(LOG_LEVEL_WARN, 0, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vlog(LOG_LEVEL_INFO, 0, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vlog(LOG_LEVEL_DEBUG, 0, format, args);
	va_end(args);
}

void log_errno(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vlog(LOG_LEVEL_ERROR, error, format, args);
	va_end(args);
}

#define ESCAPE_SIZE 4 /* "\xNN" */
#define CUT_MARK    "..."

const char *log_escape(char *out, size_t size, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0, kept = 0; /* kept: the last length at which CUT_MARK still fits */

	if (size == 0)
		return out;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		int plain = c >= 0x20 && c < 0x7f && c != '\\';
		size_t need = plain ? 1 : ESCAPE_SIZE;

		if (used + need > size - 1)
			break;
		if (plain) {
			out[used] = (char)c;
		} else {
			memcpy(out + used, "\\x", 2);
			out[used + 2] = hex[c >> 4];
			out[used + 3] = hex[c & 15];
		}
		used += need;
		if (used + strlen(CUT_MARK) <= size - 1)
			kept = used;
	}
	out[used] = '\0';
	if (*text != '\0')
		snprintf(out + kept, size - kept, CUT_MARK);
	return out;
}

int log_rate_allow(struct log_rate *rate, unsigned seconds, unsigned long *skipped)
{
	long long now = clock_monotonic_ms();
	int allowed;

	pthread_mutex_lock(&rate_lock);
	/* ">=", since both are 0 for a new RATE on a machine that has just started. */
	allowed = now >= rate->next_ms;
	if (allowed) {
		*skipped = rate->skipped;
		rate->skipped = 0;
		rate->next_ms = now + (long long)seconds * 1000;
	} else {
		rate->skipped++;
	}
	pthread_mutex_unlock(&rate_lock);
	return allowed;
}
