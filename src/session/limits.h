/* SPDX-License-Identifier: MIT */
/*
 * R2.13: limits the calls of an operator, and the failed log-ons of an address and of a login.  All
 * worker processes share one table, in memory that the supervisor maps before it forks them, so a
 * limit holds for the daemon as a whole and survives the end of a worker.  Any thread of any worker
 * may call these functions.
 */
#ifndef CAMPAIGN_SESSION_LIMITS_H
#define CAMPAIGN_SESSION_LIMITS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct limits;

struct limits_rate { /* a token bucket */
	unsigned count;
	unsigned per_s; /* COUNT calls in this many seconds */
	unsigned burst; /* calls that may come at once; at least 1 */
};

/* NULL: errno says why.  Processes that are forked afterwards share the table. */
struct limits *limits_map(void);
void limits_unmap(struct limits **limits);

/*
 * NOW_US is clock_monotonic_us(); tests pass their own time.  A rate with a count of 0 limits
 * nothing.  The rate may change between two calls.  The functions that return unsigned return 0 if
 * the caller may go on, or else the whole seconds after which another try can succeed.
 */

/* Takes one token of the operator's bucket. */
unsigned limits_operator_call(struct limits *limits, int64_t operator_id,
			      const struct limits_rate *rate, int64_t now_us);
/* Tells whether a log-on from ADDRESS may be checked.  It takes no token.  A failure takes one even
 * if the bucket is empty, so attempts that were checked at the same time are all charged. */
unsigned limits_logon_wait_s(struct limits *limits, const struct in6_addr *address,
			     const struct limits_rate *rate, int64_t now_us);
void limits_logon_failed(struct limits *limits, const struct in6_addr *address,
			 const struct limits_rate *rate, int64_t now_us);
/* True while a failure from ADDRESS still counts. */
bool limits_logon_failed_lately(struct limits *limits, const struct in6_addr *address,
				int64_t now_us);

/* The same for log-ons as LOGIN from all addresses, whether such an operator exists or not.  An
 * address that has proven to know the password does not wait for the failures of other
 * addresses. */
unsigned limits_login_wait_s(struct limits *limits, const char *login,
			     const struct in6_addr *address, const struct limits_rate *rate,
			     int64_t now_us);
void limits_login_failed(struct limits *limits, const char *login, const struct limits_rate *rate,
			 int64_t now_us);
void limits_login_proven(struct limits *limits, const char *login, const struct in6_addr *address,
			 int64_t now_us);
/* True if a log-on as LOGIN from ADDRESS succeeded within the last month. */
bool limits_login_is_proven(struct limits *limits, const char *login,
			    const struct in6_addr *address, int64_t now_us);

#endif
