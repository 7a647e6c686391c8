/* SPDX-License-Identifier: MIT */
/*
 * The FastCGI side of a worker: connection.c and request.c with libfcgi over a real socket.  An
 * input is a line of options (server.h; "k" keeps no connection, "#" see below, "/N" puts N bytes
 * into a record) and up to 20 requests: lines NAME=value, an empty line, the body.  A line "%%"
 * separates two requests.
 *
 * Each request gets exactly one complete answer, for any parameters, and the connection can carry
 * the next request.  With "#" the rest of the input is the raw bytes of a connection; then all that
 * the worker sends must still be FastCGI.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "ingestd/connection.h"
#include "ingestd/fastcgi.h"
#include "server.h"

#define MOST_REQUESTS 20
#define RECORD_MAX    65535

enum { FCGI_BEGIN = 1, FCGI_END = 3, FCGI_PARAMS = 4, FCGI_STDIN = 5, FCGI_STDOUT = 6 };

static struct request *request;

/* libfcgi leaks 48 bytes for each management record of an unknown type. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfcgi.so";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	request = request_new();
	return FCGX_Init() != 0 ? -1 : server_start();
}

/* --- the web server's end: writing requests ----------------------------------------------- */

static void add_record(struct buf *out, int type, const char *content, size_t length)
{
	const char header[8] = {1, (char)type, 0, 1, (char)(length >> 8), (char)length, 0, 0};

	buf_add_n(out, header, sizeof(header));
	buf_add_n(out, content, length);
}

/* Appends a stream: records of SIZE bytes each, and the empty record that ends it. */
static void add_stream(struct buf *out, int type, const char *content, size_t length, size_t size)
{
	while (length > 0) {
		size_t n = length < size ? length : size;

		add_record(out, type, content, n);
		content += n;
		length -= n;
	}
	add_record(out, type, NULL, 0);
}

static void add_length(struct buf *out, size_t length)
{
	const char four[4] = {(char)(length >> 24 | 0x80), (char)(length >> 16),
			      (char)(length >> 8), (char)length};

	if (length < 128)
		buf_add_char(out, (char)length);
	else
		buf_add_n(out, four, sizeof(four));
}

static void add_parameter(struct buf *out, const char *line)
{
	size_t name = strcspn(line, "="), value = strlen(line + name);

	value -= value > 0;
	add_length(out, name);
	add_length(out, value);
	buf_add_n(out, line, name);
	buf_add_n(out, line + name + 1, value);
}

/* Appends the records of one request, IN. */
static void add_request(struct buf *out, struct fuzz_input *in, bool keep, size_t size)
{
	const char begin[8] = {0, 1, (char)keep};
	struct buf params = BUF_INIT;
	const char *line;

	while (in->left > 0 && *(line = fuzz_line(in)) != '\0')
		add_parameter(&params, line);
	add_record(out, FCGI_BEGIN, begin, sizeof(begin));
	add_stream(out, FCGI_PARAMS, params.data, params.length, size);
	add_stream(out, FCGI_STDIN, (const char *)in->at, in->left, size);
	buf_free(&params);
}

/* --- the web server's end: checking answers ----------------------------------------------- */

/* TEXT is a CGI answer: "Status: 200 OK\r\n" and further headers, an empty line, the body. */
static void check_answer(struct buf *text)
{
	struct server_answer a = {0};
	char *type, *length, *end;

	FUZZ_CHECK(text->length > 0 && strncmp(text->data, "Status: ", 8) == 0);
	end = strstr(text->data, "\r\n\r\n");
	FUZZ_CHECK(end != NULL);
	a.status = atoi(text->data + 8);
	a.body = end + 4;
	a.length = text->length - (size_t)(a.body - text->data);
	end[2] = '\0';
	a.headers = strstr(text->data, "\r\n") + 2;
	type = strstr(text->data, "\r\nContent-Type: ");
	length = strstr(text->data, "\r\nContent-Length: ");
	FUZZ_CHECK(type != NULL && length != NULL);
	FUZZ_CHECK(strtoul(length + 18, NULL, 10) == a.length);
	type = strndup(type + 16, strcspn(type + 16, "\r"));
	a.content_type = type;
	server_check_answer(&a, "");
	free(type);
	buf_clear(text);
}

