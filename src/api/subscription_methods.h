/* SPDX-License-Identifier: MIT */
/* Subscribe and Unsubscribe: docs/protocol.md section 9. */
#ifndef CAMPAIGN_API_SUBSCRIPTION_METHODS_H
#define CAMPAIGN_API_SUBSCRIPTION_METHODS_H

#include "api/call.h"
#include "soap/response.h"

enum call_result subscription_subscribe(struct call *call, const struct soap_value *in,
					struct soap_response *out);
enum call_result subscription_unsubscribe(struct call *call, const struct soap_value *in,
					  struct soap_response *out);

#endif
