/* SPDX-License-Identifier: MIT */
/* StartReplicateStagingData: docs/protocol.md 10.1. */
#ifndef CAMPAIGN_API_REPLICATION_METHODS_H
#define CAMPAIGN_API_REPLICATION_METHODS_H

#include "api/call.h"
#include "soap/response.h"

enum call_result replication_start(struct call *call, const struct soap_value *in,
				   struct soap_response *out);

#endif
