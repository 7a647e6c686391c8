/* SPDX-License-Identifier: MIT */
/* GetEntityIfMoreRecent: docs/protocol.md 5.6. */
#ifndef CAMPAIGN_API_ENTITY_METHODS_H
#define CAMPAIGN_API_ENTITY_METHODS_H

#include "api/call.h"
#include "soap/response.h"

enum call_result entity_get_if_more_recent(struct call *call, const struct soap_value *in,
					   struct soap_response *out);

#endif
