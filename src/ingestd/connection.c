/* SPDX-License-Identifier: MIT */
/*
 * The one place that knows how libfcgi's FCGX_Request works inside.
 *
 * libfcgi means a thread to stay with its FCGX_Request: FCGX_Accept_r accepts a connection,
 * reads a request from it, and goes back to the same connection as long as the web server
 * keeps it.  Idle connections would then hold all the threads.  Here the connection owns the
 * FCGX_Request, and a thread comes by when there is something to read.  For that two
 * members are touched that fcgiapp.h asks to leave alone; both have meant the same in every
 * release of libfcgi 2.4:
 *
 * - ipcFd, the connected socket (-1: none).  Preset, FCGX_Accept_r reads from it instead of
 *   accepting.  When the web server has closed it, or sends what is not FastCGI, libfcgi
 *   closes it and turns to the listening socket; that is -1 here, so the call fails.
 * - keepConnection, whether FCGX_Finish_r leaves the socket open.  FCGX_Accept_r begins with
 *   an FCGX_Finish_r of its own, so it must be set before the first request.
 *
 * FCGX_Detach makes libfcgi close without waiting up to two seconds for the web server to
 * close its end; nearly always, what was to be read has been read by then.
 */
#include "config.h"

#include "ingestd/connection.h"

#include <unistd.h>

void connection_open(struct connection *c, int fd)
{
	FCGX_InitRequest(&c->fcgx, -1, 0);
	c->fcgx.ipcFd = fd;
	c->fcgx.keepConnection = 1;
	FCGX_Detach(&c->fcgx);
}

int connection_fd(const struct connection *c)
{
	return c->fcgx.ipcFd;
}

bool connection_receive(struct connection *c)
{
	return FCGX_Accept_r(&c->fcgx) == 0;
}

void connection_linger(struct connection *c)
{
	FCGX_Attach(&c->fcgx);
}

bool connection_finish(struct connection *c, bool keep)
{
	if (!keep)
		c->fcgx.keepConnection = 0;
	FCGX_Finish_r(&c->fcgx);
	return c->fcgx.ipcFd >= 0;
}

void connection_close(struct connection *c)
{
	close(c->fcgx.ipcFd);
	c->fcgx.ipcFd = -1;
}
