/* SPDX-License-Identifier: MIT */
/*
 * A request as it comes from the web server's side of FastCGI: api_handle, src/api.  An input is a
 * line of options (server.h), a request line, headers, an empty line, and the body.
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
    {"Content-Type", offsetof(struct api_request, content_type)},
    {"Content-Encoding", offsetof(struct api_request, content_encoding)},
    {"SOAPAction", offsetof(struct api_request, soap_action)},
    {"X-Session-Token", offsetof(struct api_request, session_token)},
    {"X-Security-Token", offsetof(struct api_request, security_token)},
    {"Cookie", offsetof(struct api_request, cookie)},
    {"Authorization", offsetof(struct api_request, authorization)},
    {"X-Forwarded-For", offsetof(struct api_request, forwarded_for)},
    {"ACC-SDK-Version", offsetof(struct api_request, sdk_version)},
    {"Host", offsetof(struct api_request, host)},
    {"Peer", offsetof(struct api_request, peer)}, /* REMOTE_ADDR */
};

/* Cuts LINE, which the input owns, at MARK; returns what is behind it. */
static const char *cut(const char *line, char mark)
{
	char *at = strchr((char *)(uintptr_t)line, mark);

	if (at == NULL)
		return NULL;
	*at = '\0';
	return at + 1;
}

static void read_header(struct api_request *r, const char *line)
{
	const char *value = cut(line, ':');

	if (value == NULL)
		return;
	value += strspn(value, " ");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (strcasecmp(headers[i].name, line) == 0)
			*(const char **)(void *)((char *)r + headers[i].offset) = value;
}

static void read_request(struct fuzz_input *in, struct api_request *r)
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
	struct arena *arena = arena_new();
	struct api_request request = {.peer = "192.0.2.10"};
	struct api_response response = {0};
	struct submission submission;
	struct fuzz_input in;
	const char *options;

	fuzz_open(&in, data, size);
	options = fuzz_line(&in);
	request.https = strchr(options, 't') != NULL;
	request.body_too_large = strchr(options, 'b') != NULL;
	read_request(&in, &request);
	if (!api_handle(server_prepare(options), &request, arena, &submission, &response))
		while (!api_resume(&submission))
			; /* writer and verifier of server.c have answered */
	server_check_answer(&(struct server_answer){.status = response.status,
						    .content_type = response.content_type,
						    .headers = buf_text(&response.headers),
						    .body = buf_text(&response.body),
						    .length = response.body.length},
			    request.path != NULL ? request.path : "");
	buf_free(&response.headers);
	buf_free(&response.body);
	arena_free(&arena);
	fuzz_close(&in);
	return 0;
}
