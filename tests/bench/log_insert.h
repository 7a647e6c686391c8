/* SPDX-License-Identifier: MIT */
/*
 * An INSERT into a copy of dem:sampleTable's staging log, for the peers of the benchmark: the
 * columns that a call of the documentation fills, and what it fills them with.  An error ends
 * the program, with the server's message.
 */
#ifndef CAMPAIGN_BENCH_LOG_INSERT_H
#define CAMPAIGN_BENCH_LOG_INSERT_H

/* One execution inserts as many rows as it was opened for; more than one go as an array, in one
 * round trip.  Autocommit is on, so each execution is a durable transaction. */
struct log_insert;

/* OPTION_FILE says in its group campaign-staging where the database is. */
struct log_insert *log_insert_open(const char *option_file, const char *table, unsigned rows);

/* Gives ROW a new id, which is returned and valid until the next call for that row, and values
 * that the caller keeps until log_insert_execute is over. */
const char *log_insert_row(struct log_insert *insert, unsigned row, const char *testcol1,
			   const char *testcol2);
void log_insert_execute(struct log_insert *insert);

#endif