/* Returns how many requests were answered. */
static unsigned check_answers(const struct buf *answers, bool raw)
{
	const unsigned char *at = (const unsigned char *)buf_text(answers),
			    *end = at + answers->length;
	struct buf text = BUF_INIT;
	unsigned count = 0;

	while (at < end) {
		size_t length;

		FUZZ_CHECK(end - at >= 8 && at[0] == 1);
		length = (size_t)at[4] << 8 | at[5];
		FUZZ_CHECK((size_t)(end - at) >= 8 + length + at[6]);
		FUZZ_CHECK(raw || (at[2] == 0 && at[3] == 1));
		if (at[1] == FCGI_STDOUT)
			buf_add_n(&text, (const char *)at + 8, length);
		FUZZ_CHECK(raw || at[1] == FCGI_STDOUT || at[1] == FCGI_END);
		if (at[1] == FCGI_END) {
			if (text.length > 0 || !raw)
				check_answer(&text);
			count++;
		}
		at += 8 + length + at[6];
	}
	buf_free(&text);
	return count;
}

/* --- both ends of a connection ------------------------------------------------------------ */

struct line {
	int web; /* the web server's end */
	struct connection worker;
	const char *options;
};

static struct buf got; /* the bytes that the web server has received; reused, since it is large */

static void line_open(struct line *l, const char *options)
{
	int fds[2];

	*l = (struct line){.options = options};
	buf_clear(&got);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	l->web = fds[0];
	connection_open(&l->worker, fds[1]);
}

static void line_close(struct line *l)
{
	if (connection_fd(&l->worker) >= 0)
		connection_close(&l->worker);
	close(l->web);
}

/* Returns false if the socket cannot take all bytes. */
static bool line_send(struct line *l, const struct buf *sent)
{
	return send(l->web, buf_text(sent), sent->length, MSG_DONTWAIT) == (ssize_t)sent->length;
}

static void line_drain(struct line *l)
{
	ssize_t n;

	while ((n = recv(l->web, buf_reserve(&got, RECORD_MAX), RECORD_MAX, MSG_DONTWAIT)) > 0)
		buf_took(&got, (size_t)n);
}

/* Serves one request as the pool does.  Returns false if the connection is closed. */
static bool line_serve(struct line *l)
{
	bool at_end, kept;

	if (!fastcgi_handle(&l->worker.fcgx, server_prepare(l->options), request))
		while (!api_resume(request))
			; /* the writer and the password worker of server.c complete at once */
	at_end = fastcgi_answer(&l->worker.fcgx, request);
	if (!at_end)
		connection_linger(&l->worker);
	kept = connection_finish(&l->worker, at_end);
	line_drain(l);
	return kept;
}

/* Sends the requests one after the other, each after the answer to the one before. */
static void talk(struct line *l, struct fuzz_input *in, bool keep, size_t size)
{
	static const char mark[] = "\n%%\n";
	bool kept = true;

	for (int n = 0; n < MOST_REQUESTS && (n == 0 || in->left > 0) && kept; n++) {
		const uint8_t *end = memmem(in->at, in->left, mark, sizeof(mark) - 1);
		size_t length = end != NULL ? (size_t)(end - in->at) : in->left;
		size_t skip = end != NULL ? length + sizeof(mark) - 1 : length;
		struct buf sent = BUF_INIT;
		struct fuzz_input one;

		fuzz_open(&one, in->at, length);
		add_request(&sent, &one, keep, size);
		fuzz_close(&one);
		if (line_send(l, &sent)) {
			FUZZ_CHECK(connection_receive(&l->worker));
			kept = line_serve(l);
			FUZZ_CHECK(kept == keep && check_answers(&got, false) == 1);
			buf_clear(&got);
		} else {
			kept = false;
		}
		buf_free(&sent);
		in->at += skip;
		in->left -= skip;
	}
}

/*
 * Sends LENGTH raw bytes as the web server and closes the connection.  libfcgi asserts that a
 * parameter's name and value together are shorter than 2 GiB.  Lengths from 128 on begin with a
 * byte of 0x80 or more; this function sends no byte above 0x80, so lengths are at most 32 MiB.
 */
static void listen_to(struct line *l, const uint8_t *bytes, size_t length)
{
	struct buf sent = BUF_INIT;

	for (size_t i = 0; i < length; i++)
		buf_add_char(&sent, (char)(bytes[i] > 0x80 ? 0x80 : bytes[i]));
	if (line_send(l, &sent)) {
		shutdown(l->web, SHUT_WR);
		while (connection_receive(&l->worker) && line_serve(l))
			;
		line_drain(l);
		check_answers(&got, true);
	}
	buf_free(&sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in;
	struct line line;
	const char *options, *slash;
	size_t record;

	fuzz_open(&in, data, size);
	options = fuzz_line(&in);
	slash = strchr(options, '/');
	record = slash != NULL ? strtoul(slash + 1, NULL, 10) : 0;
	line_open(&line, options);
	if (strchr(options, '#') != NULL)
		listen_to(&line, in.at, in.left);
	else
		talk(&line, &in, strchr(options, 'k') == NULL,
		     record > 0 && record < RECORD_MAX ? record : RECORD_MAX);
	line_close(&line);
	fuzz_close(&in);
	return 0;
}
