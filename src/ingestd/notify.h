/* SPDX-License-Identifier: MIT */
/* The supervisor's notifications to systemd.  They do nothing without libsystemd or systemd. */
#ifndef CAMPAIGN_INGESTD_NOTIFY_H
#define CAMPAIGN_INGESTD_NOTIFY_H

void notify_ready(unsigned workers);
void notify_reloading(void); /* the reload ends with notify_ready */
void notify_stopping(void);

/* Half of the interval in which systemd expects notify_watchdog; -1: it expects none. */
int notify_watchdog_ms(void);
void notify_watchdog(void);

#endif
