/* SPDX-License-Identifier: MIT */
/*
 * R2.13: how often an operator may call, and how many log-ons may fail from one address.  One
 * table for all workers of a pool, in memory that the supervisor maps before it forks them, so a
 * limit holds for the pool as a whole and outlives each worker.  Any thread of any of them.
 */
#ifndef CAMPAIGN_SESSION_LIMITS_H
#define CAMPAIGN_SESSION_LIMITS_H

#include <netinet/in.h>
#include <stdint.h>

struct limits;

struct limits_rate { /* a token bucket */
	unsigned count;
	unsigned per_s; /* COUNT calls in so many seconds ... */
	unsigned burst; /* ... and so many at once; at least 1 */
};

/* NULL: errno says why.  Processes forked afterwards share it. */
struct limits *limits_map(void);
void limits_unmap(struct limits **limits);

/*
 * NOW_US is clock_monotonic_us(), or a test's time.  A rate with a count of 0 limits nothing.  The
 * rate may change from one call to the next.  The first two return 0, or the whole seconds after
 * which another try makes sense.
 */

/* Takes a token of the operator's. */
unsigned limits_operator_call(struct limits *limits, int64_t operator_id,
			      const struct limits_rate *rate, int64_t now_us);
/* Whether a log-on from ADDRESS may be judged.  It takes no token; a failure takes one, there or
 * not: attempts that were judged at the same time are paid for afterwards. */
unsigned limits_logon_wait_s(struct limits *limits, const struct in6_addr *address,
			     const struct limits_rate *rate, int64_t now_us);
void limits_logon_failed(struct limits *limits, const struct in6_addr *address,
			 const struct limits_rate *rate, int64_t now_us);

#endif
