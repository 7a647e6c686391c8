/* SPDX-License-Identifier: MIT */
/*
 * One connection of a web server, and the request that it carries at present.  One thread at a time
 * owns a connection.
 */
#ifndef CAMPAIGN_INGESTD_CONNECTION_H
#define CAMPAIGN_INGESTD_CONNECTION_H

#include <fcgiapp.h>
#include <stdbool.h>

struct connection {
	FCGX_Request fcgx;
};

/* Takes ownership of FD, a blocking socket from which nothing was read yet. */
void connection_open(struct connection *c, int fd);
int connection_fd(const struct connection *c);
/* Reads the head of a request.  False: there is no further request, and C is closed. */
bool connection_receive(struct connection *c);
/* Call it if the request was not read to its end.  It makes connection_finish wait for a limited
 * time until the web server has taken the answer.  A close while bytes are unread would lose the
 * answer. */
void connection_linger(struct connection *c);
/* Sends the rest of the answer.  False: C is closed, because KEEP is false, or because the web
 * server did not ask to keep it, or because the answer could not be sent. */
bool connection_finish(struct connection *c, bool keep);
/* Closes a connection that has no request. */
void connection_close(struct connection *c);

#endif
