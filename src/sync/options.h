/* SPDX-License-Identifier: MIT */
/* The command line of campaign-sync. */
#ifndef CAMPAIGN_SYNC_OPTIONS_H
#define CAMPAIGN_SYNC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* The exit codes. The manual page lists them, and timers and scripts depend on them, so they
 * must not change. */
enum sync_exit {
	SYNC_DONE = 0,
	SYNC_FAILED = 1,
	SYNC_USAGE = 2,
	SYNC_REJECTS = 3, /* some records were rejected, all others are merged */
	SYNC_LOCKED = 4,  /* another run holds the lock */
};

struct options {
	const char *config;   /* NULL: the default file */
	const char **schemas; /* none: all staged schemas */
	size_t schema_count;
	unsigned batch_rows; /* 0: use the configured value */
	unsigned jobs;	     /* number of workers; 0: use the configured value */
	bool if_requested, dry_run, quiet, json;
	bool verify;
	const char *against;	    /* a group of the option file; NULL if not given */
	const char *against_export; /* a file; NULL if not given */
	const char *export_to;	    /* a file; NULL if not given */
	unsigned range_rows;
};

/* Returns false if the program must exit with *STATUS: after help or version, or after an error
 * that was printed to stderr. */
bool options_read(struct options *o, int argc, char **argv, int *status);
void options_free(struct options *o);

#endif
