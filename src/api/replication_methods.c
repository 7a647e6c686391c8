/* SPDX-License-Identifier: MIT */
/*
 * StartReplicateStagingData (docs/protocol.md 10.1): queues a run and returns.  campaign-sync
 * takes the request up; a second call while one is queued changes nothing.
 */
#include "config.h"

#include "api/replication_methods.h"

#include "api/stage.h"
#include "api/lookup.h"

/* IGNORE: the request that is queued already says the same. */
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
	/* All schemas are asked for by who may replicate every one of them. */
	result = stage_check_scope(call, RIGHT_REPLICATE, s != NULL ? s->id : "*");
	if (result != CALL_OK)
		return result;
	if (lookup_value(call->api->shared, sql_request, params, 2, call->arena, &none, &p) < 0) {
		*call_cause(call) = p;
		return CALL_FAILED;
	}
	return CALL_OK;
}
