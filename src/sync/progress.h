/* SPDX-License-Identifier: MIT */
/*
 * Shows the progress of a run: a bar on a terminal; elsewhere a log line per schema at
 * intervals, so that the journal shows that a long run is alive. One bar covers all turns that
 * run in parallel. Thread-safe.
 */
#ifndef CAMPAIGN_SYNC_PROGRESS_H
#define CAMPAIGN_SYNC_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

/* The progress of one schema's turn. progress_begin initialises it. */
struct progress_turn {
	struct progress *progress;
	const char *schema;
	uint64_t done;
	int64_t next_ms; /* time of the next line */
	bool bar;	 /* it is part of the bar */
};

/* WHAT names the counted units, such as "changes". The pointer is kept, not copied. */
struct progress *progress_new(const char *what, bool quiet);
void progress_free(struct progress **p);
/* True if stderr is a terminal: only the bar needs a total. */
bool progress_wants_total(const struct progress *p);
/* The pointer SCHEMA is kept, not copied. */
void progress_begin(struct progress *p, struct progress_turn *t, const char *schema,
		    uint64_t total);
void progress_add(struct progress_turn *t, uint64_t done);
void progress_end(struct progress_turn *t);

#endif
