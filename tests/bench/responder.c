/* SPDX-License-Identifier: MIT */
/* The server loop of the peers; see responder.h.  Bodies over 1 MiB are refused. */
#include "config.h"

#include "responder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BODY_BYTES (1024 * 1024)
#define BACKLOG	   1024

#define HEAD                                                                                       \
	"<?xml version='1.0'?>\n<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema' "  \
	"xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:ns='urn:wpp:default' "        \
	"xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body>"
#define TAIL "</SOAP-ENV:Body></SOAP-ENV:Envelope>\n"

#define ANSWER                                                                                     \
	HEAD "<IngestResponse xmlns='urn:wpp:default' "                                            \
	     "SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>"                 \
	     "<pstrSUuids xsi:type='xsd:string'>%s</pstrSUuids></IngestResponse>" TAIL
#define FAULT                                                                                      \
	HEAD "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>%s</faultstring>" \
	     "</SOAP-ENV:Fault>" TAIL

static int listening;
static void *(*begin_thread)(void);
static responder_call *serve;

static void answer(FCGX_Request *request, const char *status, const char *body, int length)
{
	FCGX_FPrintF(request->out,
		     "Status: %s\r\nContent-Type: text/xml; charset=utf-8\r\n"
		     "Content-Length: %d\r\n\r\n",
		     status, length);
	FCGX_PutStr(body, length, request->out);
}

void responder_answer(FCGX_Request *request, const char *id)
{
	char body[2048];

	answer(request, "200 OK", body, snprintf(body, sizeof(body), ANSWER, id));
}

void responder_refuse(FCGX_Request *request, const char *why)
{
	char body[2048];

	fprintf(stderr, "refused: %s\n", why);
	answer(request, "500 Internal Server Error", body,
	       snprintf(body, sizeof(body), FAULT, "refused"));
}

static void *thread_main(void *unused)
{
	void *state = begin_thread != NULL ? begin_thread() : NULL;
	char *body = malloc(BODY_BYTES);
	FCGX_Request request;

	(void)unused;
	if (body == NULL || FCGX_InitRequest(&request, listening, 0) != 0)
		exit(1);
	while (FCGX_Accept_r(&request) == 0) {
		int length = FCGX_GetStr(body, BODY_BYTES, request.in);

		if (length < 0 || length == BODY_BYTES)
			responder_refuse(&request, "a body that is too long");
		else
			serve(&request, body, (size_t)length, state);
		FCGX_Finish_r(&request);
	}
	free(body);
	return NULL;
}

int responder_run(const char *path, unsigned threads, void *(*begin)(void), responder_call *call)
{
	pthread_t thread;

	begin_thread = begin;
	serve = call;
	umask(0); /* nginx's workers are another user */
	if (FCGX_Init() != 0 || (listening = FCGX_OpenSocket(path, BACKLOG)) < 0) {
		fprintf(stderr, "cannot listen on %s\n", path);
		return 1;
	}
	for (unsigned i = 1; i < threads; i++) {
		if (pthread_create(&thread, NULL, thread_main, NULL) != 0) {
			fprintf(stderr, "cannot start %u threads\n", threads);
			return 1;
		}
	}
	thread_main(NULL);
	return 1;
}
