/* SPDX-License-Identifier: MIT */
/*
 * How far a run has come, for people who watch: a bar on a terminal, and a plain line for each
 * schema from time to time elsewhere, so that a journal shows that a long run is alive.  One bar is
 * for all turns that go on side by side.  Thread-safe.
 */
#ifndef CAMPAIGN_SYNC_PROGRESS_H
#define CAMPAIGN_SYNC_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

/* One schema's turn; filled by progress_begin. */
struct progress_turn {
	struct progress *progress;
	const char *schema;
	uint64_t done;
	int64_t next_ms; /* when the next line is due */
	bool bar;	 /* it is part of the bar */
};

/* WHAT is counted, as "changes"; kept, not copied. */
struct progress *progress_new(const char *what, bool quiet);
void progress_free(struct progress **p);
/* True if stderr is a terminal: only then is a total worth counting. */
bool progress_wants_total(const struct progress *p);
/* SCHEMA is kept, not copied. */
void progress_begin(struct progress *p, struct progress_turn *t, const char *schema,
		    uint64_t total);
void progress_add(struct progress_turn *t, uint64_t done);
void progress_end(struct progress_turn *t);

#endif
