/* SPDX-License-Identifier: MIT */
/*
 * The pool from the side of a web server: FastCGI records over a Unix socket.  The fake api_handle
 * describes its request, waits until it is released, or waits for a commit.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "ingestd/pool.h"

#define LIMIT	 1000 /* max_request_bytes */
#define WAIT_S	 10   /* a step that takes this long hangs */
#define IDLE	 20
#define THREADS	 2
#define FCGI_END 3
#define FCGI_OUT 6

static const struct conf conf = {.max_request_bytes = LIMIT, .request_timeout_s = WAIT_S};

/* "?wait" calls report on one pipe that they have started, and wait for the other pipe. */
static int started[2], release[2];

/* Replaces base/conf_ref.c: one configuration that never changes. */
const struct conf *conf_ref_get(struct conf_ref *ref)
{
	(void)ref;
	return &conf;
}

void conf_ref_put(struct conf_ref *ref, const struct conf *c)
{
	(void)ref;
	(void)c;
}

/* "?stage" calls wait for a commit, until commit_staged.  "?verify" calls first wait for a password
 * check, until complete_passwords. */
static pthread_mutex_t waiting_lock = PTHREAD_MUTEX_INITIALIZER;
static struct completion *waiting;
static size_t waiting_count;

static void keep(struct request *r, enum request_state state)
{
	pthread_mutex_lock(&waiting_lock);
	r->state = state;
	r->done.next = waiting;
	waiting = &r->done;
	waiting_count++;
	pthread_mutex_unlock(&waiting_lock);
}

bool api_handle(struct api *api, struct request *request)
{
	const struct http_request *q = &request->sent;
	struct http_response *r = &request->response;
	bool verify = q->query != NULL && strcmp(q->query, "verify") == 0;
	bool stage = q->query != NULL && strcmp(q->query, "stage") == 0;
	char c = '.';

	(void)api;
	assert_int_equal(request->state, REQUEST_READING);
	if (q->query != NULL && strcmp(q->query, "wait") == 0) {
		if (write(started[1], &c, 1) != 1 || read(release[0], &c, 1) != 1)
			buf_add(&r->body, "let go by the end of the test\n");
	}
	r->status = q->body_too_large ? 413 : 200;
	r->content_type = "text/plain";
	buf_addf(&r->body, "%s %s %s %s https=%d len=%zu [%.40s]", q->method, q->path,
		 q->content_type != NULL ? q->content_type : "-",
		 q->soap_action != NULL ? q->soap_action : "-", q->https, q->body_length, q->body);
	if (verify || stage)
		keep(request, verify ? REQUEST_WAITING_PASSWORD : REQUEST_WAITING_COMMIT);
	return !(verify || stage);
}

bool api_resume(struct request *request)
{
	struct http_response *r = &request->response;

	if (request->state == REQUEST_WAITING_PASSWORD) {
		buf_add(&r->body, " verified");
		keep(request, REQUEST_WAITING_COMMIT);
		return false;
	}
	buf_add(&r->body, " committed");
	return true;
}

/* --- a web server ------------------------------------------------------------------------ */

static struct api api;
static struct completions *commits, *passwords;
static struct pool *pool;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void add_record(struct buf *b, int type, const char *content, size_t length)
{
	const char header[8] = {1, (char)type, 0, 1, (char)(length >> 8), (char)length, 0, 0};

	buf_add_n(b, header, sizeof(header));
	buf_add_n(b, content, length);
}

/* PARAMS is "NAME=value\nNAME=value\n"; values are shorter than 128 bytes. */
static void add_params(struct buf *b, const char *params)
{
	struct buf content = BUF_INIT;

	while (*params != '\0') {
		size_t name = strcspn(params, "="), value = strcspn(params + name + 1, "\n");

		buf_add_char(&content, (char)name);
		buf_add_char(&content, (char)value);
		buf_add_n(&content, params, name);
		buf_add_n(&content, params + name + 1, value);
		params += name + value + 2;
	}
	add_record(b, 4, content.data, content.length);
	add_record(b, 4, NULL, 0);
	buf_free(&content);
}

