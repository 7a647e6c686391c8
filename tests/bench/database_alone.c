/* SPDX-License-Identifier: MIT */
/*
 * What MariaDB takes when nothing stands in front of it: THREADS connections, each commits ROWS
 * rows at a time by array binding (1: a row by itself), for SECONDS.  Prints one line of JSON:
 * rows, commits, the seconds that it took, and how long a commit takes, in microseconds.
 *
 * usage: database_alone OPTION_FILE TABLE THREADS ROWS SECONDS
 */
#include "config.h"

#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "log_insert.h"

#define MAX_THREADS 256
#define MAX_COMMITS 4000000 /* times kept, of all threads together */

static const char *option_file, *table;
static unsigned rows;
static double seconds;
static pthread_barrier_t ready;

struct lane {
	pthread_t thread;
	unsigned *times_us;
	size_t commits, room;
	double took;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *lane_main(void *argument)
{
	struct log_insert *insert = log_insert_open(option_file, table, rows);
	struct lane *lane = argument;
	double begun, before, after;

	pthread_barrier_wait(&ready);
	begun = after = now();
	while (after - begun < seconds && lane->commits < lane->room) {
		before = after;
		for (unsigned row = 0; row < rows; row++)
			log_insert_row(insert, row, "Test Value 1 (from SOAP) 000000000",
				       "Test Value 2 (from SOAP)");
		log_insert_execute(insert);
		after = now();
		lane->times_us[lane->commits++] = (unsigned)((after - before) * 1e6);
	}
	lane->took = after - begun;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void report(const struct lane *lanes, unsigned threads)
{
	unsigned *all = calloc(MAX_COMMITS, sizeof(*all));
	double longest = 0;
	size_t commits = 0;

	if (all == NULL)
		abort();
	for (unsigned i = 0; i < threads; i++) {
		for (size_t n = 0; n < lanes[i].commits; n++)
			all[commits++] = lanes[i].times_us[n];
		if (lanes[i].took > longest)
			longest = lanes[i].took;
	}
	qsort(all, commits, sizeof(*all), compare);
	printf("{\"rows\": %zu, \"commits\": %zu, \"seconds\": %.3f, \"p50_us\": %u, "
	       "\"p99_us\": %u, \"max_us\": %u}\n",
	       commits * rows, commits, longest, all[commits / 2], all[commits * 99 / 100],
	       all[commits - 1]);
	free(all);
}

int main(int argc, char **argv)
{
	static struct lane lanes[MAX_THREADS];
	unsigned threads;

	if (argc != 6 || (threads = (unsigned)atoi(argv[3])) == 0 || threads > MAX_THREADS ||
	    (rows = (unsigned)atoi(argv[4])) == 0) {
		fprintf(stderr, "usage: database_alone OPTION_FILE TABLE THREADS ROWS SECONDS\n");
		return 2;
	}
	option_file = argv[1];
	table = argv[2];
	seconds = atof(argv[5]);
	if (mysql_library_init(0, NULL, NULL) != 0 ||
	    pthread_barrier_init(&ready, NULL, threads) != 0)
		return 1;
	for (unsigned i = 0; i < threads; i++) {
		lanes[i].room = MAX_COMMITS / threads;
		lanes[i].times_us = calloc(lanes[i].room, sizeof(*lanes[i].times_us));
		if (lanes[i].times_us == NULL ||
		    pthread_create(&lanes[i].thread, NULL, lane_main, &lanes[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(lanes[i].thread, NULL);
	report(lanes, threads);
	return 0;
}
