/* SPDX-License-Identifier: MIT */
/*
 * Keeps the workers running.  It has one thread and no database session, and reads no input of
 * clients.
 */
#ifndef CAMPAIGN_INGESTD_SUPERVISOR_H
#define CAMPAIGN_INGESTD_SUPERVISOR_H

#include "base/conf.h"
#include "ingestd/listen.h"

/* Runs until SIGTERM or SIGINT, and then until the last worker has ended.  Returns the exit status.
 * LISTENER is closed when the stop begins.  A reload replaces *CONF. */
int supervisor_run(struct listener *listener, const char *config_file, struct conf **conf);

#endif
