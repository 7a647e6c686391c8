/* SPDX-License-Identifier: MIT */
/* The paths and ports that are accepted and refused, and the files that are removed at the end. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "ingestd/listen.h"

static char folder[] = "listen.XXXXXX"; /* relative, so that it is short enough in every build
					 * folder */
static char path[64];
static char mode[] = "0640";

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/sock", folder);
	/* fd 0 of the test must not be taken for a listening socket */
	return freopen("/dev/null", "r", stdin) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static struct conf conf_for(char *socket_path)
{
	return (struct conf){.socket = socket_path, .socket_mode = mode};
}

static int try_connect(const char *to)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", to);
	rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	close(fd);
	return rc;
}

static void path_is_made_and_removed(void **state)
{
	struct conf conf = conf_for(path);
	struct listener l;
	struct stat st;

	(void)state;
	assert_int_equal(listener_open(&l, NULL, &conf), 0);
	assert_true(l.ours);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true((fcntl(l.fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(try_connect(path), 0);
	listener_close(&l);
	assert_int_equal(stat(path, &st), -1);
	listener_close(&l); /* a second call does nothing */
}

static void live_socket_is_refused(void **state)
{
	struct conf conf = conf_for(path);
	struct listener first, second;

	(void)state;
	assert_int_equal(listener_open(&first, NULL, &conf), 0);
	assert_int_equal(listener_open(&second, NULL, &conf), -1);
	assert_int_equal(try_connect(path), 0); /* the socket is unchanged */
	listener_close(&first);
}

static void dead_socket_is_replaced(void **state)
{
	struct conf conf = conf_for(path);
	struct listener dead, l;

	(void)state;
	assert_int_equal(listener_open(&dead, NULL, &conf), 0);
	close(dead.fd); /* the state after kill -9 */
	free(dead.path);
	assert_int_equal(try_connect(path), -1);
	assert_int_equal(listener_open(&l, NULL, &conf), 0);
	assert_int_equal(try_connect(path), 0);
	listener_close(&l);
}

static void other_file_is_never_touched(void **state)
{
	struct conf conf = conf_for(path);
	struct listener l;
	struct stat st;
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(listener_open(&l, NULL, &conf), -1);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(path);
}

static void successor_keeps_its_socket(void **state)
{
	struct conf conf = conf_for(path);
	struct listener old, new;

	(void)state;
	assert_int_equal(listener_open(&old, NULL, &conf), 0);
	unlink(path);
	assert_int_equal(listener_open(&new, NULL, &conf), 0);
	listener_close(&old);
	assert_int_equal(try_connect(path), 0);
	listener_close(&new);
}

static void long_path_is_refused(void **state)
{
	char text[200];
	struct conf conf = conf_for(text);
	struct listener l;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(listener_open(&l, NULL, &conf), -1);
}

static const struct {
	const char *where;
	int family; /* 0: refused */
} ports[] = {
    {"127.0.0.1:0", AF_INET},
    {"127.0.0.1:99999999", 0},
    {"256.1.1.1:0", 0},
};

static void host_and_port(void **state)
{
	struct conf conf = conf_for(path);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct sockaddr_storage address = {0};
		socklen_t size = sizeof(address);
		struct listener l;

		if (ports[i].family == 0) {
			assert_int_equal(listener_open(&l, ports[i].where, &conf), -1);
			continue;
		}
		assert_int_equal(listener_open(&l, ports[i].where, &conf), 0);
		assert_null(l.path);
		assert_int_equal(getsockname(l.fd, (struct sockaddr *)&address, &size), 0);
		if (ports[i].family > 0)
			assert_int_equal(address.ss_family, ports[i].family);
		listener_close(&l);
	}
}

static void listening_stdin_comes_first(void **state)
{
	struct conf conf = conf_for(path);
	struct listener outer, l;
	struct stat st;

	(void)state;
	assert_int_equal(listener_open(&outer, NULL, &conf), 0);
	assert_int_equal(dup2(outer.fd, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(listener_open(&l, "127.0.0.1:0", &conf), 0);
	assert_int_equal(l.fd, STDIN_FILENO);
	assert_false(l.ours);
	listener_close(&l);
	assert_int_equal(stat(path, &st), 0); /* the process that made it removes it */
	assert_int_equal(try_connect(path), 0);
	listener_close(&outer);
	assert_int_equal(open("/dev/null", O_RDONLY), STDIN_FILENO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(path_is_made_and_removed),
	    cmocka_unit_test(live_socket_is_refused),
	    cmocka_unit_test(dead_socket_is_replaced),
	    cmocka_unit_test(other_file_is_never_touched),
	    cmocka_unit_test(successor_keeps_its_socket),
	    cmocka_unit_test(long_path_is_refused),
	    cmocka_unit_test(host_and_port),
	    cmocka_unit_test(listening_stdin_comes_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
