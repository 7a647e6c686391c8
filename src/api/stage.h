/* SPDX-License-Identifier: MIT */
/*
 * Collects the changes of one call from its records, and submits them to the writer as one
 * transaction (R7.9).  All methods that stage changes use it.  Private to src/api.
 */
#ifndef CAMPAIGN_API_STAGE_H
#define CAMPAIGN_API_STAGE_H

#include "api/call.h"
#include "api/record_lookup.h"

struct stage {
	struct call *call;
	struct record_lookup lookup;
	struct record_context context;
	struct change *changes; /* the changes to stage */
	size_t count, size;
};

/* EXT: read the documents by the rules of IngestExt.  B must not move: its context points into
 * it. */
void stage_init(struct stage *b, struct call *call, bool ext);

/* R7.1: finds a staged schema by the id that a document or a parameter names (NULL: it names
 * none). */
enum call_result stage_schema(struct call *call, const char *id, const struct schema **out);
/* 4.4: a right may be limited to schemas. */
enum call_result stage_check_scope(struct call *call, enum right right, const char *schema);

/* Reads a record into *OUT and adds its change, unless its operation is none (R8.7).  RECORD is its
 * position in a collection, from 1; 0 outside a collection. */
enum call_result stage_add(struct stage *b, const struct schema *s, const struct xml_element *e,
			   unsigned long record, struct record *out);
/* Submits the changes to the writer.  Returns CALL_WAITING, or the result if it is known at once.
 * S is named in faults.  After the commit AFTER (may be NULL) writes the out-parameters. */
enum call_result stage_submit(struct stage *b, const struct schema *s, call_staged *after,
			      void *context);
/* The result of a call after the writer has completed it. */
enum call_result stage_result(struct call *call);

#endif
