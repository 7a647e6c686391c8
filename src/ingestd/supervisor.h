/* SPDX-License-Identifier: MIT */
/*
 * Keeps the workers running.  One thread, no database, and nothing of a caller's input.
 */
#ifndef CAMPAIGN_INGESTD_SUPERVISOR_H
#define CAMPAIGN_INGESTD_SUPERVISOR_H

#include "base/conf.h"
#include "ingestd/listen.h"

/* Runs until SIGTERM or SIGINT, and until the last worker is gone; returns the exit status.
 * LISTENER is closed when the stop begins.  A reload replaces *CONF. */
int supervisor_run(struct listener *listener, const char *config_file, struct conf **conf);

#endif
