/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: fsync and fdatasync first wait as many milliseconds as the file named by
 * SLOW_FSYNC says at that moment, and on as long as it says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long delay_ms(void)
{
	const char *path = getenv("SLOW_FSYNC");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	char text[16] = "0";

	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	return strtol(text, NULL, 10);
}

static void dawdle(void)
{
	const struct timespec step = {.tv_nsec = 10 * 1000 * 1000};

	for (long waited_ms = 0; waited_ms < delay_ms(); waited_ms += 10)
		nanosleep(&step, NULL);
}

int fsync(int fd)
{
	dawdle();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	dawdle();
	return (int)syscall(SYS_fdatasync, fd);
}
