/* SPDX-License-Identifier: MIT */
/*
 * Makes load, and records the outcome of every call.
 *
 * It keeps CONNECTIONS open connections, and sends one call after the other on each, until standard
 * input ends.  REQUEST names files with a whole HTTP request each, which are sent in turn.
 * "#########" in a file is replaced by the number of the call, in nine digits.
 *
 * usage: numbered_calls PORT CONNECTIONS OUTCOMES REQUEST...
 *
 * The file OUTCOMES has one byte per call, at the call's number: '.' for a call that is not
 * answered yet, or one of enum outcome.  Standard output gets a line every 100 ms, and one at the
 * end: the time (CLOCK_MONOTONIC, seconds); the calls so far that were sent, acknowledged, faulted,
 * unknown, other, hung; the longest call that ended since the last line, and the age of the oldest
 * unanswered call, in milliseconds.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define MARK	   "#########"
#define DIGITS	   9
#define MAX_CALLS  50000000u
#define MAX_FILES  8
#define ANSWER	   16384
#define REPORT_US  100000
#define HUNG_US	   20000000 /* a call that takes this long counts as hung */
#define END_S	   25	    /* time for the unanswered calls at the end */
#define EVENTS	   64
#define INPUT_ENDS ((void *)1)

enum outcome { ACKNOWLEDGED, FAULTED, UNKNOWN, OTHER, HUNG, OUTCOMES };
static const char letters[OUTCOMES] = {'a', 'f', 'u', 'o', 'h'};

struct connection {
	int fd;
	bool under_way;
	unsigned number;
	int64_t sent_us;
	char answer[ANSWER + 1];
	size_t length;
};

static struct sockaddr_in address = {.sin_family = AF_INET};
static char *requests[MAX_FILES];
static unsigned request_count;
static char *outcomes;
static unsigned calls, counts[OUTCOMES], under_way;
static int64_t longest_us;
static bool ending;
static int epoll_fd;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = xcalloc(1, 65536);

	if (f == NULL || fread(text, 1, 65535, f) == 0)
		fail(path);
	fclose(f);
	return text;
}

/* ---- one call ---- */

static void connect_again(struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int on = 1;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0)
		fail("epoll");
}

static void send_next(struct connection *c)
{
	char text[65536], digits[DIGITS + 1];
	size_t length;

	if (ending || calls == MAX_CALLS)
		return;
	c->number = calls++;
	c->under_way = true;
	c->length = 0;
	c->sent_us = clock_monotonic_us();
	under_way++;
	outcomes[c->number] = '.';
	snprintf(digits, sizeof(digits), "%09u", c->number);
	length = strlen(requests[c->number % request_count]);
	memcpy(text, requests[c->number % request_count], length + 1);
	for (char *at = text; (at = strstr(at, MARK)) != NULL; at += DIGITS)
		memcpy(at, digits, DIGITS);
	/* A request is smaller than the buffer of a socket.  Failures are found when the answer is
	 * read. */
	if (send(c->fd, text, length, MSG_NOSIGNAL) < 0 && errno == EAGAIN)
		fail("send");
}

static void end_call(struct connection *c, enum outcome outcome)
{
	int64_t took_us = clock_monotonic_us() - c->sent_us;

	outcomes[c->number] = letters[outcome];
	if (outcome == OTHER && counts[OTHER] < 5)
		fprintf(stderr, "call %u: %s\n", c->number, c->answer);
	counts[outcome]++;
	under_way--;
	c->under_way = false;
	if (took_us > longest_us)
		longest_us = took_us;
}

/* ---- answers ---- */

static enum outcome judge(const char *answer, int status)
{
	if (status == 200)
		return ACKNOWLEDGED;
	if (status == 502 || status == 504 || strstr(answer, "it is not known whether") != NULL)
		return UNKNOWN;
	if (status == 500 && strstr(answer, "ODB-240000") != NULL &&
	    strstr(answer, "nothing was stored") != NULL)
		return FAULTED;
	return OTHER;
}

