/* SPDX-License-Identifier: MIT */
/*
 * The only file that depends on the internals of libfcgi's FCGX_Request.
 *
 * libfcgi expects a thread to keep its FCGX_Request: FCGX_Accept_r accepts a connection, reads a
 * request from it, and returns to the same connection as long as the web server keeps it.  Then
 * idle connections would occupy all threads.  Here the connection owns the FCGX_Request, and a
 * thread uses it only when there is something to read.  This needs two members that fcgiapp.h
 * reserves for libfcgi; both have had the same meaning in every release of libfcgi 2.4:
 *
 * - ipcFd, the connected socket (-1: none).  If it is set, FCGX_Accept_r reads from it instead of
 *   accepting.  If the web server has closed it, or sends something other than FastCGI, libfcgi
 *   closes it and accepts on the listening socket; that is -1 here, so the call fails.
 * - keepConnection, which makes FCGX_Finish_r leave the socket open.  FCGX_Accept_r begins with an
 *   FCGX_Finish_r of its own, so keepConnection must be set before the first request.
 *
 * FCGX_Detach makes libfcgi close at once, without waiting up to two seconds for the web server to
 * close its end.  By then the request has nearly always been read to its end.
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
