/* SPDX-License-Identifier: MIT */
/*
 * Translates between FastCGI and the api.  Refuses a body whose length differs from its
 * Content-Length (R2.17).  Discards a body larger than max_request_bytes and tells the api (R2.14).
 */
#include "config.h"

#include "ingestd/fastcgi.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

/* The size of the pieces in which a body without Content-Length is read. */
#define READ_BYTES 65536u

/* This much of a body above the limit is still read: if the connection is closed while the web
 * server sends, the web server may never read the answer. */
#define DISCARD_BYTES (32u << 20)

enum body { BODY_WHOLE, BODY_TOO_LARGE, BODY_MISMATCH, BODY_BROKEN };

/* FastCGI parameters that are not in struct http_request. */
struct extra {
	const char *content_length;
	const char *https;
	const char *request_scheme;
	const char *request_uri;
	const char *script_name;
};

struct head {
	struct http_request request;
	struct extra extra;
};

#define AT(name, member)                                                                           \
	{                                                                                          \
		name, sizeof(name) - 1, offsetof(struct head, member)                              \
	}

static const struct parameter {
	const char *name;
	size_t length;
	size_t offset;
} parameters[] = {
    AT("CONTENT_LENGTH", extra.content_length),
    AT("CONTENT_TYPE", request.content_type),
    AT("DOCUMENT_URI", request.path),
    AT("HTTPS", extra.https),
    AT("HTTP_ACC_SDK_VERSION", request.sdk_version),
    AT("HTTP_AUTHORIZATION", request.authorization),
    AT("HTTP_CONTENT_ENCODING", request.content_encoding),
    AT("HTTP_COOKIE", request.cookie),
    AT("HTTP_HOST", request.host),
    AT("HTTP_SOAPACTION", request.soap_action),
    AT("HTTP_X_FORWARDED_FOR", request.forwarded_for),
    AT("HTTP_X_SECURITY_TOKEN", request.security_token),
    AT("HTTP_X_SESSION_TOKEN", request.session_token),
    AT("QUERY_STRING", request.query),
    AT("REMOTE_ADDR", request.peer),
    AT("REQUEST_METHOD", request.method),
    AT("REQUEST_SCHEME", extra.request_scheme),
    AT("REQUEST_URI", extra.request_uri),
    AT("SCRIPT_NAME", extra.script_name),
};

/* R2.16: a proxy may add its own X-Forwarded-For line below the client's, and nginx before 1.23
 * passes both.  They form one list; without the last line, the client's would be believed. */
static void join_forwarded(struct head *head, const char *more, struct arena *arena)
{
	head->request.forwarded_for =
	    arena_printf(arena, "%s, %s", head->request.forwarded_for, more);
}

/* ENTRY is "NAME=value".  If a name comes twice, the first one counts.  nginx passes a header that
 * was not sent as an empty value. */
static void take_parameter(struct head *head, const char *entry, struct arena *arena)
{
	const char *equals = strchr(entry, '=');
	size_t i, length;

	if (equals == NULL || equals[1] == '\0')
		return;
	length = (size_t)(equals - entry);
	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct parameter *p = &parameters[i];

		if (p->length == length && memcmp(p->name, entry, length) == 0) {
			const char **member = (const char **)(void *)((char *)head + p->offset);

			if (*member == NULL)
				*member = equals + 1;
			else if (member == &head->request.forwarded_for)
				join_forwarded(head, equals + 1, arena);
			return;
		}
	}
}

/* nginx passes the path as DOCUMENT_URI.  For other web servers it is the path that the client
 * requested, because SCRIPT_NAME may be that of a wrapper (mod_fcgid). */
static const char *path_of(const struct head *head, struct arena *arena)
{
	const char *uri = head->extra.request_uri;

	if (head->request.path != NULL)
		return head->request.path;
	if (uri != NULL)
		return arena_strndup(arena, uri, strcspn(uri, "?"));
	return head->extra.script_name != NULL ? head->extra.script_name : "";
}

static bool is_https(const struct extra *extra)
{
	if (extra->https != NULL && strcasecmp(extra->https, "on") == 0)
		return true;
	return extra->request_scheme != NULL && strcasecmp(extra->request_scheme, "https") == 0;
}

static void read_head(struct head *head, char **envp, struct arena *arena)
{
	*head = (struct head){0};
	for (; *envp != NULL; envp++)
		take_parameter(head, *envp, arena);
	if (head->request.method == NULL)
		head->request.method = "";
	head->request.path = path_of(head, arena);
	head->request.https = is_https(&head->extra);
}

/* Accepts digits only; a number that is too large becomes ULLONG_MAX. */
static bool read_length(const char *text, unsigned long long *length)
{
	if (text[strspn(text, "0123456789")] != '\0')
		return false;
	*length = strtoull(text, NULL, 10);
	return true;
}

/* Reads and discards the rest of the body.  True: it ended within DISCARD_BYTES. */
static bool discard(FCGX_Stream *in, struct buf *scratch)
{
	size_t left = DISCARD_BYTES;

	while (left >= READ_BYTES) {
		buf_clear(scratch);
		if (FCGX_GetStr(buf_reserve(scratch, READ_BYTES), READ_BYTES, in) < (int)READ_BYTES)
			return FCGX_GetError(in) == 0;
		left -= READ_BYTES;
	}
	return false;
}

