/* SPDX-License-Identifier: MIT */
/* The description of server and operator that a log-on returns: docs/protocol.md 4.3, R4.8.
 * Private to src/api. */
#ifndef CAMPAIGN_API_SESSION_INFO_H
#define CAMPAIGN_API_SESSION_INFO_H

#include "api/call.h"

struct version { /* "1.2.3"; missing parts are 0 */
	unsigned major, minor, patch;
	unsigned build; /* major * 100 + minor, for clients that compare builds: 102 */
};

struct version version_parse(const char *text);

void session_info_write(const struct call *call, struct buf *out); /* <sessionInfo> */
void user_info_write(const struct call *call, struct buf *out);	   /* <userInfo> */

#endif
