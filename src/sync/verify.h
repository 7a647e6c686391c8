/* SPDX-License-Identifier: MIT */
/*
 * campaign-sync --verify (R10.13): compares tables, and changes nothing.  It takes the lock of a
 * run, so that no run changes a table meanwhile.
 *
 * The first table of a comparison is the cloud database's.  A reference table is compared with the
 * staging database's; both kinds are compared with another database's or with an export, if there
 * is one.
 */
#ifndef CAMPAIGN_SYNC_VERIFY_H
#define CAMPAIGN_SYNC_VERIFY_H

#include "base/conf.h"
#include "sync/options.h"

enum sync_exit verify_run(const struct conf *conf, const struct options *options);

#endif
