/* SPDX-License-Identifier: MIT */
/*
 * Sessions, Bearer tokens and operators.  Each worker keeps them in memory; the staging database
 * holds them for all workers.
 *
 * Normally a check costs no query.  A token that is not in memory is looked up once.  The worker's
 * refresher calls sessions_refresh() every SESSIONS_REFRESH_MS, which reads the log-offs of other
 * workers and changed operators.  If the last refresh is older than SESSIONS_STALE_MS, a check asks
 * the database itself.  So a log-off, a disabled operator or a removed right takes effect in every
 * worker within a second.
 */
#ifndef CAMPAIGN_SESSION_SESSIONS_H
#define CAMPAIGN_SESSION_SESSIONS_H

#include <stdint.h>

#include "base/conf.h"
#include "base/outcome.h"
#include "db/shared_session.h"
#include "session/operator.h"
#include "session/token.h"

#define SESSIONS_REFRESH_MS 300
#define SESSIONS_STALE_MS   800

struct sessions;

/* SHARED is borrowed, for look-ups and writes. */
struct sessions *sessions_new(struct shared_session *shared);
void sessions_free(struct sessions **s);

/* DB is the refresher's own session.  Any thread may call it, but only one at a time. */
enum outcome sessions_refresh(struct sessions *s, struct db *db);

/* Any thread may call the functions below. */

/* R4.1 to R4.3; TOKEN and SECURITY are written on OUTCOME_OK. */
enum outcome sessions_open(struct sessions *s, const struct operator_info *who,
			   unsigned session_timeout_s, unsigned security_timeout_s,
			   const char *address, char token[SESSION_TOKEN_SIZE],
			   char security[SECURITY_TOKEN_SIZE]);
/* OUTCOME_INVALID: the session is unknown, expired or ended, or the operator is disabled.
 * *SECURITY_EXPIRED tells whether the security token has expired. */
enum outcome sessions_check(struct sessions *s, const char *token, struct operator_info *out,
			    bool *security_expired);
/* OUTCOME_INVALID: SECURITY does not belong to TOKEN.  RETRY, BUG: the database did not answer. */
enum outcome sessions_check_security(struct sessions *s, const char *token, const char *security);
/* OUTCOME_INVALID: the session was not open. */
enum outcome sessions_close(struct sessions *s, const char *token);
enum outcome sessions_check_bearer(struct sessions *s, const char *token,
				   struct operator_info *out);
/* XtkDatabaseId: "u" and 16 hexadecimal digits, made by campaign-admin db init; "" before the first
 * refresh. */
void sessions_database_id(struct sessions *s, char out[24]);

#endif
