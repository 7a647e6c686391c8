/* SPDX-License-Identifier: MIT */
/* A SOAP call, from the bytes of its envelope to its answer.  Private to src/api. */
#ifndef CAMPAIGN_API_DISPATCH_H
#define CAMPAIGN_API_DISPATCH_H

#include "api/call.h"

/* The caller's address was checked before.  CHARSET is that of the Content-Type, or NULL.  False:
 * another owner has the call (request.h).  After its commit dispatch_resume completes it; after its
 * password check dispatch_soap is called again. */
bool dispatch_soap(struct call *call, const char *charset);
void dispatch_resume(struct call *call);

#endif
