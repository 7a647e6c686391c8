/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM: the batch at hand is finished, and nothing is begun after it. */
#ifndef CAMPAIGN_SYNC_INTERRUPT_H
#define CAMPAIGN_SYNC_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

void interrupt_install(void);
bool interrupted(void);
/* Ends early when a signal comes; in any thread, whichever got the signal. */
void interrupt_pause(uint64_t ms);

#endif
