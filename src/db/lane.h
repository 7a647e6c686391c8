/* SPDX-License-Identifier: MIT */
/*
 * One database session that several threads share, one at a time.  Opens itself on first
 * use and again after it was lost.  A caller waits for the others no longer than a second, and not
 * at all behind one whom the server keeps waiting while there is another already.  When the server
 * is away, or does not answer, one caller a second waits for it, as long as the login's time-outs
 * say, and all others are refused at once.
 */
#ifndef CAMPAIGN_DB_LANE_H
#define CAMPAIGN_DB_LANE_H

#include "db/db.h"

struct db_lane;

/* LOGIN's strings are borrowed and must outlive the lane. */
struct db_lane *db_lane_new(const struct db_login *login);
void db_lane_free(struct db_lane **lane);

/* On OUTCOME_OK the caller holds the lane and must release it. */
enum outcome db_lane_acquire(struct db_lane *lane, struct db **db);
void db_lane_release(struct db_lane *lane);

#endif
