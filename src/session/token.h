/* SPDX-License-Identifier: MIT */
/*
 * Tokens and passwords: docs/protocol.md 4.1. libsodium provides all of it: random bits come from
 * the system's generator, comparisons take constant time, and only hashes are kept.
 */
#ifndef CAMPAIGN_SESSION_TOKEN_H
#define CAMPAIGN_SESSION_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#define SESSION_TOKEN_SIZE  40 /* "___" + UUID + NUL */
#define SECURITY_TOKEN_SIZE 90 /* "@" + 88 characters + NUL */
#define BEARER_TOKEN_SIZE   48
#define TOKEN_HASH_BYTES    32 /* SHA-256 */
#define SERVER_SECRET_BYTES 32
#define PASSWORD_HASH_SIZE  128

int token_init(void); /* sodium_init; once per process */

void session_token_new(char out[SESSION_TOKEN_SIZE]); /* R4.1 */
void security_token(char out[SECURITY_TOKEN_SIZE], const char *session_token,
		    const unsigned char secret[SERVER_SECRET_BYTES]); /* R4.2 */
void bearer_token_new(char out[BEARER_TOKEN_SIZE]);
void token_hash(unsigned char out[TOKEN_HASH_BYTES], const char *token);
bool token_equal(const char *a, const char *b); /* constant time if the lengths are equal */
void secret_new(unsigned char out[SERVER_SECRET_BYTES]);
/* The secret as campaign_state stores it, in hexadecimal digits. */
void secret_text(char out[2 * SERVER_SECRET_BYTES + 1],
		 const unsigned char secret[SERVER_SECRET_BYTES]);

/* argon2id, with the parameters of token.c. */
int password_hash(char out[PASSWORD_HASH_SIZE], const char *password);
/* Accepts hashes with any parameters.  If HASH is NULL it takes as long, and returns false
 * (R4.12). */
bool password_verify(const char *hash, const char *password);

#endif
