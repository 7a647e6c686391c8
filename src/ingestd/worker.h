/* SPDX-License-Identifier: MIT */
/*
 * One worker process, from the fork to its end.
 *
 * SIGTERM, SIGINT   answer the calls in hand and end
 * SIGHUP            read the configuration again, look for new schemas
 * SIGUSR1           retire: accept no more connections, end when the web server has closed
 *                   the last one
 *
 * A worker also ends when its supervisor is gone, however that went: the write end of the
 * lifeline pipe is the supervisor's alone.
 */
#ifndef CAMPAIGN_INGESTD_WORKER_H
#define CAMPAIGN_INGESTD_WORKER_H

#include <stdbool.h>

#include "base/conf.h"
#include "session/limits.h"

struct worker_start {
	unsigned number;
	int listen_fd; /* both as in struct listener */
	bool listen_ours;
	int lifeline_fd; /* read end: its end of file means that the supervisor is gone */
	int ready_fd;	 /* gets the process id as an int when calls can be answered */
	const char *config_file;
	struct conf *conf;     /* the worker's from here on */
	struct limits *limits; /* shared with the other workers */
};

/* In the forked process, with its signals blocked.  Returns the exit status; does not
 * return when it had to leave calls behind. */
int worker_run(const struct worker_start *start);

#endif
