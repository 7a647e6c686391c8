/* SPDX-License-Identifier: MIT */
/* GET /r/test and GET /nl/jsp/ping.jsp: docs/protocol.md section 12. */
#include "config.h"

#include "api/health.h"

#include "api/auth.h"
#include "api/lookup.h"
#include "api/session_info.h"
#include "base/arena.h"
#include "base/clock.h"

/* Uses single quotes, which the clients of this page expect. */
static void attribute(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s='", name);
	xml_escape(out, value != NULL ? value : "");
	buf_add_char(out, '\'');
}

void health_test(struct call *call)
{
	const struct version v = version_parse(call->api->version);
	const char *host = call_host(call);
	struct buf *out = &call->response->body;
	char now[CLOCK_TEXT_SIZE];

	call->response->status = 200;
	call->response->content_type = "text/xml; charset=utf-8";
	buf_add(&call->response->headers, "Cache-Control: no-store\r\n");
	clock_format(now, clock_utc_ms(), ' ');

	buf_add(out, "<redir status='OK'");
	buf_addf(out, " date='%s+00'", now);
	buf_addf(out, " version='%u.%u.%u'", v.major, v.minor, v.patch);
	buf_addf(out, " build='%u' sha1=''", v.build);
	attribute(out, "instance", call->conf->instance_name);
	attribute(out, "sourceIP", call->address_text);
	attribute(out, "host", host != NULL ? host : "-");
	attribute(out, "localHost", call->api->node);
	buf_add(out, "/>\n");
}

static void answer_error(struct call *call, const struct fault_cause *p)
{
	call_answer_text(call, 200, arena_printf(call->arena, "Error\n%s %s", p->code, p->text));
}

bool health_ping(struct call *call)
{
	struct auth_tokens tokens;
	const char *time;
	struct fault_cause p = {0};

	auth_collect(call->sent, NULL, NULL, NULL, call->arena, &tokens);
	switch (auth_check(call, &tokens)) {
	case CALL_REFUSED:
		call_answer_refusal(call);
		return true;
	case CALL_FAILED:
		answer_error(call, &call->causes[0]);
		return true;
	case CALL_WAITING:
		return false;
	case CALL_OK:
		break;
	}
	if (lookup_server_time(call->api->shared, call->arena, &time, &p) < 0)
		answer_error(call, &p);
	else
		call_answer_text(call, 200, arena_printf(call->arena, "OK\n%sZ", time));
	return true;
}
