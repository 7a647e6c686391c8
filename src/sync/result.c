/* SPDX-License-Identifier: MIT */
/* Records a schema's failure; see result.h. */
#include "config.h"

#include "sync/result.h"

#include "base/log.h"

void result_fail(struct schema_result *result, const char *why)
{
	log_escape(result->message, sizeof(result->message), why);
	result->failed = true;
	log_error("%s: %s; its changes stay pending", result->id, result->message);
}
