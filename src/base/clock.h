/* SPDX-License-Identifier: MIT */
/* Clocks: durations are measured with the monotonic clock; logs and databases hold UTC. */
#ifndef CAMPAIGN_BASE_CLOCK_H
#define CAMPAIGN_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
int64_t clock_utc_ms(void); /* since 1970-01-01 */

#define CLOCK_TEXT_SIZE 32
/* Writes "2026-02-03 04:05:06.789" without a zone, with SEPARATOR ' ' or 'T'; returns OUT. */
const char *clock_format(char out[CLOCK_TEXT_SIZE], int64_t utc_ms, char separator);

#endif
