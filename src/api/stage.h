/* SPDX-License-Identifier: MIT */
/*
 * The changes of one call, gathered from its records and handed to the writer as one
 * transaction (R7.9).  Shared by the methods that stage something.  Private to src/api.
 */
#ifndef CAMPAIGN_API_STAGE_H
#define CAMPAIGN_API_STAGE_H

#include "api/call.h"
#include "api/record_lookup.h"

struct stage {
	struct call *call;
	struct record_lookup lookup;
	struct record_context context;
	struct change *changes; /* those to stage */
	size_t count, size;
};

/* EXT: the documents are read by the rules of IngestExt.  B must stay where it is: its
 * context points into it. */
void stage_init(struct stage *b, struct call *call, bool ext);

/* R7.1: a staged schema by the id that a document or a parameter names (NULL: none). */
enum call_result stage_schema(struct call *call, const char *id, const struct schema **out);
/* 4.4: a right may be limited to schemas. */
enum call_result stage_check_scope(struct call *call, enum right right, const char *schema);

/* Reads a record into *OUT and adds its change, unless its operation is none (R8.7).  RECORD
 * is its place in a collection, counted from 1; 0 outside of one. */
enum call_result stage_add(struct stage *b, const struct schema *s, const struct xml_element *e,
			   unsigned long record, struct record *out);
/* Hands the changes to the writer: CALL_WAITING, or the result if it is known at once.  S is named
 * when it fails.  After the commit AFTER, if there is one, writes the out-parameters. */
enum call_result stage_submit(struct stage *b, const struct schema *s, call_staged *after,
			      void *context);
/* The result of a call whose commit is done. */
enum call_result stage_result(struct call *call);

#endif
