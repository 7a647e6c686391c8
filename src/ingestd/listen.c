/* SPDX-License-Identifier: MIT */
/*
 * Finds or makes the listening socket.  Refuses a Unix socket that another process uses, replaces
 * one whose process has ended, and never touches a file of another kind.
 */
#include "config.h"

#include "ingestd/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/alloc.h"
#include "base/log.h"

/* If the queue is full, a Unix connect fails at once.  So the queue is as long as the kernel
 * allows. */
#define BACKLOG SOMAXCONN

/* Returns 1: *FD is systemd's socket; 0: systemd passes none; -1 after logging. */
static int from_systemd(int *fd)
{
#ifdef HAVE_LIBSYSTEMD
	int n = sd_listen_fds(1);

	if (n <= 0)
		return 0;
	if (n > 1) {
		log_error("systemd passes %d sockets, but exactly one is accepted: "
			  "keep one ListenStream= in the socket unit",
			  n);
		return -1;
	}
	*fd = SD_LISTEN_FDS_START;
	return 1;
#else
	(void)fd;
	return 0;
#endif
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		log_errno("listening socket");
		return -1;
	}
	return 0;
}

/* Returns 0 if PATH does not exist or was removed, -1 after logging. */
static int clear_path(const char *path, const struct sockaddr_un *address)
{
	struct stat st;
	int probe, rc;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		log_errno("socket %s", path);
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_error("socket %s: a file of another kind has this name", path);
		return -1;
	}
	/* non-blocking: a running server with a full queue gives EAGAIN */
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe < 0) {
		log_errno("socket %s", path);
		return -1;
	}
	rc = connect(probe, (const struct sockaddr *)address, sizeof(*address));
	if (rc == 0 || errno != ECONNREFUSED) {
		if (rc == 0 || errno == EAGAIN)
			log_error("socket %s: another process answers on it", path);
		else
			log_errno("socket %s: cannot tell whether it is in use", path);
		close(probe);
		return -1;
	}
	close(probe);
	if (unlink(path) < 0) {
		log_errno("socket %s: cannot remove the socket of a process that has ended", path);
		return -1;
	}
	log_info("socket %s: removed, because the process that made it has ended", path);
	return 0;
}

/* Binds with a umask that denies all access, then grants it with chmod.  So no other process can
 * connect in between. */
static int bind_path(int fd, const struct sockaddr_un *address, mode_t mode)
{
	mode_t mask = umask(0777);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	if (rc < 0)
		return -1;
	return chmod(address->sun_path, mode);
}

static int open_path(struct listener *l, const char *path, const struct conf *conf)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mode = (mode_t)strtoul(conf->socket_mode, NULL, 8);
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		log_error("socket %s: the path is longer than %zu characters", path,
			  sizeof(address.sun_path) - 1);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (clear_path(path, &address) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind_path(fd, &address, mode) < 0 || listen(fd, BACKLOG) < 0 ||
	    stat(path, &st) < 0) {
		log_errno("socket %s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*l = (struct listener){
	    .fd = fd, .ours = true, .path = xstrdup(path), .device = st.st_dev, .inode = st.st_ino};
	return 0;
}

static int bind_one(const struct addrinfo *a)
{
	int on = 1;
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* The first HOST_LENGTH characters of WHERE are the host, including the brackets of an IPv6
 * address. */
static int open_port(struct listener *l, const char *where, size_t host_length)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	bool bracketed = host_length > 2 && where[0] == '[' && where[host_length - 1] == ']';
	char *host = xstrndup(where + bracketed, host_length - (bracketed ? 2 : 0));
	struct addrinfo *list = NULL, *a;
	int fd = -1;
	int rc = getaddrinfo(*host == '\0' ? NULL : host, where + host_length + 1, &hints, &list);

	free(host);
	if (rc == 0 && strtoul(where + host_length + 1, NULL, 10) > 65535) {
		freeaddrinfo(list); /* getaddrinfo takes a larger number modulo 65536 */
		rc = EAI_SERVICE;
	}
	if (rc != 0) {
		log_error("socket %s: %s", where, gai_strerror(rc));
		return -1;
	}
	for (a = list; a != NULL && fd < 0; a = a->ai_next)
		fd = bind_one(a);
	if (fd < 0)
		log_errno("socket %s", where);
	freeaddrinfo(list);
	if (fd < 0)
		return -1;
	*l = (struct listener){.fd = fd, .ours = true};
	return 0;
}

/* "HOST:PORT" has no slash, and ends with a colon and a port; every other text is a path. */
static bool is_host_port(const char *where, size_t *host_length)
{
	const char *colon = strrchr(where, ':');

	if (colon == NULL || colon[1] == '\0' || strchr(where, '/') != NULL ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	*host_length = (size_t)(colon - where);
	return true;
}

int listener_open(struct listener *l, const char *where, const struct conf *conf)
{
	struct listener made = {.fd = STDIN_FILENO};
	const char *source = "fd 0";
	size_t host_length;
	int rc = from_systemd(&made.fd);

	if (rc < 0)
		return -1;
	if (rc > 0) {
		source = "systemd's socket";
		if (!is_listening(made.fd)) {
			log_error("%s does not listen (Accept=no is needed)", source);
			return -1;
		}
	} else if (!is_listening(STDIN_FILENO)) {
		source = where != NULL ? where : conf->socket;
		if ((is_host_port(source, &host_length) ? open_port(&made, source, host_length)
							: open_path(&made, source, conf)) < 0)
			return -1;
	} else if (where != NULL) {
		log_warn("fd 0 is a listening socket and is used; --socket %s is ignored", where);
	}
	if (set_nonblocking(made.fd) < 0) {
		listener_close(&made);
		return -1;
	}
	log_info("listening on %s", source);
	*l = made;
	return 0;
}

void listener_close(struct listener *l)
{
	struct stat st;

	if (l->fd < 0)
		return;
	/* The path may be the socket of another instance by now. */
	if (l->path != NULL && stat(l->path, &st) == 0 && st.st_dev == l->device &&
	    st.st_ino == l->inode && unlink(l->path) < 0)
		log_errno("socket %s", l->path);
	/* New connections are refused at once; workers still accept the connections in the
	 * queue. */
	if (l->path != NULL)
		shutdown(l->fd, SHUT_RD);
	free(l->path);
	l->path = NULL;
	close(l->fd);
	l->fd = -1;
}
