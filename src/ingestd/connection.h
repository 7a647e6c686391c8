/* SPDX-License-Identifier: MIT */
/*
 * One connection of a web server, and the request that it carries at the moment.  A
 * connection belongs to one thread at a time.
 */
#ifndef CAMPAIGN_INGESTD_CONNECTION_H
#define CAMPAIGN_INGESTD_CONNECTION_H

#include <fcgiapp.h>
#include <stdbool.h>

struct connection {
	FCGX_Request fcgx;
};

/* Takes over FD, a blocking socket on which nothing was read yet. */
void connection_open(struct connection *c, int fd);
int connection_fd(const struct connection *c);
/* Reads one request's head.  False: there is none and will be none, and C is closed. */
bool connection_receive(struct connection *c);
/* The request was not read to its end: let connection_finish wait, bounded, for the web
 * server to take the answer; a close with bytes unread would make it lose that. */
void connection_linger(struct connection *c);
/* Sends the rest of the answer.  False: C is closed, because KEEP is false, or the web
 * server did not ask to keep it, or the answer could not be sent. */
bool connection_finish(struct connection *c, bool keep);
/* Without a request in hand. */
void connection_close(struct connection *c);

#endif
