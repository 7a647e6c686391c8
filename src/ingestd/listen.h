/* SPDX-License-Identifier: MIT */
/*
 * The listening socket: systemd's, or else fd 0 if it is a listening socket (spawn-fcgi,
 * mod_fcgid), or else one that is made for --socket or the configuration.
 */
#ifndef CAMPAIGN_INGESTD_LISTEN_H
#define CAMPAIGN_INGESTD_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/conf.h"

struct listener {
	int fd;	    /* non-blocking */
	bool ours;  /* made here; a socket that was passed to us belongs to the process that made
		     * it */
	char *path; /* the path of our own Unix socket; else NULL */
	dev_t device;
	ino_t inode;
};

/* WHERE (may be NULL) takes precedence over the configured socket.  Returns -1 after it has logged
 * why. */
int listener_open(struct listener *l, const char *where, const struct conf *conf);
/* Closes the socket.  Removes the path if the socket was made here and the path is still that
 * socket. */
void listener_close(struct listener *l);

#endif
