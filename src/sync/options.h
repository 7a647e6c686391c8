/* SPDX-License-Identifier: MIT */
/* The command line of campaign-sync. */
#ifndef CAMPAIGN_SYNC_OPTIONS_H
#define CAMPAIGN_SYNC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Listed in the man page, and fixed: timers and scripts read them. */
enum sync_exit {
	SYNC_DONE = 0,
	SYNC_FAILED = 1,
	SYNC_USAGE = 2,
	SYNC_REJECTS = 3, /* some records were rejected, the rest is done */
	SYNC_LOCKED = 4,  /* another run holds the lock */
};

struct options {
	const char *config;   /* NULL: the default place */
	const char **schemas; /* none: all that are staged */
	size_t schema_count;
	unsigned batch_rows; /* 0: as configured */
	unsigned jobs;	     /* schemas at a time; likewise */
	bool if_requested, dry_run, quiet, json;
	bool verify;
	const char *against;	    /* a group of the option file */
	const char *against_export; /* a file; NULL, as the others, if not given */
	const char *export_to;	    /* likewise */
	unsigned range_rows;
};

/* Returns false when the program has nothing more to do, with *STATUS to exit with: help,
 * version, or a mistake that was explained on stderr. */
bool options_read(struct options *o, int argc, char **argv, int *status);
void options_free(struct options *o);

#endif
