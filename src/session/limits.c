/* SPDX-License-Identifier: MIT */
/*
 * Token buckets in a table of fixed size, shared by the threads of several processes.  Any of these
 * processes may be killed at any instruction, so there is no lock.  A bucket is two atomic words:
 * the key that it belongs to, and the time at which it will be full again (the debt is the
 * difference between that time and now).  A killed thread always leaves a valid
 * table behind.
 *
 * A key may lie in any of the WAYS slots of its neighbourhood.  A secret decides which
 * neighbourhood that is, so a client cannot choose keys that collide with another key.  If all
 * slots are taken, the slot with the smallest debt is reused.  This limits what a flood of unknown
 * addresses can do.  To push out an address that owes 30 failures, all other slots of its
 * neighbourhood must owe more, so each of these addresses must have failed as often.  The flood
 * cannot aim at a neighbourhood, so it must fill all of them: about two million failures, each with
 * its argon2id, within the seconds in which the block would have ended by itself.  Addresses with
 * one or two failures push out each other.  Operators, addresses and logins have separate tables;
 * in a common one, failed log-ons, which owe seconds, would push out operators, which owe less.
 *
 * A table of the same kind holds the addresses that have proven to know an operator's password.
 * Its full_us is the time at which the entry expires.  Only a correct password adds an entry.
 *
 * A slot gets a new key in two steps: its debt is set to 0, then its key is replaced.  A thread
 * that charges the old key between the two steps charges the new key instead, with one call.  Two
 * threads that add the same key at the same time may get two slots, of which find() never returns
 * the second.  Both cases are rare and cost one token.
 */
#include "config.h"

#include "session/limits.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WAYS	       16
#define OPERATOR_SLOTS ((size_t)512 * WAYS)
#define ADDRESS_SLOTS  ((size_t)4096 * WAYS)
#define LOGIN_SLOTS    ((size_t)1024 * WAYS)
#define PROVEN_SLOTS   ((size_t)512 * WAYS)
#define SECOND_US      1000000

/* Operators who log on once a month stay proven. */
#define PROVEN_US (INT64_C(31) * 86400 * SECOND_US)

struct slot {
	_Atomic uint64_t key; /* a keyed hash; 0: the slot was never used */
	_Atomic int64_t full_us;
};

struct limits { /* all bytes 0 except the secret: an empty table */
	unsigned char secret[crypto_shorthash_KEYBYTES];
	struct slot operators[OPERATOR_SLOTS];
	struct slot addresses[ADDRESS_SLOTS];
	struct slot logins[LOGIN_SLOTS];
	struct slot proven[PROVEN_SLOTS]; /* logins with addresses */
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
	       "a lock inside an atomic would not be shared by processes");

struct limits *limits_map(void)
{
	const size_t size = sizeof(struct limits);
	struct limits *limits;

	/* cppcheck-suppress invalidFunctionArg ; no file: -1 */
	limits = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (limits == MAP_FAILED)
		return NULL;
	if (getentropy(limits->secret, sizeof(limits->secret)) < 0)
		limits_unmap(&limits); /* sets it to NULL */
	return limits;
}

void limits_unmap(struct limits **holder)
{
	if (*holder != NULL)
		munmap(*holder, sizeof(**holder));
	*holder = NULL;
}

/* --- slots -------------------------------------------------------------------------------- */

/* 64 bits of SipHash replace the key itself; a collision is too improbable to handle. */
static uint64_t key_of(const struct limits *limits, const void *bytes, size_t length)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t key;

	_Static_assert(sizeof(hash) == sizeof(key), "SipHash-2-4");
	crypto_shorthash(hash, bytes, length, limits->secret);
	memcpy(&key, hash, sizeof(key));
	return key != 0 ? key : 1;
}

static uint64_t key_of_proof(const struct limits *limits, const char *login,
			     const struct in6_addr *address)
{
	unsigned char both[sizeof(uint64_t) + sizeof(*address)];
	uint64_t of_login = key_of(limits, login, strlen(login));

	memcpy(both, &of_login, sizeof(of_login));
	memcpy(both + sizeof(of_login), address, sizeof(*address));
	return key_of(limits, both, sizeof(both));
}

static struct slot *neighbourhood(struct slot *slots, size_t count, uint64_t key)
{
	return &slots[key % (count / WAYS) * WAYS];
}

static struct slot *find(struct slot *home, uint64_t key)
{
	for (size_t i = 0; i < WAYS; i++)
		if (atomic_load(&home[i].key) == key)
			return &home[i];
	return NULL;
}

static struct slot *owes_least(struct slot *home)
{
	struct slot *least = home;

	for (size_t i = 1; i < WAYS; i++)
		if (atomic_load(&home[i].full_us) < atomic_load(&least->full_us))
			least = &home[i];
	return least;
}

/* False: another thread changed the slot in the meantime. */
static bool take_over(struct slot *slot, uint64_t key)
{
	int64_t full_us = atomic_load(&slot->full_us);
	uint64_t old = atomic_load(&slot->key);

	return atomic_compare_exchange_strong(&slot->full_us, &full_us, 0) &&
	       atomic_compare_exchange_strong(&slot->key, &old, key);
}

static struct slot *find_or_claim(struct slot *home, uint64_t key)
{
	struct slot *slot;

