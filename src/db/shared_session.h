/* SPDX-License-Identifier: MIT */
/*
 * One database session that several threads share, one at a time.  It connects on first use, and
 * again after a loss, but never while a thread holds it: the holder sees the loss.
 *
 * A caller waits at most one second for the session, and not at all if the server is slow to answer
 * the holder while another caller waits already.  While the server is away or hangs, one caller per
 * second waits for it, as long as the login's time-outs allow; all others are refused at once.
 */
#ifndef CAMPAIGN_DB_SHARED_SESSION_H
#define CAMPAIGN_DB_SHARED_SESSION_H

#include "db/db.h"

struct shared_session;

/* LOGIN's strings are borrowed and must outlive it. */
struct shared_session *shared_session_new(const struct db_login *login);
void shared_session_free(struct shared_session **s);

/* Any thread.  OUTCOME_OK: the caller holds the session, and releases it. */
enum outcome shared_session_acquire(struct shared_session *s, struct db **db);
void shared_session_release(struct shared_session *s);

#endif
