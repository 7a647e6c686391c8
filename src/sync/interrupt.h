/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM: the run finishes the current batch and begins no other work. */
#ifndef CAMPAIGN_SYNC_INTERRUPT_H
#define CAMPAIGN_SYNC_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

void interrupt_install(void);
bool interrupted(void);
/* Pauses for MS milliseconds. A signal ends the pause in every thread, whichever thread handles
 * it. */
void interrupt_pause(uint64_t ms);

#endif
