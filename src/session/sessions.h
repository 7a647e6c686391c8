/* SPDX-License-Identifier: MIT */
/*
 * Who is calling: sessions, Bearer tokens and operators, kept in memory by each worker and
 * in the staging database by all of them.
 *
 * In the steady state a check costs no query.  A token that is not in memory is looked up
 * once; sessions_refresh, called every SESSIONS_REFRESH_MS by the worker's refresher, brings
 * the log-offs of other workers and changed operators.  When the last refresh is older than
 * SESSIONS_STALE_MS, a check asks the database itself, so a log-off, a disabled operator or a
 * removed right counts everywhere within a second.
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

/* SHARED is used for look-ups and writes; borrowed. */
struct sessions *sessions_new(struct shared_session *shared);
void sessions_free(struct sessions **s);

/* With the refresher's own session.  Any thread, one at a time. */
enum outcome sessions_refresh(struct sessions *s, struct db *db);

/* All calls below: any thread. */

/* R4.1 to R4.3; TOKEN and SECURITY are written on OUTCOME_OK. */
enum outcome sessions_open(struct sessions *s, const struct operator_info *who,
			   unsigned session_timeout_s, unsigned security_timeout_s,
			   const char *address, char token[SESSION_TOKEN_SIZE],
			   char security[SECURITY_TOKEN_SIZE]);
/* OUTCOME_INVALID: unknown, expired or ended session, or disabled operator.
 * *SECURITY_EXPIRED tells whether the security token's life is over. */
enum outcome sessions_check(struct sessions *s, const char *token, struct operator_info *out,
			    bool *security_expired);
/* Whether SECURITY belongs to TOKEN. */
bool sessions_check_security(struct sessions *s, const char *token, const char *security);
/* OUTCOME_INVALID if it was not open. */
enum outcome sessions_close(struct sessions *s, const char *token);
enum outcome sessions_check_bearer(struct sessions *s, const char *token,
				   struct operator_info *out);
/* XtkDatabaseId: "u" + 16 hexadecimal digits, made at db init; "" before the first refresh. */
void sessions_database_id(struct sessions *s, char out[24]);

#endif
