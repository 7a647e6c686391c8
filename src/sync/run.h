/* SPDX-License-Identifier: MIT */
/*
 * One run: takes the lock, recovers the work of a run that died, processes the schemas in order,
 * and writes the history and the summary.
 */
#ifndef CAMPAIGN_SYNC_RUN_H
#define CAMPAIGN_SYNC_RUN_H

#include "base/conf.h"
#include "sync/options.h"

enum sync_exit run_sync(const struct conf *conf, const struct options *options);

#endif
