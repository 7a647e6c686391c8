/* SPDX-License-Identifier: MIT */
/* What a log-on tells about server and operator: docs/protocol.md 4.3, R4.8.  Private. */
#ifndef CAMPAIGN_API_SESSION_INFO_H
#define CAMPAIGN_API_SESSION_INFO_H

#include "api/call.h"

struct version { /* "1.2.3": the parts that are not there are 0 */
	unsigned major, minor, patch;
	unsigned build; /* one growing number for clients that compare builds: 102 */
};

struct version version_parse(const char *text);

void session_info_write(const struct call *call, struct buf *out); /* <sessionInfo> */
void user_info_write(const struct call *call, struct buf *out);	   /* <userInfo> */

#endif
