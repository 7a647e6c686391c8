/* SPDX-License-Identifier: MIT */
/* sd_notify(3): readiness, reload, stop and watchdog. */
#include "config.h"

#include "ingestd/notify.h"

#ifdef HAVE_LIBSYSTEMD

#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void notify_ready(unsigned workers)
{
	sd_notifyf(0, "READY=1\nSTATUS=%u workers answer calls", workers);
}

void notify_reloading(void)
{
	struct timespec now;

	/* systemd (Type=notify-reload) compares the time stamp with the time of its signal */
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=answering the calls in progress");
}

int notify_watchdog_ms(void)
{
	uint64_t usec;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return -1;
	usec /= 2000;
	return usec < 1 ? 1 : usec > 3600000 ? 3600000 : (int)usec;
}

void notify_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}

#else

void notify_ready(unsigned workers)
{
	(void)workers;
}

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

int notify_watchdog_ms(void)
{
	return -1;
}

void notify_watchdog(void)
{
}

#endif
