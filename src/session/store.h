/* SPDX-License-Identifier: MIT */
/*
 * Sessions, Bearer tokens and operators as the staging database holds them: the statements,
 * and nothing that is remembered.  sessions.c and
 * password_worker.c call this.
 */
#ifndef CAMPAIGN_SESSION_STORE_H
#define CAMPAIGN_SESSION_STORE_H

#include "db/db.h"
#include "session/operator.h"
#include "session/token.h"

typedef unsigned char token_digest[TOKEN_HASH_BYTES];

struct store_state { /* campaign_state */
	char auth_version[32];
	char database_id[24];
	unsigned char secret[SERVER_SECRET_BYTES];
};

struct store_session {
	struct operator_info who;
	int64_t remaining_ms; /* by the clock of the database */
	int64_t security_remaining_ms;
};

struct store_login {
	struct operator_info who;
	char password_hash[PASSWORD_HASH_SIZE]; /* "" for none */
	bool disabled;
};

/* OUTCOME_BUG if the database was never initialised. */
enum outcome store_read_state(struct db *db, struct store_state *out);
/* All operators that are not disabled; the caller frees *LIST. */
enum outcome store_read_operators(struct db *db, struct operator_info **list, size_t *count);
/* Sessions that ended within the last SECONDS; the caller frees *LIST. */
enum outcome store_read_ended(struct db *db, unsigned seconds, token_digest **list, size_t *count);

/* OUTCOME_INVALID: not there, over, or the operator is disabled. */
enum outcome store_find_session(struct db *db, const token_digest hash, struct store_session *out);
enum outcome store_find_bearer(struct db *db, const token_digest hash, struct operator_info *out);
/* OUTCOME_INVALID: no such login. */
enum outcome store_find_login(struct db *db, const char *login, struct store_login *out);

/* OUTCOME_INVALID: the operator is gone or disabled. */
enum outcome store_add_session(struct db *db, const token_digest hash, int64_t operator_id,
			       unsigned session_s, unsigned security_s, const char *address);
/* OUTCOME_INVALID: it was not open. */
enum outcome store_end_session(struct db *db, const token_digest hash);

#endif