static int dial(void)
{
	const struct timeval limit = {.tv_sec = WAIT_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void ask(int fd, const char *params, const char *body, size_t length, bool keep)
{
	const char begin[8] = {0, 1, (char)keep};
	struct buf b = BUF_INIT;

	add_record(&b, 1, begin, sizeof(begin));
	add_params(&b, params);
	if (length > 0)
		add_record(&b, 5, body, length);
	add_record(&b, 5, NULL, 0);
	assert_int_equal(write(fd, b.data, b.length), (ssize_t)b.length);
	buf_free(&b);
}

static bool read_all(int fd, char *to, size_t n)
{
	return n == 0 || recv(fd, to, n, MSG_WAITALL) == (ssize_t)n;
}

/* Returns the text of the answer, "" if the connection was closed without one.  The caller frees
 * it. */
static char *answer(int fd)
{
	struct buf text = BUF_INIT;
	unsigned char h[8];
	char content[65536 + 255];

	while (read_all(fd, (char *)h, sizeof(h))) {
		size_t length = (size_t)h[4] << 8 | h[5];

		assert_true(read_all(fd, content, length + h[6]));
		if (h[1] == FCGI_OUT)
			buf_add_n(&text, content, length);
		if (h[1] == FCGI_END)
			break;
	}
	return text.length > 0 ? buf_steal(&text) : strdup("");
}

static void assert_answer(int fd, const char *expected)
{
	char *text = answer(fd);

	if (strstr(text, expected) == NULL)
		fail_msg("'%s' is not in '%s'", expected, text);
	free(text);
}

static bool is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) == 0;
}

/* --- one pool per test ------------------------------------------------------------------- */

static int start(void **state)
{
	struct pool_options options = {.threads = THREADS, .worker = 1, .api = &api};

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "pool.%d", (int)getpid());
	options.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	options.listen_ours = true;
	if (bind(options.listen_fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(options.listen_fd, 100) < 0 || pipe2(started, O_CLOEXEC) < 0 ||
	    pipe2(release, O_CLOEXEC) < 0)
		return -1;
	commits = options.commits = completions_new();
	passwords = options.passwords = completions_new();
	pool = pool_start(&options);
	return pool == NULL ? -1 : 0;
}

/* Completes COUNT calls through QUEUE, all together. */
static void complete_calls(struct completions *queue, size_t count)
{
	int i;

	for (i = 0; i < WAIT_S * 1000; i++) {
		pthread_mutex_lock(&waiting_lock);
		if (waiting_count == count)
			break;
		pthread_mutex_unlock(&waiting_lock);
		poll(NULL, 0, 1);
	}
	assert_int_equal(waiting_count, count);
	completions_push(queue, waiting);
	completions_notify(queue);
	waiting = NULL;
	waiting_count = 0;
	pthread_mutex_unlock(&waiting_lock);
}

/* Like the writer: completes all calls of one commit together. */
static void commit_staged(size_t count)
{
	complete_calls(commits, count);
}

static void complete_passwords(size_t count)
{
	complete_calls(passwords, count);
}

static int end(void **state)
{
	(void)state;
	close(release[1]); /* a failed test may have left calls that wait */
	pool_stop(&pool);
	completions_free(&commits);
	completions_free(&passwords);
	close(started[0]);
	close(started[1]);
	close(release[0]);
	return unlink(address.sun_path);
}

/* The web server sees the end of a connection a little before the pool has counted it. */
static void assert_connections_soon(size_t n)
{
	int i;

	for (i = 0; i < WAIT_S * 1000 && pool_connections(pool) != n; i++)
		poll(NULL, 0, 1);
	assert_int_equal(pool_connections(pool), n);
}

static void assert_empty_soon(void)
{
	struct pollfd empty = {.fd = pool_empty_fd(pool), .events = POLLIN};

	assert_int_equal(poll(&empty, 1, WAIT_S * 1000), 1);
	assert_int_equal(pool_connections(pool), 0);
}

/* --- tests ------------------------------------------------------------------------------- */

static const struct {
	const char *params;
	const char *body;
	const char *expected;
} requests[] = {
    {"REQUEST_METHOD=POST\nDOCUMENT_URI=/a\nREQUEST_URI=/b?c\nCONTENT_TYPE=text/xml\n"
     "HTTP_SOAPACTION=x#y\nCONTENT_LENGTH=2\n",
     "hi", "POST /a text/xml x#y https=0 len=2 [hi]"},
    {"REQUEST_METHOD=GET\nREQUEST_URI=/b?c=/d\nCONTENT_TYPE=\nCONTENT_LENGTH=\n", "",
     "GET /b - - https=0 len=0 []"},
    {"SCRIPT_NAME=/s\nHTTPS=on\n", "", " /s - - https=1 len=0 []"},
    {"DOCUMENT_URI=/a\nHTTPS=off\nREQUEST_SCHEME=https\n", "", " /a - - https=1 len=0 []"},
    {"DOCUMENT_URI=/a\nDOCUMENT_URI=/b\nHTTPS=\nREQUEST_SCHEME=http\n", "",
     " /a - - https=0 len=0 []"},
    {"DOCUMENT_URI=/a\n", "no length given", " /a - - https=0 len=15 [no length given]"},
    {"DOCUMENT_URI=/a\n", "",
     "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n"
     "Cache-Control: no-store\r\n\r\n"},
    {"DOCUMENT_URI=/a\nCONTENT_LENGTH=03\n", "abc", " /a - - https=0 len=3 [abc]"},
};

