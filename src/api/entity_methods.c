/* SPDX-License-Identifier: MIT */
/*
 * GetEntityIfMoreRecent (docs/protocol.md 5.6) sends schemas to clients, which cache them with
 * their md5.  The entities are xtk:schema (compiled, staging schemas included) and xtk:srcSchema.
 */
#include "config.h"

#include "api/entity_methods.h"

#include <string.h>

#include "api/method_schema.h"
#include "schema/compiled.h"
#include "soap/codes.h"

/* False: there is no such entity. */
static bool write_entity(const struct call *call, const char *pk, struct buf *out,
			 char md5[COMPILED_MD5_SIZE])
{
	const char *bar = strchr(pk, '|');
	const char *id = bar != NULL ? bar + 1 : "";
	const size_t length = bar != NULL ? (size_t)(bar - pk) : 0;
	const bool compiled = length == 10 && strncmp(pk, "xtk:schema", length) == 0;
	const bool source = length == 13 && strncmp(pk, "xtk:srcSchema", length) == 0;
	const struct schema *s;
	struct compiled c;
	bool staging = false;

	if (compiled && method_schema_is_service(id)) {
		method_schema_service(out, id, md5);
		return true;
	}
	s = registry_find(call->registry, id, &staging);
	if (s == NULL || !(compiled || (source && !staging)))
		return false;
	compiled_begin(&c, s,
		       source	 ? COMPILED_SOURCE
		       : staging ? COMPILED_STAGING
				 : COMPILED_SCHEMA);
	if (compiled)
		method_schema_methods(&c.text, staging ? s->staging_id : s->id);
	compiled_finish(&c, source ? "srcSchema" : "schema", out, md5);
	return true;
}

enum call_result entity_get_if_more_recent(struct call *call, const struct soap_value *in,
					   struct soap_response *out)
{
	struct buf document = BUF_INIT;
	char md5[COMPILED_MD5_SIZE], name[FAULT_NAME_SIZE];
	bool found;

	if (call->registry == NULL) { /* clients would cache the answer "no such schema" */
		fault_cause_set(
		    call_cause(call), CODE_DATABASE,
		    "Staging database error: schemas are not loaded yet, try again later.");
		return CALL_FAILED;
	}
	found = write_entity(call, in[0].text, &document, md5);
	if (!found && in[2].boolean) {
		fault_cause_set(call_cause(call), CODE_NO_ENTITY, "Entity '%s' does not exist.",
				fault_quote(name, in[0].text));
		return CALL_FAILED;
	}
	soap_response_element_begin(out, SOAP_DOCUMENT, "doc");
	if (found && strcmp(in[1].text, md5) != 0)
		buf_add_n(out->out, document.data, document.length);
	soap_response_element_end(out, SOAP_DOCUMENT, "doc");
	buf_free(&document);
	return CALL_OK;
}
