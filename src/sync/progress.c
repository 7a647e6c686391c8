/* SPDX-License-Identifier: MIT */
/* A bar, or lines; see progress.h. */
#include "config.h"

#include "sync/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define BAR_WIDTH     24
#define BAR_EVERY_MS  100
#define LINE_EVERY_MS 10000
#define LINE_SIZE     256
#define TIME_SIZE     32

static const char wipe[] = "\r\033[K";

bool progress_wants_total(bool quiet)
{
	return !quiet && isatty(STDERR_FILENO) == 1;
}

/* "1:05 left"; nothing as long as there is no rate to tell it by. */
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

/* A line that the terminal breaks could not be wiped any more. */
static void cut_to_terminal(char *line)
{
	struct winsize size = {0};
	size_t columns = LINE_SIZE;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	if (columns <= LINE_SIZE)
		line[columns - 1] = '\0';
}

static void draw_bar(struct progress *p)
{
	int64_t elapsed = clock_monotonic_ms() - p->started_ms;
	uint64_t total = p->total > p->done ? p->total : p->done;
	uint64_t rate = elapsed > 0 ? p->done * 1000 / (uint64_t)elapsed : 0;
	int filled = total > 0 ? (int)(p->done * BAR_WIDTH / total) : 0;
	char bar[BAR_WIDTH + 1], left[TIME_SIZE], line[LINE_SIZE] = "";

	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '-';
	bar[BAR_WIDTH] = '\0';
	format_left(left, total - p->done, rate);
	snprintf(line, sizeof(line), "%s [%s] %" PRIu64 "/%" PRIu64 ", %" PRIu64 "/s%s", p->schema,
		 bar, p->done, total, rate, left);
	cut_to_terminal(line);
	fprintf(stderr, "%s%s", wipe, line);
	fflush(stderr);
}

void progress_begin(struct progress *p, const char *schema, uint64_t total, bool quiet)
{
	*p = (struct progress){.schema = schema, .total = total, .quiet = quiet};
	p->started_ms = clock_monotonic_ms();
	p->bar = total > 0 && progress_wants_total(quiet);
	p->next_ms = p->started_ms + (p->bar ? BAR_EVERY_MS : LINE_EVERY_MS);
	if (!p->bar)
		return;
	log_set_line_start(wipe);
	draw_bar(p);
}

void progress_add(struct progress *p, uint64_t changes)
{
	p->done += changes;
	if (p->quiet || clock_monotonic_ms() < p->next_ms)
		return;
	if (p->bar)
		draw_bar(p);
	else
		log_info("%s: %" PRIu64 " changes so far", p->schema, p->done);
	p->next_ms = clock_monotonic_ms() + (p->bar ? BAR_EVERY_MS : LINE_EVERY_MS);
}

void progress_end(struct progress *p)
{
	if (!p->bar)
		return;
	fputs(wipe, stderr); /* the summary takes its place */
	fflush(stderr);
	log_set_line_start("");
}