static void requests_and_answers(void **state)
{
	size_t i;
	int fd = dial(); /* kept: it must be usable after each request */

	(void)state;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		ask(fd, requests[i].params, requests[i].body, strlen(requests[i].body), true);
		assert_answer(fd, requests[i].expected);
	}
	close(fd);
}

static const struct {
	const char *params;
	size_t length;
	const char *expected;
} bodies[] = {
    {"CONTENT_LENGTH=1000\n", LIMIT, "Status: 200 "},
    {"CONTENT_LENGTH=1001\n", LIMIT + 1, "Status: 413 "},
    {"CONTENT_LENGTH=60000\n", 60000, "Status: 413 "},
    {"CONTENT_LENGTH=99999999999999999999999\n", 3, "Status: 413 "},
    {"CONTENT_LENGTH=5\n", LIMIT, "Status: 400 "},
    {"CONTENT_LENGTH=5\n", LIMIT + 1, "Status: 413 "},
    {"DOCUMENT_URI=/a\n", LIMIT, "Status: 200 "},
    {"DOCUMENT_URI=/a\n", LIMIT + 1, "Status: 413 "},
    {"DOCUMENT_URI=/a\n", 60000, "Status: 413 "},
};

static void R2_14_body_limit(void **state)
{
	static char body[60000];
	size_t i;
	int fd = dial();

	(void)state;
	memset(body, 'x', sizeof(body));
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		ask(fd, bodies[i].params, body, bodies[i].length, true);
		assert_answer(fd, bodies[i].expected);
	}
	close(fd);
}

static void R2_17_length_that_is_not_the_bodys(void **state)
{
	static const char *const lengths[] = {"20", "4", "2",  "0",   "-3", "+3",  " 3",
					      "3 ", " ", "3x", "0x3", "x",  "3,3", "3.0"};
	size_t i;
	int fd = dial(); /* kept: it must be usable after each request */

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char params[40];

		snprintf(params, sizeof(params), "CONTENT_LENGTH=%s\n", lengths[i]);
		ask(fd, params, "abc", 3, true);
		assert_answer(fd, "Status: 400 ");
	}
	ask(fd, "CONTENT_LENGTH=1\n", "", 0, true);
	assert_answer(fd, "Status: 400 ");
	ask(fd, "CONTENT_LENGTH=3\n", "abc", 3, true);
	assert_answer(fd, "Status: 200 ");
	close(fd);
}

static void connection_is_closed_unless_kept(void **state)
{
	int fd = dial();

	(void)state;
	ask(fd, "DOCUMENT_URI=/a\n", "", 0, false);
	assert_answer(fd, "Status: 200 ");
	assert_true(is_closed(fd));
	close(fd);
}

