/* SPDX-License-Identifier: MIT */
/*
 * Reads a request from FastCGI into a struct request, and writes its response.
 */
#ifndef CAMPAIGN_INGESTD_FASTCGI_H
#define CAMPAIGN_INGESTD_FASTCGI_H

#include <fcgiapp.h>
#include <stdbool.h>

#include "api/api.h"

/* Reads the request and passes it to api_handle; returns the result of api_handle. */
bool fastcgi_handle(FCGX_Request *fcgx, struct api *api, struct request *r);
/* Writes the response, and clears R.  False: the request was not read to its end, so the connection
 * cannot carry another one. */
bool fastcgi_answer(FCGX_Request *fcgx, struct request *r);

#endif