/*
 * Reads the body in as few system calls as libfcgi's own buffer allows.  It asks for one byte more
 * than announced, because only a short read proves the end of the body.  Bytes that remained in the
 * socket would be taken for the next request.
 */
static enum body read_body(FCGX_Stream *in, const char *content_length, size_t limit,
			   struct buf *body)
{
	unsigned long long length = 0;
	bool announced = content_length != NULL; /* take_parameter drops an empty one */
	bool known = announced && read_length(content_length, &length);
	size_t want = known ? (size_t)(length < limit ? length : limit) + 1 : READ_BYTES;

	if (known && length > limit)
		return BODY_TOO_LARGE;
	for (;;) {
		int got;

		if (want > INT_MAX)
			want = INT_MAX;
		got = FCGX_GetStr(buf_reserve(body, want), (int)want, in);
		buf_took(body, (size_t)got);
		if ((size_t)got < want)
			break;
		if (body->length > limit)
			return BODY_TOO_LARGE;
		want = READ_BYTES;
	}
	if (FCGX_GetError(in) != 0)
		return BODY_BROKEN;
	if (body->length > limit)
		return BODY_TOO_LARGE;
	if (announced && !(known && body->length == length))
		return BODY_MISMATCH;
	return BODY_WHOLE;
}

static const char *status_line(int status)
{
	static const struct {
		int status;
		const char *line;
	} lines[] = {
	    {200, "Status: 200 OK\r\n"},
	    {204, "Status: 204 No Content\r\n"},
	    {400, "Status: 400 Bad Request\r\n"},
	    {401, "Status: 401 Unauthorized\r\n"},
	    {403, "Status: 403 Forbidden\r\n"},
	    {404, "Status: 404 Not Found\r\n"},
	    {405, "Status: 405 Method Not Allowed\r\n"},
	    {413, "Status: 413 Content Too Large\r\n"},
	    {415, "Status: 415 Unsupported Media Type\r\n"},
	    {429, "Status: 429 Too Many Requests\r\n"},
	    {500, "Status: 500 Internal Server Error\r\n"},
	    {503, "Status: 503 Service Unavailable\r\n"},
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].status == status)
			return lines[i].line;
	return NULL;
}

static void put(FCGX_Stream *out, const struct buf *b)
{
	const char *at = buf_text(b);
	size_t left = b->length;

	while (left > 0) {
		int n = left > INT_MAX ? INT_MAX : (int)left;

		if (FCGX_PutStr(at, n, out) < 0)
			return; /* the peer has closed: FCGX_Finish_r gets the same error */
		at += n;
		left -= (size_t)n;
	}
}

/* Head and body go to libfcgi's buffer.  If they fit, libfcgi writes them with one write(2),
 * together with the end of the request. */
static void write_response(FCGX_Stream *out, const struct http_response *r, struct buf *head)
{
	const char *line = status_line(r->status);

	if (line != NULL)
		buf_add(head, line);
	else
		buf_addf(head, "Status: %d Answer\r\n", r->status);
	if (r->content_type != NULL) {
		buf_add(head, "Content-Type: ");
		buf_add(head, r->content_type);
		buf_add(head, "\r\n");
	}
	buf_addf(head, "Content-Length: %zu\r\n", r->body.length);
	if (strcasestr(buf_text(&r->headers), "Cache-Control:") == NULL)
		buf_add(head, "Cache-Control: no-store\r\n"); /* R2.9, if the api has not set it */
	buf_add(head, buf_text(&r->headers));
	buf_add(head, "\r\n");
	put(out, head);
	put(out, &r->body);
}

static void refuse_mismatch(struct http_response *r)
{
	r->status = 400;
	r->content_type = "text/plain; charset=utf-8";
	buf_add(&r->body, "The body is not as long as its Content-Length.\n");
}

bool fastcgi_handle(FCGX_Request *fcgx, struct api *api, struct request *r)
{
	const struct conf *conf = conf_ref_get(api->conf);
	size_t limit = conf->max_request_bytes;
	struct head head;
	enum body body;

	conf_ref_put(api->conf, conf);
	r->state = REQUEST_READING;
	read_head(&head, fcgx->envp, r->arena);
	body = read_body(fcgx->in, head.extra.content_length, limit, &r->body);
	r->at_end = body != BODY_BROKEN;
	if (body == BODY_BROKEN) /* the peer has closed the connection */
		return true;
	if (body == BODY_TOO_LARGE) { /* R2.14 */
		r->at_end = discard(fcgx->in, &r->body);
		buf_clear(&r->body);
		head.request.body_too_large = true;
	}
	r->sent = head.request;
	r->sent.body = buf_text(&r->body);
	r->sent.body_length = r->body.length;
	if (body != BODY_MISMATCH)
		return api_handle(api, r);
	refuse_mismatch(&r->response);
	return true;
}

bool fastcgi_answer(FCGX_Request *fcgx, struct request *r)
{
	bool at_end = r->at_end;

	if (r->response.status != 0)
		write_response(fcgx->out, &r->response, &r->head);
	request_clear(r);
	return at_end;
}
