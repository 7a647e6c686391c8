/* SPDX-License-Identifier: MIT */
/*
 * Where the listening socket comes from: systemd, else fd 0 when that is a listening socket
 * (spawn-fcgi, mod_fcgid), else made here after --socket or the configuration.
 */
#ifndef CAMPAIGN_INGESTD_LISTEN_H
#define CAMPAIGN_INGESTD_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/conf.h"

struct listener {
	int fd;	    /* non-blocking */
	bool ours;  /* made here; what was handed over stays with whoever made it */
	char *path; /* of our Unix socket, else NULL */
	dev_t device;
	ino_t inode;
};

/* WHERE (may be NULL) comes before the configured socket.  -1 after having logged why. */
int listener_open(struct listener *l, const char *where, const struct conf *conf);
/* Closes the socket; removes the path if it is ours, and still the file that we made. */
void listener_close(struct listener *l);

#endif