/* True if the whole answer has been read. */
static bool is_whole(const struct connection *c)
{
	const char *body = strstr(c->answer, "\r\n\r\n");
	const char *announced = strcasestr(c->answer, "\r\nContent-Length:");

	return body != NULL && announced != NULL && announced < body &&
	       c->length - (size_t)(body + 4 - c->answer) >=
		   strtoul(announced + strlen("\r\nContent-Length:"), NULL, 10);
}

static void read_answer(struct connection *c)
{
	ssize_t n = recv(c->fd, c->answer + c->length, ANSWER - c->length, 0);
	bool closed;
	int status = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		c->length += (size_t)n;
		c->answer[c->length] = '\0';
		if (!c->under_way || !is_whole(c))
			return;
		sscanf(c->answer, "HTTP/1.1 %d", &status);
		closed = strcasestr(c->answer, "\r\nConnection: close") != NULL;
		end_call(c, judge(c->answer, status));
	} else {
		closed = true;
		if (c->under_way)
			end_call(c, UNKNOWN);
	}
	if (closed)
		connect_again(c);
	send_next(c);
}

/* ---- the load ---- */

/* The age of the oldest unanswered call.  Calls that hang are given up. */
static int64_t oldest_us(struct connection *all, unsigned count)
{
	int64_t now = clock_monotonic_us(), oldest = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!all[i].under_way)
			continue;
		if (now - all[i].sent_us > oldest)
			oldest = now - all[i].sent_us;
		if (now - all[i].sent_us > HUNG_US) {
			end_call(&all[i], HUNG);
			connect_again(&all[i]);
			send_next(&all[i]);
		}
	}
	return oldest;
}

static void report(struct connection *all, unsigned count)
{
	int64_t oldest = oldest_us(all, count);

	printf("%.3f %u %u %u %u %u %u %lld %lld\n", (double)clock_monotonic_us() / 1e6, calls,
	       counts[ACKNOWLEDGED], counts[FAULTED], counts[UNKNOWN], counts[OTHER], counts[HUNG],
	       (long long)longest_us / 1000, (long long)oldest / 1000);
	fflush(stdout);
	longest_us = 0;
}

static void watch_input(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLHUP, .data.ptr = INPUT_ENDS};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
		fail("standard input is no pipe");
}

static void run(struct connection *all, unsigned count)
{
	int64_t report_us = clock_monotonic_us() + REPORT_US, end_us = INT64_MAX;
	struct epoll_event events[EVENTS];

	while ((!ending || under_way > 0) && clock_monotonic_us() < end_us) {
		int n = epoll_wait(epoll_fd, events, EVENTS, REPORT_US / 1000);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr != INPUT_ENDS) {
				read_answer(events[i].data.ptr);
			} else {
				ending = true;
				end_us = clock_monotonic_us() + END_S * 1000000LL;
				epoll_ctl(epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
			}
		}
		if (clock_monotonic_us() >= report_us) {
			report(all, count);
			report_us = clock_monotonic_us() + REPORT_US;
		}
	}
	report(all, count);
}

static void open_outcomes(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, MAX_CALLS) < 0)
		fail(path);
	outcomes = mmap(NULL, MAX_CALLS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (outcomes == MAP_FAILED)
		fail(path);
	close(fd);
}

int main(int argc, char **argv)
{
	struct connection *all;
	unsigned count;

	if (argc < 5 || argc > 4 + MAX_FILES || (count = (unsigned)atoi(argv[2])) == 0) {
		fprintf(stderr, "usage: numbered_calls PORT CONNECTIONS OUTCOMES REQUEST...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	open_outcomes(argv[3]);
	for (int i = 4; i < argc; i++)
		requests[request_count++] = read_file(argv[i]);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch_input();
	all = xcalloc(count, sizeof(*all));
	for (unsigned i = 0; i < count; i++) {
		all[i].fd = -1;
		connect_again(&all[i]);
		send_next(&all[i]);
	}
	run(all, count);
	if (truncate(argv[3], calls) < 0)
		fail(argv[3]);
	for (unsigned i = 0; i < count; i++)
		close(all[i].fd);
	for (unsigned i = 0; i < request_count; i++)
		free(requests[i]);
	free(all);
	return 0;
}
