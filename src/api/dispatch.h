/* SPDX-License-Identifier: MIT */
/* A SOAP call, from the bytes of its envelope to its answer.  Private to src/api. */
#ifndef CAMPAIGN_API_DISPATCH_H
#define CAMPAIGN_API_DISPATCH_H

#include "api/call.h"

/* The caller's place was checked before.  CHARSET is that of the Content-Type, or NULL.
 * False: the call is in the writer's hands or the verifier's, and may not be touched.  What the
 * writer had, dispatch_resume completes; what the verifier had, comes here once more. */
bool dispatch_soap(struct call *call, const char *charset);
void dispatch_resume(struct call *call);

#endif
