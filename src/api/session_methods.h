/* SPDX-License-Identifier: MIT */
/* The methods of xtk:session: docs/protocol.md 4.3.  For the table in methods.c. */
#ifndef CAMPAIGN_API_SESSION_METHODS_H
#define CAMPAIGN_API_SESSION_METHODS_H

#include "api/methods.h"

method_run session_logon;
method_run session_bearer_token_logon;
method_run session_logoff;
method_run session_test_cnx;
method_run session_get_user_info;
method_run session_get_server_time;
method_run session_get_option;

#endif
