/* SPDX-License-Identifier: MIT */
/*
 * A request as the FastCGI side passes it to api_handle (src/api).  An input is a line of options
 * (server.h), a request line, headers, an empty line, and the body.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "server.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return server_start();
}

static const struct {
	const char *name;
	size_t offset;
} headers[] = {
    {"Content-Type", offsetof(struct http_request, content_type)},
    {"Content-Encoding", offsetof(struct http_request, content_encoding)},
    {"SOAPAction", offsetof(struct http_request, soap_action)},
    {"X-Session-Token", offsetof(struct http_request, session_token)},
    {"X-Security-Token", offsetof(struct http_request, security_token)},
    {"Cookie", offsetof(struct http_request, cookie)},
    {"Authorization", offsetof(struct http_request, authorization)},
    {"X-Forwarded-For", offsetof(struct http_request, forwarded_for)},
    {"ACC-SDK-Version", offsetof(struct http_request, sdk_version)},
    {"Host", offsetof(struct http_request, host)},
    {"Peer", offsetof(struct http_request, peer)}, /* REMOTE_ADDR */
};

/* Cuts LINE, which the input owns, at MARK; returns the text behind MARK. */
static const char *cut(const char *line, char mark)
{
	char *at = strchr((char *)(uintptr_t)line, mark);

	if (at == NULL)
		return NULL;
	*at = '\0';
	return at + 1;
}

static void read_header(struct http_request *r, const char *line)
{
	const char *value = cut(line, ':');

	if (value == NULL)
		return;
	value += strspn(value, " ");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (strcasecmp(headers[i].name, line) == 0)
			*(const char **)(void *)((char *)r + headers[i].offset) = value;
}

static void read_request(struct fuzz_input *in, struct http_request *r)
{
	const char *line = fuzz_line(in);

	r->method = line;
	r->path = cut(line, ' ');
	if (r->path != NULL)
		r->query = cut(r->path, '?');
	while (in->left > 0 && *(line = fuzz_line(in)) != '\0')
		read_header(r, line);
	r->body = (const char *)in->at;
	r->body_length = in->left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request *request = request_new();
	struct fuzz_input in;
	const char *options;

	fuzz_open(&in, data, size);
	options = fuzz_line(&in);
	request->sent.peer = "192.0.2.10";
	request->sent.https = strchr(options, 't') != NULL;
	request->sent.body_too_large = strchr(options, 'b') != NULL;
	read_request(&in, &request->sent);
	if (!api_handle(server_prepare(options), request))
		while (!api_resume(request))
			; /* the writer and the password worker of server.c complete at once */
	server_check_answer(&(struct server_answer){.status = request->response.status,
						    .content_type = request->response.content_type,
						    .headers = buf_text(&request->response.headers),
						    .body = buf_text(&request->response.body),
						    .length = request->response.body.length},
			    request->sent.path);
	request_free(&request);
	fuzz_close(&in);
	return 0;
}
