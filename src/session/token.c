/* SPDX-License-Identifier: MIT */
/*
 * Tokens are made of the system's random bits, and only their hashes are stored, so a reader of the
 * database cannot log on with its content.  A token has at least 122 random bits, so a plain
 * SHA-256 is enough.  Passwords can be guessed, so they get argon2id.
 */
#include "config.h"

#include "session/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/uuid.h"

#define BEARER_RANDOM_BYTES 32

_Static_assert(TOKEN_HASH_BYTES == crypto_hash_sha256_BYTES, "R4.1: SHA-256");
_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "argon2id as text");
_Static_assert(SECURITY_TOKEN_SIZE == 1 + sodium_base64_ENCODED_LEN(crypto_auth_hmacsha512_BYTES,
								    sodium_base64_VARIANT_URLSAFE),
	       "R4.2: 89 characters");
_Static_assert(BEARER_TOKEN_SIZE ==
		   4 + sodium_base64_ENCODED_LEN(BEARER_RANDOM_BYTES,
						 sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	       "tok_ and 43 characters");

/* The minimum of OWASP (m = 19 MiB, t = 2, p = 1). libsodium's INTERACTIVE uses 64 MiB, takes more
 * than four times as long (55 ms instead of 13 on a 2-core machine) and evicts the caches that
 * ingestion uses.  For an attacker with the hashes, the step from 19 to 64 MiB raises the cost by
 * that factor only; long passwords protect better. */
#define HASH_PASSES 2
#define HASH_BYTES  ((size_t)19 * 1024 * 1024)

/* The password of an unknown login is verified against this hash, at the same cost as a real one.
 * It is the hash of a random password that was not kept. */
static const char dummy_hash[] =
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$5PgFjsVgtJhgSz6v4gnAcQ$7g51sQ7N5Uu9YDD3p/tuzj0AC38o/lOYA87ZtqtlwMo";

int token_init(void)
{
	if (sodium_init() < 0) {
		log_error("token: libsodium cannot be initialised");
		return -1;
	}
	return 0;
}

void session_token_new(char out[SESSION_TOKEN_SIZE])
{
	/* The next call adds the NUL.  NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(out, "___", 3);
	uuid_text(out + 3);
}

void security_token(char out[SECURITY_TOKEN_SIZE], const char *session_token,
		    const unsigned char secret[SERVER_SECRET_BYTES])
{
	crypto_auth_hmacsha512_state state;
	unsigned char mac[crypto_auth_hmacsha512_BYTES];

	crypto_auth_hmacsha512_init(&state, secret, SERVER_SECRET_BYTES);
	crypto_auth_hmacsha512_update(&state, (const unsigned char *)session_token,
				      strlen(session_token));
	crypto_auth_hmacsha512_final(&state, mac);
	out[0] = '@';
	sodium_bin2base64(out + 1, SECURITY_TOKEN_SIZE - 1, mac, sizeof(mac),
			  sodium_base64_VARIANT_URLSAFE);
	sodium_memzero(&state, sizeof(state));
}

void bearer_token_new(char out[BEARER_TOKEN_SIZE])
{
	unsigned char bits[BEARER_RANDOM_BYTES];

	randombytes_buf(bits, sizeof(bits));
	/* As above.  NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(out, "tok_", 4);
	sodium_bin2base64(out + 4, BEARER_TOKEN_SIZE - 4, bits, sizeof(bits),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bits, sizeof(bits));
}

void token_hash(unsigned char out[TOKEN_HASH_BYTES], const char *token)
{
	crypto_hash_sha256(out, (const unsigned char *)token, strlen(token));
}

bool token_equal(const char *a, const char *b)
{
	size_t length = strlen(a);

	return strlen(b) == length && sodium_memcmp(a, b, length) == 0;
}

void secret_new(unsigned char out[SERVER_SECRET_BYTES])
{
	randombytes_buf(out, SERVER_SECRET_BYTES);
}

void secret_text(char out[2 * SERVER_SECRET_BYTES + 1],
		 const unsigned char secret[SERVER_SECRET_BYTES])
{
	sodium_bin2hex(out, 2 * SERVER_SECRET_BYTES + 1, secret, SERVER_SECRET_BYTES);
}

int password_hash(char out[PASSWORD_HASH_SIZE], const char *password)
{
	if (crypto_pwhash_str(out, password, strlen(password), HASH_PASSES, HASH_BYTES) != 0) {
		log_error("token: not enough memory to hash a password; 19 MiB are needed");
		return -1;
	}
	return 0;
}

bool password_verify(const char *hash, const char *password)
{
	const char *against = hash != NULL ? hash : dummy_hash;
	bool equal = crypto_pwhash_str_verify(against, password, strlen(password)) == 0;

	return equal && hash != NULL;
}
