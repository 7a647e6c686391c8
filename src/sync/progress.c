/* SPDX-License-Identifier: MIT */
/* Shows progress as a bar or as log lines; see progress.h. */
#include "config.h"

#include "sync/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#define BAR_WIDTH     24
#define BAR_EVERY_MS  100
#define LINE_EVERY_MS 10000
#define LINE_SIZE     256
#define TIME_SIZE     32
#define NAME_SIZE     32

static const char wipe[] = "\r\033[K";

struct progress {
	pthread_mutex_t mutex;
	const char *what;
	bool quiet;
	/* State of the bar. It covers all turns that began since the bar was last hidden. */
	const char *schema; /* used if there is only one turn */
	unsigned turns, active;
	uint64_t total, done;
	int64_t started_ms;
	int64_t next_ms; /* time of the next drawing */
};

/* Formats ", 1:05 left", or "" as long as the rate is unknown. */
static void format_left(char out[TIME_SIZE], uint64_t left, uint64_t rate)
{
	uint64_t seconds = rate > 0 ? (left + rate - 1) / rate : 0;

	if (rate == 0)
		out[0] = '\0';
	else if (seconds < 3600)
		snprintf(out, TIME_SIZE, ", %" PRIu64 ":%02" PRIu64 " left", seconds / 60,
			 seconds % 60);
	else
		snprintf(out, TIME_SIZE, ", %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left",
			 seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* Cuts the line to the width of the terminal: a wrapped line could not be erased. */
static void cut_to_terminal(char *line)
{
	struct winsize size = {0};
	size_t columns = LINE_SIZE;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	if (columns <= LINE_SIZE)
		line[columns - 1] = '\0';
}

static void draw_bar(const struct progress *p)
{
	int64_t elapsed = clock_monotonic_ms() - p->started_ms;
	uint64_t total = p->total > p->done ? p->total : p->done;
	uint64_t rate = elapsed > 0 ? p->done * 1000 / (uint64_t)elapsed : 0;
	int filled = total > 0 ? (int)(p->done * BAR_WIDTH / total) : 0;
	char bar[BAR_WIDTH + 1], left[TIME_SIZE], several[NAME_SIZE], line[LINE_SIZE] = "";

	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '-';
	bar[BAR_WIDTH] = '\0';
	format_left(left, total - p->done, rate);
	snprintf(several, sizeof(several), "%u schemas", p->turns);
	snprintf(line, sizeof(line), "%s [%s] %" PRIu64 "/%" PRIu64 ", %" PRIu64 "/s%s",
		 p->turns == 1 ? p->schema : several, bar, p->done, total, rate, left);
	cut_to_terminal(line);
	fprintf(stderr, "%s%s", wipe, line);
	fflush(stderr);
}

struct progress *progress_new(const char *what, bool quiet)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->mutex, NULL);
	p->what = what;
	p->quiet = quiet;
	return p;
}

void progress_free(struct progress **p)
{
	if (*p == NULL)
		return;
	pthread_mutex_destroy(&(*p)->mutex);
	free(*p);
	*p = NULL;
}

bool progress_wants_total(const struct progress *p)
{
	return !p->quiet && isatty(STDERR_FILENO) == 1;
}

static void bar_begin(struct progress *p, const char *schema, uint64_t total)
{
	int64_t now = clock_monotonic_ms();

	if (p->active == 0) {
		p->turns = 0;
		p->total = p->done = 0;
		p->started_ms = now;
	}
	p->active++;
	p->turns++;
	p->schema = schema;
	p->total += total;
	p->next_ms = now + BAR_EVERY_MS;
	log_set_line_start(wipe);
	draw_bar(p);
}

static void bar_add(struct progress *p, uint64_t done)
{
	int64_t now = clock_monotonic_ms();

	p->done += done;
	if (now < p->next_ms)
		return;
	draw_bar(p);
	p->next_ms = now + BAR_EVERY_MS;
}

static void bar_end(struct progress *p)
{
	if (--p->active > 0)
		return;
	fputs(wipe, stderr); /* makes room for the summary */
	fflush(stderr);
	log_set_line_start("");
}

void progress_begin(struct progress *p, struct progress_turn *t, const char *schema, uint64_t total)
{
	*t = (struct progress_turn){.progress = p, .schema = schema};
	t->next_ms = clock_monotonic_ms() + LINE_EVERY_MS;
	t->bar = total > 0 && progress_wants_total(p);
	if (!t->bar)
		return;
	pthread_mutex_lock(&p->mutex);
	bar_begin(p, schema, total);
	pthread_mutex_unlock(&p->mutex);
}

void progress_add(struct progress_turn *t, uint64_t done)
{
	struct progress *p = t->progress;

	t->done += done;
	if (t->bar) {
		pthread_mutex_lock(&p->mutex);
		bar_add(p, done);
		pthread_mutex_unlock(&p->mutex);
	} else if (!p->quiet && clock_monotonic_ms() >= t->next_ms) {
		log_info("%s: %" PRIu64 " %s so far", t->schema, t->done, p->what);
		t->next_ms = clock_monotonic_ms() + LINE_EVERY_MS;
	}
}

void progress_end(struct progress_turn *t)
{
	struct progress *p = t->progress;

	if (!t->bar)
		return;
	pthread_mutex_lock(&p->mutex);
	bar_end(p);
	pthread_mutex_unlock(&p->mutex);
}
