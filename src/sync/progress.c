/* SPDX-License-Identifier: MIT */
/* A bar, or lines; see progress.h. */
#include "config.h"

#include "sync/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define BAR_WIDTH     30
#define LINE_EVERY_MS 10000

bool progress_wants_total(bool quiet)
{
	return !quiet && isatty(STDERR_FILENO) == 1;
}

void progress_begin(struct progress *p, const char *schema, uint64_t total, bool quiet)
{
	*p = (struct progress){.schema = schema, .total = total, .quiet = quiet};
	p->bar = progress_wants_total(quiet);
	p->next_ms = clock_monotonic_ms() + LINE_EVERY_MS;
}

static void draw_bar(struct progress *p)
{
	char bar[BAR_WIDTH + 1];
	uint64_t total = p->total > p->done ? p->total : p->done;
	int filled = total > 0 ? (int)(p->done * BAR_WIDTH / total) : 0;

	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '-';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r%s [%s] %" PRIu64 "/%" PRIu64 " ", p->schema, bar, p->done, total);
	fflush(stderr);
	p->drawn = true;
}

void progress_add(struct progress *p, uint64_t changes)
{
	p->done += changes;
	if (p->quiet)
		return;
	if (p->bar) {
		draw_bar(p);
		return;
	}
	if (clock_monotonic_ms() < p->next_ms)
		return;
	log_info("%s: %" PRIu64 " changes so far", p->schema, p->done);
	p->next_ms = clock_monotonic_ms() + LINE_EVERY_MS;
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr); /* the summary takes its place */
}
