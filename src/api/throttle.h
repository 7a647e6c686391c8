/* SPDX-License-Identifier: MIT */
/*
 * R2.13: how many log-ons may fail from one address.  A successful one does not count.  Kept by
 * each worker for itself, in bounded memory.  Any thread.
 */
#ifndef CAMPAIGN_API_THROTTLE_H
#define CAMPAIGN_API_THROTTLE_H

#include <netinet/in.h>

#define THROTTLE_FAILURES 30 /* a minute; also how many may come at once */

/* 0: go on; else the seconds until another attempt is judged. */
unsigned throttle_wait_s(const struct in6_addr *address);
void throttle_failed(const struct in6_addr *address);
/* For tests: everybody starts afresh. */
void throttle_reset(void);

#endif
