/* SPDX-License-Identifier: MIT */
/* Signals that end a run early; see interrupt.h. */
#include "config.h"

#include "sync/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t flag;

static void on_signal(int number)
{
	(void)number;
	flag = 1;
}

void interrupt_install(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN; /* a reader of our output that went away: write fails */
	sigaction(SIGPIPE, &action, NULL);
}

bool interrupted(void)
{
	return flag != 0;
}
