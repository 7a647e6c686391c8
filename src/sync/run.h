/* SPDX-License-Identifier: MIT */
/*
 * One run: the lock, what an earlier run left half done, the schemas in their order, the
 * history, the summary.
 */
#ifndef CAMPAIGN_SYNC_RUN_H
#define CAMPAIGN_SYNC_RUN_H

#include "base/conf.h"
#include "sync/options.h"

enum sync_exit run_sync(const struct conf *conf, const struct options *options);

#endif
