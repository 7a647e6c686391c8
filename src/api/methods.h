/* SPDX-License-Identifier: MIT */
/*
 * The table of SOAP methods: docs/protocol.md 3.4.  Calls are dispatched with it, and the
 * descriptions for clients are generated from it.
 */
#ifndef CAMPAIGN_API_METHODS_H
#define CAMPAIGN_API_METHODS_H

#include "api/call.h"
#include "soap/response.h"

#define METHOD_MAX_PARAMS 4 /* in-parameters of one method; a test checks the table */

/* IN has the method's in-parameters.  Out-parameters are written to OUT in their order.  Their text
 * is discarded if the method returns CALL_FAILED or CALL_REFUSED. */
typedef enum call_result method_run(struct call *call, const struct soap_value *in,
				    struct soap_response *out);

struct method {
	const char *service; /* the service that declares it: "xtk:persist" */
	const char *name;
	bool anonymous;
	bool declared_anonymous; /* as in served schemas; GetUserInfo differs (4.3) */
	enum right right;	 /* RIGHT_NONE: no right is needed */
	const struct soap_param *in;
	size_t in_count;
	const struct soap_param *out;
	size_t out_count;
	size_t out_before; /* served schemas list the out-parameters before this one; 0: last */
	method_run *run;
};

const struct method *methods_table(size_t *count);
/* Finds the method of an action, also if its service is one of "also accepted as"; NULL if there is
 * none. */
const struct method *methods_find(const struct soap_action *action);
/* True if the action's service exists, with or without this method. */
bool methods_service_listed(const struct soap_action *action);
/* R3.12: "urn:wpp:default", "urn:xtk:session" */
const char *methods_urn(const struct method *method);

#endif