	while ((slot = find(home, key)) == NULL) {
		slot = owes_least(home);
		if (take_over(slot, key))
			break;
	}
	return slot;
}

static struct slot *operator_home(struct limits *limits, uint64_t key)
{
	return neighbourhood(limits->operators, OPERATOR_SLOTS, key);
}

static struct slot *address_home(struct limits *limits, uint64_t key)
{
	return neighbourhood(limits->addresses, ADDRESS_SLOTS, key);
}

static struct slot *login_home(struct limits *limits, uint64_t key)
{
	return neighbourhood(limits->logins, LOGIN_SLOTS, key);
}

static struct slot *proof_home(struct limits *limits, uint64_t key)
{
	return neighbourhood(limits->proven, PROVEN_SLOTS, key);
}

/* --- buckets ------------------------------------------------------------------------------ */

/* The time in which the bucket earns one token. */
static int64_t token_us(const struct limits_rate *rate)
{
	return (int64_t)rate->per_s * SECOND_US / rate->count;
}

static unsigned whole_seconds(int64_t us)
{
	return us > 0 ? (unsigned)((us + SECOND_US - 1) / SECOND_US) : 0;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

unsigned limits_operator_call(struct limits *limits, int64_t operator_id,
			      const struct limits_rate *rate, int64_t now_us)
{
	int64_t one_us, all_us, full_us, after_us;
	struct slot *slot;
	uint64_t key;

	if (rate->count == 0)
		return 0;
	one_us = token_us(rate);
	all_us = one_us * rate->burst;
	key = key_of(limits, &operator_id, sizeof(operator_id));
	slot = find_or_claim(operator_home(limits, key), key);
	full_us = atomic_load(&slot->full_us);
	do {
		/* After a reload of the configuration the old debt may exceed the new bucket; then
		 * the bucket counts as empty. */
		after_us = earlier(later(full_us, now_us), now_us + all_us) + one_us;
		if (after_us > now_us + all_us)
			return whole_seconds(after_us - now_us - all_us);
	} while (!atomic_compare_exchange_weak(&slot->full_us, &full_us, after_us));
	return 0;
}

/* --- log-ons ------------------------------------------------------------------------------ */

/* SLOT NULL: the address or login has no debt. */
static unsigned failures_wait_s(const struct slot *slot, const struct limits_rate *rate,
				int64_t now_us)
{
	if (slot == NULL || rate->count == 0)
		return 0;
	return whole_seconds(atomic_load(&slot->full_us) - now_us -
			     token_us(rate) * (rate->burst - 1));
}

static void charge_failure(struct slot *home, uint64_t key, const struct limits_rate *rate,
			   int64_t now_us)
{
	struct slot *slot = find_or_claim(home, key);
	int64_t full_us = atomic_load(&slot->full_us);

	while (!atomic_compare_exchange_weak(&slot->full_us, &full_us,
					     later(full_us, now_us) + token_us(rate)))
		;
}

unsigned limits_logon_wait_s(struct limits *limits, const struct in6_addr *address,
			     const struct limits_rate *rate, int64_t now_us)
{
	uint64_t key = key_of(limits, address, sizeof(*address));

	return failures_wait_s(find(address_home(limits, key), key), rate, now_us);
}

void limits_logon_failed(struct limits *limits, const struct in6_addr *address,
			 const struct limits_rate *rate, int64_t now_us)
{
	uint64_t key = key_of(limits, address, sizeof(*address));

	if (rate->count > 0)
		charge_failure(address_home(limits, key), key, rate, now_us);
}

bool limits_logon_failed_lately(struct limits *limits, const struct in6_addr *address,
				int64_t now_us)
{
	uint64_t key = key_of(limits, address, sizeof(*address));
	const struct slot *slot = find(address_home(limits, key), key);

	return slot != NULL && atomic_load(&slot->full_us) > now_us;
}

bool limits_login_is_proven(struct limits *limits, const char *login,
			    const struct in6_addr *address, int64_t now_us)
{
	uint64_t key = key_of_proof(limits, login, address);
	const struct slot *proof = find(proof_home(limits, key), key);

	return proof != NULL && atomic_load(&proof->full_us) > now_us;
}

unsigned limits_login_wait_s(struct limits *limits, const char *login,
			     const struct in6_addr *address, const struct limits_rate *rate,
			     int64_t now_us)
{
	uint64_t key = key_of(limits, login, strlen(login));
	unsigned wait_s = failures_wait_s(find(login_home(limits, key), key), rate, now_us);

	return wait_s > 0 && limits_login_is_proven(limits, login, address, now_us) ? 0 : wait_s;
}

void limits_login_failed(struct limits *limits, const char *login, const struct limits_rate *rate,
			 int64_t now_us)
{
	uint64_t key = key_of(limits, login, strlen(login));

	if (rate->count > 0)
		charge_failure(login_home(limits, key), key, rate, now_us);
}

void limits_login_proven(struct limits *limits, const char *login, const struct in6_addr *address,
			 int64_t now_us)
{
	uint64_t key = key_of_proof(limits, login, address);

	atomic_store(&find_or_claim(proof_home(limits, key), key)->full_us, now_us + PROVEN_US);
}
