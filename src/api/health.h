/* SPDX-License-Identifier: MIT */
/* The two pages for monitoring: docs/protocol.md section 12.  Private to src/api. */
#ifndef CAMPAIGN_API_HEALTH_H
#define CAMPAIGN_API_HEALTH_H

#include "api/call.h"

void health_test(struct call *call); /* GET /r/test: no session, no database */
/* GET /nl/jsp/ping.jsp.  False: its password is being checked. */
bool health_ping(struct call *call);

#endif
