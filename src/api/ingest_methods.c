/* SPDX-License-Identifier: MIT */
/*
 * Ingest and IngestExt append the records of a document to the staging log.  The answer waits for
 * the commit (docs/protocol.md sections 7 and 8).  A call is stored whole or not at all.
 */
#include "config.h"

#include "api/ingest_methods.h"

#include "api/stage.h"
#include "base/arena.h"
#include "soap/codes.h"

struct ingest {
	struct stage batch;
	const struct schema *schema;
	size_t count;	       /* number of records in the document */
	const char **made_ids; /* one per record, R7.12 */
};

static enum call_result read_records(struct ingest *i, const struct xml_element *root)
{
	struct call *call = i->batch.call;
	const unsigned limit = call->conf->max_records;
	const bool collection = record_is_collection(root, i->schema);
	const struct xml_element *e = collection ? root->first_child : root;
	enum call_result result = CALL_OK;

	i->count = collection ? root->child_count : 1;
	if (collection && i->count > limit) { /* R7.8 */
		fault_cause_set(call_cause(call), CODE_TOO_MANY_RECORDS,
				"A call may contain at most %u records.", limit);
		return CALL_FAILED;
	}
	i->made_ids = arena_alloc(call->arena, i->count * sizeof(*i->made_ids));
	for (size_t n = 0; n < i->count && result == CALL_OK; n++, e = e->next) {
		struct record record;

		result = stage_add(&i->batch, i->schema, e, collection ? n + 1 : 0, &record);
		if (result == CALL_OK)
			i->made_ids[n] = record.made_id;
	}
	return result;
}

static enum call_result ingest(struct call *call, const struct xml_element *root, bool ext,
			       call_staged *after)
{
	struct ingest *i = arena_zalloc(call->arena, sizeof(*i));
	enum call_result result;

	stage_init(&i->batch, call, ext);
	if ((result = stage_schema(call, xml_attribute(root, "xtkschema"), &i->schema)) !=
		CALL_OK ||
	    (result = stage_check_scope(call, RIGHT_INGEST, i->schema->id)) != CALL_OK ||
	    (result = read_records(i, root)) != CALL_OK)
		return result;
	return stage_submit(&i->batch, i->schema, after, i);
}

/* R7.12: one item per record; the text is empty if all items are empty. */
static const char *uuids_text(const struct ingest *i)
{
	struct buf list = BUF_INIT;
	const char *text;
	bool any = false;

	for (size_t n = 0; n < i->count; n++) {
		any = any || *i->made_ids[n] != '\0';
		if (n > 0)
			buf_add_char(&list, ',');
		buf_add(&list, i->made_ids[n]);
	}
	text = any ? arena_strdup(i->batch.call->arena, buf_text(&list)) : "";
	buf_free(&list);
	return text;
}

static void write_uuids(void *context, struct soap_response *out)
{
	soap_response_value(out, SOAP_STRING, "sUuids", uuids_text(context));
}

enum call_result ingest_ingest(struct call *call, const struct soap_value *in,
			       struct soap_response *out)
{
	(void)out;
	return ingest(call, in[0].element, false, write_uuids);
}

enum call_result ingest_ingest_ext(struct call *call, const struct soap_value *in,
				   struct soap_response *out)
{
	(void)out;
	return ingest(call, in[0].element, true, NULL);
}
