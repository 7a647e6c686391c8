/* SPDX-License-Identifier: MIT */
/*
 * One worker process, from the fork to its end.
 *
 * SIGTERM, SIGINT   answer the calls in progress and end
 * SIGHUP            read the configuration again, look for new schemas
 * SIGUSR1           retire: accept no more connections, end when the web server has closed the
 *                   last one
 *
 * A worker also ends when its supervisor has ended for any reason: only the supervisor has the
 * write end of the lifeline pipe.
 */
#ifndef CAMPAIGN_INGESTD_WORKER_H
#define CAMPAIGN_INGESTD_WORKER_H

#include <stdbool.h>

#include "base/conf.h"
#include "session/limits.h"

struct worker_start {
	unsigned number;
	int listen_fd; /* like listen_ours: see struct listener */
	bool listen_ours;
	int lifeline_fd; /* read end: end of file means that the supervisor has ended */
	int ready_fd;	 /* the worker writes its process id as an int when it can answer calls */
	const char *config_file;
	struct conf *conf;     /* the worker owns it from here on */
	struct limits *limits; /* shared with the other workers */
};

/* Call it in the forked process, with its signals blocked.  Returns the exit status.  Does not
 * return if calls were still unanswered at the deadline. */
int worker_run(const struct worker_start *start);

#endif
