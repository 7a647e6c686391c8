/* SPDX-License-Identifier: MIT */
/* What the supervisor tells systemd.  Without libsystemd, or without systemd, nothing. */
#ifndef CAMPAIGN_INGESTD_NOTIFY_H
#define CAMPAIGN_INGESTD_NOTIFY_H

void notify_ready(unsigned workers);
void notify_reloading(void); /* ended by notify_ready */
void notify_stopping(void);

/* How often systemd wants to see notify_watchdog, halved for safety; -1: never. */
int notify_watchdog_ms(void);
void notify_watchdog(void);

#endif
