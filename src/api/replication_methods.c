/* SPDX-License-Identifier: MIT */
/*
 * StartReplicateStagingData (docs/protocol.md 10.1) queues a request and returns. campaign-sync
 * runs the request.  A second call while the request is queued changes nothing.
 */
#include "config.h"

#include "api/replication_methods.h"

#include "api/stage.h"
#include "api/lookup.h"

/* IGNORE: an equal request may be queued already. */
static const char sql_request[] =
    "INSERT IGNORE INTO campaign_request (schema_id, requested_at, operator)"
    " VALUES (?, UTC_TIMESTAMP(3), ?)";

enum call_result replication_start(struct call *call, const struct soap_value *in,
				   struct soap_response *out)
{
	const struct schema *s = NULL;
	struct db_value params[2] = {db_text(""), db_text(call->who.login)};
	struct db_value none;
	struct fault_cause p = {0};
	enum call_result result;

	(void)out;
	if (*in[0].text != '\0') {
		if ((result = stage_schema(call, in[0].text, &s)) != CALL_OK)
			return result;
		params[0] = db_text(s->id);
	}
	/* A request for all schemas needs a right without a scope: no scope matches "*". */
	result = stage_check_scope(call, RIGHT_REPLICATE, s != NULL ? s->id : "*");
	if (result != CALL_OK)
		return result;
	if (lookup_value(call->api->shared, sql_request, params, 2, call->arena, &none, &p) < 0) {
		*call_cause(call) = p;
		return CALL_FAILED;
	}
	return CALL_OK;
}
