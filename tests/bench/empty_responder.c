/* SPDX-License-Identifier: MIT */
/*
 * The transport's limit: what nginx and libfcgi carry when nothing is done with a call.  The
 * body is read, the answer is always the same.
 *
 * usage: empty_responder SOCKET THREADS
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "responder.h"

static void serve_nothing(FCGX_Request *request, const char *body, size_t length, void *state)
{
	(void)body;
	(void)length;
	(void)state;
	responder_answer(request, "6d1d6b57-2f0e-4f8c-9a35-0f6f3c7b9e21");
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: empty_responder SOCKET THREADS\n");
		return 2;
	}
	return responder_run(argv[1], (unsigned)atoi(argv[2]), NULL, serve_nothing);
}
