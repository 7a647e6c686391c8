/* SPDX-License-Identifier: MIT */
/*
 * R2.13: how often an operator may call, and how many log-ons may fail from one address, and of
 * one login.  One table for all workers of a pool, in memory that the supervisor maps before it
 * forks them, so a limit holds for the pool as a whole and outlives each worker.  Any thread of any
 * of them.
 */
#ifndef CAMPAIGN_SESSION_LIMITS_H
#define CAMPAIGN_SESSION_LIMITS_H

#include <netinet/in.h>
#include <stdbool.h>
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
/* Whether a failure from ADDRESS has not been forgiven yet. */
bool limits_logon_failed_lately(struct limits *limits, const struct in6_addr *address,
				int64_t now_us);

/* The same for log-ons as LOGIN, there or not, from wherever they come; but an address that has
 * proven to know the password is not made to wait for the failures of others. */
unsigned limits_login_wait_s(struct limits *limits, const char *login,
			     const struct in6_addr *address, const struct limits_rate *rate,
			     int64_t now_us);
void limits_login_failed(struct limits *limits, const char *login, const struct limits_rate *rate,
			 int64_t now_us);
void limits_login_proven(struct limits *limits, const char *login, const struct in6_addr *address,
			 int64_t now_us);
/* Whether a log-on as LOGIN succeeded at ADDRESS within a month. */
bool limits_login_is_proven(struct limits *limits, const char *login,
			    const struct in6_addr *address, int64_t now_us);

#endif
