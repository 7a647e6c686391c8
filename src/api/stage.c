/* SPDX-License-Identifier: MIT */
/* Reads the records of a call as changes, which are stored whole or not at all. */
#include "config.h"

#include "api/stage.h"

#include <string.h>

#include "base/arena.h"
#include "soap/codes.h"

void stage_init(struct stage *b, struct call *call, bool ext)
{
	const struct conf *conf = call->conf;

	*b = (struct stage){
	    .call = call,
	    .lookup = {call->api->shared, call->registry, call->arena},
	    .context = {.ops = &record_lookup_ops,
			.ops_context = &b->lookup,
			.ext = ext,
			.ignore_unknown = conf->unknown_fields == CONF_UNKNOWN_IGNORE,
			.cast = {conf->cast_mode == CONF_CAST_LENIENT, conf->timezone},
			.arena = call->arena},
	};
}

enum call_result stage_schema(struct call *call, const char *id, const struct schema **out)
{
	const struct schema *s;
	char name[FAULT_NAME_SIZE];

	if (call->registry == NULL) {
		fault_cause_set(
		    call_cause(call), CODE_DATABASE,
		    "Staging database error: schemas are not loaded yet, try again later.");
		return CALL_FAILED;
	}
	if (id == NULL || *id == '\0') {
		fault_cause_set(call_cause(call), CODE_NO_ENTITY,
				"The document names no schema: attribute 'xtkschema' is missing.");
		return CALL_FAILED;
	}
	if ((s = registry_find(call->registry, id, NULL)) == NULL) {
		fault_cause_set(call_cause(call), CODE_NO_ENTITY, "Schema '%s' does not exist.",
				fault_quote(name, id));
		return CALL_FAILED;
	}
	if (!s->staged) {
		fault_cause_set(call_cause(call), CODE_NOT_STAGED, "Schema '%s' is not staged.",
				fault_quote(name, id));
		return CALL_FAILED;
	}
	*out = s;
	return CALL_OK;
}

enum call_result stage_check_scope(struct call *call, enum right right, const char *schema)
{
	const struct operator_info *who = &call->who;

	if (right_allows(who->rights, who->right_count, right, schema))
		return CALL_OK;
	fault_cause_set(call_cause(call), CODE_RIGHT,
			"Access denied: the right '%s' does not cover schema '%s'.",
			right_name(right), schema);
	return CALL_FAILED;
}

static enum call_result record_failed(struct call *call, const struct schema *s,
				      const struct fault_cause *p, unsigned long record)
{
	struct fault_cause *cause = call_cause(call);

	*cause = *p;
	cause->record = record;
	fault_cause_set(call_cause(call), CODE_RECORD_NOT_STAGED,
			"Unable to save document of type '%s (%s)'.",
			*s->label != '\0' ? s->label : s->name, s->staging_id);
	return CALL_FAILED;
}

/* The arena has no realloc: a full array is copied to one of twice its size, and the old one is
 * freed with the request. */
static struct change *new_change(struct stage *b)
{
	if (b->count == b->size) {
		size_t size = b->size > 0 ? 2 * b->size : 16;
		struct change *changes = arena_alloc(b->call->arena, size * sizeof(*changes));

		if (b->count > 0)
			memcpy(changes, b->changes, b->count * sizeof(*changes));
		b->changes = changes;
		b->size = size;
	}
	return &b->changes[b->count++];
}

enum call_result stage_add(struct stage *b, const struct schema *s, const struct xml_element *e,
			   unsigned long record, struct record *out)
{
	struct fault_cause p = {0};
	struct change *change;

	if (record_read(&b->context, s, e, out, &p) < 0)
		return record_failed(b->call, s, &p, record);
	if (out->change.operation == OPERATION_NONE) /* R8.7 */
		return CALL_OK;
	change = new_change(b);
	*change = out->change;
	/* clang-format off */
	change->operator = b->call->who.login; /* clang-format takes it for a keyword */
	/* clang-format on */
	change->address = b->call->address_text;
	return CALL_OK;
}

enum call_result stage_submit(struct stage *b, const struct schema *s, call_staged *after,
			      void *context)
{
	struct call *call = b->call;
	struct request *r = call->request;

	call->after = after;
	call->after_context = context;
	if (b->count == 0)
		return CALL_OK;
	call->staged = s;
	r->submission = (struct submission){.changes = b->changes,
					    .count = b->count,
					    .bytes = call->sent->body_length,
					    .done = &r->done};
	r->state = REQUEST_WAITING_COMMIT;
	if (writer_submit(call->api->writer, &r->submission))
		return CALL_WAITING;
	r->state = REQUEST_READING;
	return stage_result(call);
}

enum call_result stage_result(struct call *call)
{
	const struct submission *sub = &call->request->submission;
	struct fault_cause p = {0};

	if (sub->rc == OUTCOME_OK)
		return CALL_OK;
	call_database_cause(&p, sub->rc, sub->error.number, sub->error.sqlstate);
	return record_failed(call, call->staged, &p, 0);
}
