/* SPDX-License-Identifier: MIT */
/* Functions that all answers of this layer use; see call.h. */
#include "config.h"

#include "api/call.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/classify.h"
#include "soap/codes.h"

struct fault_cause *call_cause(struct call *call)
{
	if (call->cause_count < CALL_MAX_CAUSES)
		call->cause_count++;
	return &call->causes[call->cause_count - 1];
}

const char *call_host(const struct call *call)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:[]";
	const char *host = call->sent->host;

	if (host == NULL || *host == '\0' || host[strspn(host, allowed)] != '\0')
		return NULL;
	return host;
}

void call_answer_text(struct call *call, int status, const char *line)
{
	struct http_response *r = call->response;

	r->status = status;
	r->content_type = "text/plain; charset=utf-8";
	buf_add(&r->headers, "Cache-Control: no-store\r\n");
	buf_clear(&r->body);
	buf_addf(&r->body, "%s\n", line);
}

void call_answer_refusal(struct call *call)
{
	const struct fault_cause *p = &call->causes[0];
	const char *line = arena_printf(call->arena, "%s %s", p->code, p->text);

	if (call->retry_after != 0) {
		buf_addf(&call->response->headers, "Retry-After: %u\r\n", call->retry_after);
		call_answer_text(call, 429, line);
	} else {
		call_answer_text(call, 403, line);
	}
}

static void internal_cause(struct fault_cause *p)
{
	static atomic_uint serial;
	unsigned n = atomic_fetch_add(&serial, 1) + 1;
	long long second = (long long)(clock_utc_ms() / 1000);

	log_error("internal error, reference %llx-%lx-%x", second, (long)getpid(), n);
	fault_cause_set(p, CODE_INTERNAL, "Internal error, reference %llx-%lx-%x.", second,
			(long)getpid(), n);
}

void call_database_cause(struct fault_cause *p, enum outcome rc, unsigned number, const char *state)
{
	const char *what = "nothing was stored, try again later";

	if (rc == OUTCOME_BUG && number == 0) {
		internal_cause(p);
		return;
	}
	if (rc == OUTCOME_UNKNOWN)
		what = "the connection was lost while the change was being committed, so it is not "
		       "known whether it was stored";
	else if (rc == OUTCOME_REJECTED && db_is_too_wide(number)) /* R5.20 */
		what = "the record needs more room than a row has, nothing was stored";
	else if (rc == OUTCOME_REJECTED)
		what = "the record was refused, nothing was stored";
	else if (rc == OUTCOME_BUG)
		what = "nothing was stored";

	if (number == 0)
		fault_cause_set(p, CODE_DATABASE, "Staging database error: %s.", what);
	else
		fault_cause_set(p, CODE_DATABASE, "Staging database error %u (%s): %s.", number,
				state != NULL ? state : "", what);
}
