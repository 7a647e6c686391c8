/* SPDX-License-Identifier: MIT */
/* Handles the signals that end a run early; see interrupt.h. */
#include "config.h"

#include "sync/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t flag;
/* A pipe that stays readable after the first signal, so that every thread ends its pause. */
static int wake[2] = {-1, -1};

static void on_signal(int number)
{
	int before = errno;

	(void)number;
	flag = 1;
	if (write(wake[1], "", 1) < 0) {
		/* the pipe is full: it is readable already */
	}
	errno = before;
}

void interrupt_install(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		wake[0] = wake[1] = -1; /* then a signal does not end a pause */
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN; /* the reader of our output may close it: then write fails */
	sigaction(SIGPIPE, &action, NULL);
}

bool interrupted(void)
{
	return flag != 0;
}

void interrupt_pause(uint64_t ms)
{
	int64_t end = clock_monotonic_ms() + (int64_t)ms, left;
	struct pollfd fd = {.fd = wake[0], .events = POLLIN};

	while ((left = end - clock_monotonic_ms()) > 0 && !interrupted()) {
		if (poll(&fd, 1, left > INT32_MAX ? INT32_MAX : (int)left) > 0)
			return;
	}
}
