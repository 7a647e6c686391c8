/* SPDX-License-Identifier: MIT */
/*
 * A token bucket per address that failed lately.  The table has a fixed size: an address
 * shares its place with others of the same hash, and the place belongs to whoever failed
 * there last.  So an attacker with many addresses can make us forget one, never make us
 * grow, and never lock out an address that did not fail.
 */
#include "config.h"

#include "api/throttle.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"

#define PLACES	    4096
#define INTERVAL_MS (60 * 1000 / THROTTLE_FAILURES) /* one failure is forgiven so often */

struct place {
	struct in6_addr address;
	int64_t full_ms; /* when all failures will be forgiven */
};

static struct {
	struct place places[PLACES];
	pthread_mutex_t lock; /* guards places */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct place *place_of(const struct in6_addr *address)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < sizeof(address->s6_addr); i++)
		hash = (hash ^ address->s6_addr[i]) * 16777619U;
	return &table.places[hash % PLACES];
}

unsigned throttle_wait_s(const struct in6_addr *address)
{
	const struct place *place = place_of(address);
	int64_t owed_ms = 0, over_ms;

	pthread_mutex_lock(&table.lock);
	if (memcmp(&place->address, address, sizeof(*address)) == 0)
		owed_ms = place->full_ms - clock_monotonic_ms();
	pthread_mutex_unlock(&table.lock);

	over_ms = owed_ms - (int64_t)(THROTTLE_FAILURES - 1) * INTERVAL_MS;
	return over_ms > 0 ? (unsigned)((over_ms + 999) / 1000) : 0;
}

void throttle_failed(const struct in6_addr *address)
{
	struct place *place = place_of(address);
	int64_t now = clock_monotonic_ms();

	pthread_mutex_lock(&table.lock);
	if (memcmp(&place->address, address, sizeof(*address)) != 0 || place->full_ms < now) {
		place->address = *address;
		place->full_ms = now;
	}
	place->full_ms += INTERVAL_MS;
	pthread_mutex_unlock(&table.lock);
}

void throttle_reset(void)
{
	pthread_mutex_lock(&table.lock);
	memset(table.places, 0, sizeof(table.places));
	pthread_mutex_unlock(&table.lock);
}