static void nonsense_closes_the_connection(void **state)
{
	int fd = dial();

	(void)state;
	assert_int_equal(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	assert_answer(fd, "");
	close(fd);
	fd = dial();
	ask(fd, "DOCUMENT_URI=/a\n", "", 0, true);
	assert_answer(fd, "Status: 200 ");
	close(fd);
}

/* More kept connections than threads, and more that have never sent a request. */
static void idle_connections_hold_no_thread(void **state)
{
	int kept[IDLE], silent[IDLE], fd, i;

	(void)state;
	for (i = 0; i < IDLE; i++) {
		silent[i] = dial();
		kept[i] = dial();
		ask(kept[i], "DOCUMENT_URI=/a\n", "", 0, true);
		assert_answer(kept[i], "Status: 200 ");
	}
	fd = dial();
	ask(fd, "DOCUMENT_URI=/a\n", "", 0, true);
	assert_answer(fd, "Status: 200 ");
	close(fd);
	for (i = 0; i < IDLE; i++) {
		ask(kept[i], "DOCUMENT_URI=/a\n", "", 0, true);
		assert_answer(kept[i], "Status: 200 ");
		close(kept[i]);
		close(silent[i]);
	}
}

/* Many more calls than threads wait for a commit, more than one thread takes in a row; other
 * requests are answered meanwhile. */
static void waiting_calls_hold_no_thread(void **state)
{
	enum { CALLS = 3 * IDLE };
	int fds[CALLS], fd = dial(), i;

	(void)state;
	for (i = 0; i < CALLS; i++) {
		fds[i] = dial();
		ask(fds[i], "DOCUMENT_URI=/a\nQUERY_STRING=stage\n", "", 0, true);
	}
	ask(fd, "DOCUMENT_URI=/a\n", "", 0, true);
	assert_answer(fd, "Status: 200 ");
	commit_staged(CALLS);
	for (i = 0; i < CALLS; i++) {
		assert_answer(fds[i], " committed");
		ask(fds[i], "DOCUMENT_URI=/a\n", "", 0, true); /* usable for the next request */
		assert_answer(fds[i], "len=0 []");
		close(fds[i]);
	}
	close(fd);
}

/* More password checks than threads.  They complete one at a time, and each call then waits for a
 * commit. */
static void passwords_hold_no_thread(void **state)
{
	enum { CALLS = 10 * THREADS };
	int fds[CALLS], fd = dial(), i;

	(void)state;
	for (i = 0; i < CALLS; i++) {
		fds[i] = dial();
		ask(fds[i], "DOCUMENT_URI=/a\nQUERY_STRING=verify\n", "", 0, true);
	}
	ask(fd, "DOCUMENT_URI=/a\n", "", 0, true);
	assert_answer(fd, "Status: 200 ");
	complete_passwords(CALLS);
	commit_staged(CALLS);
	for (i = 0; i < CALLS; i++) {
		assert_answer(fds[i], " verified committed");
		close(fds[i]);
	}
	close(fd);
}

static void drain_waits_for_commits(void **state)
{
	int fd = dial();

	(void)state;
	ask(fd, "DOCUMENT_URI=/a\nQUERY_STRING=stage\n", "", 0, true);
	while (pool_connections(pool) != 1)
		poll(NULL, 0, 1);
	pool_drain(pool);
	commit_staged(1);
	assert_answer(fd, " committed");
	assert_true(is_closed(fd));
	assert_empty_soon();
	close(fd);
}

static void drain_answers_calls_in_progress(void **state)
{
	int busy = dial(), idle = dial();
	char c;

	(void)state;
	ask(idle, "DOCUMENT_URI=/a\n", "", 0, true);
	assert_answer(idle, "Status: 200 ");
	ask(busy, "DOCUMENT_URI=/a\nQUERY_STRING=wait\n", "", 0, true);
	assert_int_equal(read(started[0], &c, 1), 1);
	pool_drain(pool);
	assert_true(is_closed(idle));
	assert_connections_soon(1);
	assert_int_equal(write(release[1], ".", 1), 1);
	assert_answer(busy, "Status: 200 ");
	assert_true(is_closed(busy));
	assert_empty_soon();
	close(busy);
	close(idle);
}

/* Requests that came before the drain: two are running, the others wait in connections that were
 * accepted and in the queue of the socket. */
static void drain_answers_waiting_requests(void **state)
{
	int fds[IDLE], i;
	char c;

	(void)state;
	for (i = 0; i < IDLE; i++) {
		fds[i] = dial();
		ask(fds[i], "DOCUMENT_URI=/a\nQUERY_STRING=wait\n", "", 0, true);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(read(started[0], &c, 1), 1);
	pool_drain(pool);
	for (i = 0; i < IDLE; i++)
		assert_int_equal(write(release[1], ".", 1), 1);
	for (i = 0; i < IDLE; i++) {
		assert_answer(fds[i], "Status: 200 ");
		assert_true(is_closed(fds[i]));
		close(fds[i]);
	}
	assert_empty_soon();
}

static void retired_pool_serves_what_is_open(void **state)
{
	int fd = dial(), i;

	(void)state;
	ask(fd, "DOCUMENT_URI=/a\n", "", 0, true);
	assert_answer(fd, "Status: 200 ");
	pool_retire(pool);
	for (i = 0; i < 3; i++) {
		ask(fd, "DOCUMENT_URI=/a\n", "", 0, true);
		assert_answer(fd, "Status: 200 ");
	}
	assert_int_equal(pool_connections(pool), 1);
	close(fd);
	assert_empty_soon();
}

static int init(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return FCGX_Init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(requests_and_answers, start, end),
	    cmocka_unit_test_setup_teardown(R2_14_body_limit, start, end),
	    cmocka_unit_test_setup_teardown(R2_17_length_that_is_not_the_bodys, start, end),
	    cmocka_unit_test_setup_teardown(connection_is_closed_unless_kept, start, end),
	    cmocka_unit_test_setup_teardown(nonsense_closes_the_connection, start, end),
	    cmocka_unit_test_setup_teardown(idle_connections_hold_no_thread, start, end),
	    cmocka_unit_test_setup_teardown(waiting_calls_hold_no_thread, start, end),
	    cmocka_unit_test_setup_teardown(passwords_hold_no_thread, start, end),
	    cmocka_unit_test_setup_teardown(drain_waits_for_commits, start, end),
	    cmocka_unit_test_setup_teardown(drain_answers_calls_in_progress, start, end),
	    cmocka_unit_test_setup_teardown(drain_answers_waiting_requests, start, end),
	    cmocka_unit_test_setup_teardown(retired_pool_serves_what_is_open, start, end),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}
