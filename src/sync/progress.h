/* SPDX-License-Identifier: MIT */
/*
 * How far a schema's turn has come, for people who watch: a bar on a terminal, and a plain
 * line from time to time elsewhere, so that a journal shows that a long run is alive.
 */
#ifndef CAMPAIGN_SYNC_PROGRESS_H
#define CAMPAIGN_SYNC_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *schema;
	uint64_t total, done;
	int64_t started_ms;
	int64_t next_ms; /* when the bar is drawn anew, or the next line is due */
	bool bar, quiet;
};

/* True if stderr is a terminal: only then is a total worth counting. */
bool progress_wants_total(bool quiet);
void progress_begin(struct progress *p, const char *schema, uint64_t total, bool quiet);
void progress_add(struct progress *p, uint64_t changes);
void progress_end(struct progress *p);

#endif
