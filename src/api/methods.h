/* SPDX-License-Identifier: MIT */
/*
 * The one table of SOAP methods: docs/protocol.md 3.4.  Calls are dispatched by it; whatever
 * describes the methods to clients is made from it.
 */
#ifndef CAMPAIGN_API_METHODS_H
#define CAMPAIGN_API_METHODS_H

#include "api/call.h"
#include "soap/response.h"

#define METHOD_MAX_PARAMS 4 /* in-parameters of one method; a test holds the table to it */

/* IN has the method's in-parameters; out-parameters go to OUT in their order.  Whatever was
 * written is thrown away unless CALL_OK is returned. */
typedef enum call_result method_run(struct call *call, const struct soap_value *in,
				    struct soap_response *out);

struct method {
	const char *service; /* where it is declared: "xtk:persist" */
	const char *name;
	bool anonymous;
	bool declared_anonymous; /* what served schemas say; GetUserInfo differs (4.3) */
	enum right right;	 /* RIGHT_NONE: none needed */
	const struct soap_param *in;
	size_t in_count;
	const struct soap_param *out;
	size_t out_count;
	size_t out_before; /* served schemas list the out-parameters before this one; 0: last */
	method_run *run;
};

const struct method *methods_table(size_t *count);
/* The method of an action, also under the services that it is "also accepted as"; NULL. */
const struct method *methods_find(const struct soap_action *action);
/* Whether there is such a service at all, whatever its methods. */
bool methods_service_listed(const struct soap_action *action);
/* R3.12: "urn:wpp:default", "urn:xtk:session" */
const char *methods_urn(const struct method *method);

#endif
