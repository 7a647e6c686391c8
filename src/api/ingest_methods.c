/* SPDX-License-Identifier: MIT */
/*
 * Ingest and IngestExt: a document in, one or many changes in the staging log.  Answers only
 * after the commit (docs/protocol.md sections 7 and 8); a call is stored whole or not at all.
 */
#include "config.h"

#include "api/ingest_methods.h"

#include "api/lookup.h"
#include "api/record.h"
#include "soap/codes.h"

struct batch {
	struct call *call;
	struct lookup lookup;
	struct record_context context;
	const struct schema *schema;
	bool collection;
	size_t count;		/* records of the document */
	struct change *changes; /* those to stage */
	size_t change_count;
	const char **made_ids; /* one per record, R7.12 */
};

/* R7.1 */
static enum call_result find_schema(struct batch *b, const struct xml_element *root)
{
	struct call *call = b->call;
	const char *id = xml_attribute(root, "xtkschema");
	char name[PROBLEM_NAME_SIZE];

	if (call->registry == NULL) {
		problem_set(call_cause(call), CODE_DATABASE,
			    "Staging database error: schemas are not loaded yet, try again later.");
		return CALL_FAILED;
	}
	if (id == NULL || *id == '\0') {
		problem_set(call_cause(call), CODE_NO_ENTITY,
			    "The document names no schema: attribute 'xtkschema' is missing.");
		return CALL_FAILED;
	}
	b->schema = registry_find(call->registry, id, NULL);
	if (b->schema == NULL) {
		problem_set(call_cause(call), CODE_NO_ENTITY, "Schema '%s' does not exist.",
			    problem_name(name, id));
		return CALL_FAILED;
	}
	if (!b->schema->staged) {
		problem_set(call_cause(call), CODE_NOT_STAGED, "Schema '%s' is not staged.",
			    problem_name(name, id));
		return CALL_FAILED;
	}
	return CALL_OK;
}

/* 4.4: a right may be limited to schemas. */
static enum call_result check_scope(struct batch *b)
{
	const struct operator_info *who = &b->call->who;

	if (right_allows(who->rights, who->right_count, RIGHT_INGEST, b->schema->id))
		return CALL_OK;
	problem_set(call_cause(b->call), CODE_RIGHT,
		    "Access denied: the right '%s' does not cover schema '%s'.",
		    right_name(RIGHT_INGEST), b->schema->id);
	return CALL_FAILED;
}

static enum call_result record_failed(struct batch *b, const struct problem *p, size_t record)
{
	const struct schema *s = b->schema;
	struct problem *cause = call_cause(b->call);

	*cause = *p;
	cause->record = b->collection ? record : 0;
	problem_set(call_cause(b->call), CODE_RECORD_NOT_STAGED,
		    "Unable to save document of type '%s (%s)'.",
		    *s->label != '\0' ? s->label : s->name, s->staging_id);
	return CALL_FAILED;
}

static enum call_result read_record(struct batch *b, const struct xml_element *e, size_t n)
{
	struct problem p = {0};
	struct record record;
	struct change *change;

	if (record_read(&b->context, b->schema, e, &record, &p) < 0)
		return record_failed(b, &p, n + 1);
	b->made_ids[n] = record.made_id;
	if (record.change.operation == OPERATION_NONE) /* R8.7 */
		return CALL_OK;
	change = &b->changes[b->change_count++];
	*change = record.change;
	/* clang-format off */
	change->operator = b->call->who.login; /* elsewhere a keyword */
	/* clang-format on */
	change->address = b->call->address_text;
	return CALL_OK;
}

static enum call_result read_records(struct batch *b, const struct xml_element *root)
{
	struct arena *arena = b->call->arena;
	const unsigned limit = b->call->conf->max_records;
	const struct xml_element *e = root;
	enum call_result result = CALL_OK;

	b->collection = record_is_collection(root, b->schema);
	b->count = b->collection ? root->child_count : 1;
	if (b->collection && b->count > limit) { /* R7.8 */
		problem_set(call_cause(b->call), CODE_TOO_MANY_RECORDS,
			    "A call may hold %u records.", limit);
		return CALL_FAILED;
	}
	b->changes = arena_alloc(arena, b->count * sizeof(*b->changes));
	b->made_ids = arena_alloc(arena, b->count * sizeof(*b->made_ids));

	if (b->collection)
		e = root->first_child;
	for (size_t i = 0; i < b->count && result == CALL_OK; i++, e = e->next)
		result = read_record(b, e, i);
	return result;
}

static enum call_result stage(struct batch *b)
{
	struct writer_error error = {0};
	struct problem p = {0};
	enum outcome rc;

	if (b->change_count == 0)
		return CALL_OK;
	rc = writer_submit(b->call->api->writer, b->changes, b->change_count, &error);
	if (rc == OUTCOME_OK)
		return CALL_OK;
	call_database_problem(&p, rc, error.number, error.sqlstate);
	return record_failed(b, &p, 0);
}

static enum call_result ingest(struct batch *b, struct call *call, const struct xml_element *root,
			       bool ext)
{
	const struct conf *conf = call->conf;
	enum call_result result;

	*b = (struct batch){
	    .call = call,
	    .lookup = {call->api->lane, call->registry, call->arena},
	    .context = {.ops = &lookup_record_ops,
			.ops_context = &b->lookup,
			.ext = ext,
			.ignore_unknown = conf->unknown_fields == CONF_UNKNOWN_IGNORE,
			.cast = {conf->cast_mode == CONF_CAST_LENIENT, conf->timezone},
			.arena = call->arena},
	};
	if ((result = find_schema(b, root)) != CALL_OK || (result = check_scope(b)) != CALL_OK ||
	    (result = read_records(b, root)) != CALL_OK)
		return result;
	return stage(b);
}

/* R7.12: one item per record, wholly empty when every item is. */
static const char *uuids_text(const struct batch *b)
{
	struct buf list = BUF_INIT;
	const char *text;
	bool any = false;

	for (size_t i = 0; i < b->count; i++) {
		any = any || *b->made_ids[i] != '\0';
		if (i > 0)
			buf_add_char(&list, ',');
		buf_add(&list, b->made_ids[i]);
	}
	text = any ? arena_strdup(b->call->arena, buf_text(&list)) : "";
	buf_free(&list);
	return text;
}

enum call_result ingest_ingest(struct call *call, const struct soap_value *in,
			       struct soap_response *out)
{
	struct batch b;
	enum call_result result = ingest(&b, call, in[0].element, false);

	if (result == CALL_OK)
		soap_response_value(out, SOAP_STRING, "sUuids", uuids_text(&b));
	return result;
}

enum call_result ingest_ingest_ext(struct call *call, const struct soap_value *in,
				   struct soap_response *out)
{
	struct batch b;

	(void)out;
	return ingest(&b, call, in[0].element, true);
}
