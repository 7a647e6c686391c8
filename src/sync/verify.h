/* SPDX-License-Identifier: MIT */
/*
 * campaign-sync --verify (R10.13): compares tables and changes nothing. It takes the run lock,
 * so that no run changes a table meanwhile.
 *
 * The first table of a comparison is in the cloud database. A reference table is compared with
 * the staging database. Both kinds of tables are compared with another database or with an
 * export, if one is given.
 */
#ifndef CAMPAIGN_SYNC_VERIFY_H
#define CAMPAIGN_SYNC_VERIFY_H

#include "base/conf.h"
#include "sync/options.h"

enum sync_exit verify_run(const struct conf *conf, const struct options *options);

#endif
