/* SPDX-License-Identifier: MIT */
/*
 * The usual libfcgi server, as the peers of the benchmark are built: threads that each accept,
 * read the body whole, answer and begin again.  A thread belongs to a connection until nginx
 * closes it, so there must be more threads than connections that nginx keeps.
 */
#ifndef CAMPAIGN_BENCH_RESPONDER_H
#define CAMPAIGN_BENCH_RESPONDER_H

#include <fcgiapp.h>
#include <stddef.h>

/* What is done with a call.  STATE is the thread's own. */
typedef void responder_call(FCGX_Request *request, const char *body, size_t length, void *state);

/* Listens on PATH with THREADS threads and does not return, except with 1 when that is not
 * possible.  BEGIN makes the state of a thread, in it, before its first call; NULL: none. */
int responder_run(const char *path, unsigned threads, void *(*begin)(void), responder_call *call);

/* Answers 200 with an IngestResponse that returns ID. */
void responder_answer(FCGX_Request *request, const char *id);

/* Answers 500 with a fault. */
void responder_refuse(FCGX_Request *request, const char *why);

#endif
