/* SPDX-License-Identifier: MIT */
/* docs/protocol.md 4.1: the form of tokens, known results, and the check of passwords. */
#include "config.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "session/token.h"

#define SAMPLE_TOKEN "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114"

static void is_uuid_version_4(const char *text)
{
	assert_int_equal(strlen(text), 36);
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal(text[i], '-');
		else
			assert_true(isdigit((unsigned char)text[i]) ||
				    (text[i] >= 'a' && text[i] <= 'f'));
	}
	assert_int_equal(text[14], '4');
	assert_non_null(strchr("89ab", text[19]));
}

static void R4_1_session_token_is_three_underscores_and_a_uuid(void **state)
{
	char one[SESSION_TOKEN_SIZE];
	char other[SESSION_TOKEN_SIZE];

	(void)state;
	session_token_new(one);
	session_token_new(other);
	assert_int_equal(strlen(one), 39);
	assert_memory_equal(one, "___", 3);
	is_uuid_version_4(one + 3);
	assert_string_not_equal(one, other);
}

/* Every bit except version and variant takes both values, and no token comes twice.  The first
 * check finds a generator with a constant bit, the second one that repeats itself. */
static void R4_1_session_tokens_carry_122_random_bits(void **state)
{
	enum { TOKENS = 256 };
	static char tokens[TOKENS][SESSION_TOKEN_SIZE];
	unsigned ones[32][4] = {{0}};
	int random_bits = 0;

	(void)state;
	for (int t = 0; t < TOKENS; t++) {
		size_t digit = 0;

		session_token_new(tokens[t]);
		for (int earlier = 0; earlier < t; earlier++)
			assert_string_not_equal(tokens[t], tokens[earlier]);
		for (const char *s = tokens[t] + 3; *s != '\0'; s++) {
			unsigned value =
			    (unsigned)(isdigit((unsigned char)*s) ? *s - '0' : *s - 'a' + 10);

			if (*s == '-')
				continue;
			for (size_t bit = 0; bit < 4; bit++)
				ones[digit][bit] += value >> bit & 1;
			digit++;
		}
	}
	/* 128 of 256 on average; outside 64 to 192 once in 10^14 runs. */
	for (size_t digit = 0; digit < 32; digit++)
		for (size_t bit = 0; bit < 4; bit++)
			random_bits += ones[digit][bit] > 64 && ones[digit][bit] < 192;
	assert_int_equal(random_bits, 122);
}

static void R4_1_only_a_sha_256_is_stored(void **state)
{
	unsigned char hash[TOKEN_HASH_BYTES];
	char digits[2 * TOKEN_HASH_BYTES + 1];

	(void)state;
	token_hash(hash, SAMPLE_TOKEN);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(digits + 2 * i, 3, "%02x", hash[i]);
	assert_string_equal(digits,
			    "e772931f511dfba180a0a21133bfd03c6fb816523bb2afbcdc25b9b7352cb1ce");
}

/* The expected value was computed with another implementation. */
static void R4_2_security_token_is_an_hmac_of_the_session_token(void **state)
{
	unsigned char secret[SERVER_SECRET_BYTES];
	char token[SECURITY_TOKEN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (unsigned char)i;
	security_token(token, SAMPLE_TOKEN, secret);
	assert_int_equal(strlen(token), 89);
	assert_string_equal(token, "@Um-R2a567XhRuLy1LNSdNA53h_qtKzg_l2yLVqOUIkbIvQGXmTXGV40-"
				   "uP2pCTgJIHSPA_PjuhERbXJpxDlacA==");
	secret[0]++;
	security_token(token, SAMPLE_TOKEN, secret);
	assert_memory_not_equal(token, "@Um-R2a567", 10);
}

static void tokens_are_equal_only_if_they_are(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
	    {"", "", true},	    {"@abc", "@abc", true}, {"@abc", "@abd", false},
	    {"@abc", "@ab", false}, {"@ab", "@abc", false}, {"", "@", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(token_equal(cases[i].a, cases[i].b), cases[i].equal);
}

static void bearer_tokens_have_their_form(void **state)
{
	char one[BEARER_TOKEN_SIZE];
	char other[BEARER_TOKEN_SIZE];

	(void)state;
	bearer_token_new(one);
	bearer_token_new(other);
	assert_int_equal(strlen(one), 47);
	assert_memory_equal(one, "tok_", 4);
	assert_int_equal(strspn(one + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-_"),
			 43);
	assert_string_not_equal(one, other);
}

static void secrets_are_random(void **state)
{
	unsigned char one[SERVER_SECRET_BYTES];
	unsigned char other[SERVER_SECRET_BYTES];

	(void)state;
	secret_new(one);
	secret_new(other);
	assert_memory_not_equal(one, other, sizeof(one));
}

static void passwords_verify(void **state)
{
	char hash[PASSWORD_HASH_SIZE];

	(void)state;
	assert_int_equal(password_hash(hash, "correct horse 9"), 0);
	assert_memory_equal(hash, "$argon2id$", 10);
	assert_true(password_verify(hash, "correct horse 9"));
	assert_false(password_verify(hash, "correct horse 8"));
	assert_false(password_verify(hash, ""));
	assert_false(password_verify("", ""));
	assert_false(password_verify("not a hash", "not a hash"));
}

/* The hash of "correct horse 9" with libsodium's INTERACTIVE parameters. */
static const char old_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$"
			       "agTDh5GEw2dxdZ3Hk5s8IQ$LplDSxZAbCUxr8d3c+E+U4iv2cD1theTZ0dZJWP1jyQ";

static void hashes_of_other_parameters_are_valid(void **state)
{
	(void)state;
	assert_true(password_verify(old_hash, "correct horse 9"));
	assert_false(password_verify(old_hash, "correct horse 8"));
}

static double seconds_of_verify(const char *hash)
{
	struct timespec before, after;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	assert_false(password_verify(hash, "wrong"));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	return (double)(after.tv_sec - before.tv_sec) +
	       (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

static void R4_12_an_unknown_login_costs_as_much_as_a_wrong_password(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	double known;

	(void)state;
	assert_int_equal(password_hash(hash, "right"), 0);
	known = seconds_of_verify(hash);
	assert_true(seconds_of_verify(NULL) > known / 2);
	assert_true(seconds_of_verify(NULL) < known * 2);
}

static int start(void **state)
{
	(void)state;
	return token_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R4_1_session_token_is_three_underscores_and_a_uuid),
	    cmocka_unit_test(R4_1_session_tokens_carry_122_random_bits),
	    cmocka_unit_test(R4_1_only_a_sha_256_is_stored),
	    cmocka_unit_test(R4_2_security_token_is_an_hmac_of_the_session_token),
	    cmocka_unit_test(tokens_are_equal_only_if_they_are),
	    cmocka_unit_test(bearer_tokens_have_their_form),
	    cmocka_unit_test(secrets_are_random),
	    cmocka_unit_test(passwords_verify),
	    cmocka_unit_test(hashes_of_other_parameters_are_valid),
	    cmocka_unit_test(R4_12_an_unknown_login_costs_as_much_as_a_wrong_password),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
