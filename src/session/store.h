/* SPDX-License-Identifier: MIT */
/*
 * The statements on sessions, Bearer tokens and operators in the staging database; nothing is
 * cached here. sessions.c and password_worker.c call them.
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
	char password_hash[PASSWORD_HASH_SIZE]; /* "": the operator has no password */
	bool disabled;
};

/* OUTCOME_BUG: the database was never initialised. */
enum outcome store_read_state(struct db *db, struct store_state *out);
/* Reads all enabled operators; the caller frees *LIST. */
enum outcome store_read_operators(struct db *db, struct operator_info **list, size_t *count);
/* Reads the sessions that were ended within the last SECONDS; the caller frees *LIST. */
enum outcome store_read_ended(struct db *db, unsigned seconds, token_digest **list, size_t *count);

/* OUTCOME_INVALID: the token is unknown, expired or ended, or the operator is disabled. */
enum outcome store_find_session(struct db *db, const token_digest hash, struct store_session *out);
enum outcome store_find_bearer(struct db *db, const token_digest hash, struct operator_info *out);
/* OUTCOME_INVALID: no operator has this login. */
enum outcome store_find_login(struct db *db, const char *login, struct store_login *out);

/* OUTCOME_INVALID: the operator is deleted or disabled. */
enum outcome store_add_session(struct db *db, const token_digest hash, int64_t operator_id,
			       unsigned session_s, unsigned security_s, const char *address);
/* OUTCOME_INVALID: the session was not open. */
enum outcome store_end_session(struct db *db, const token_digest hash);

#endif
