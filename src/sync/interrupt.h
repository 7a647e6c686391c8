/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM: the batch at hand is finished, and nothing is begun after it. */
#ifndef CAMPAIGN_SYNC_INTERRUPT_H
#define CAMPAIGN_SYNC_INTERRUPT_H

#include <stdbool.h>

void interrupt_install(void);
bool interrupted(void);

#endif
