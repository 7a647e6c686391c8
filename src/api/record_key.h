/* SPDX-License-Identifier: MIT */
/* The reconciliation key of a record: R7.6, R8.2.  Private to src/api. */
#ifndef CAMPAIGN_API_RECORD_KEY_H
#define CAMPAIGN_API_RECORD_KEY_H

#include "api/document.h"

struct record_key {
	size_t *fields; /* fields of the document's schema, in the order of the key */
	size_t count;	/* 0: no key */
	bool allow_empty_part;
};

/* R7.6: reads a `_key` list.  All fields of the key then have a value.  Returns -1 with *P =
 * CODE_KEY. */
int record_key_given(const struct document *d, const char *list, struct arena *arena,
		     struct record_key *out, struct fault_cause *p);
/* The primary key; false if it has no value in the document. */
bool record_key_primary(const struct document *d, struct arena *arena, struct record_key *out);
/* R8.2 without `_key`: the primary key, or else the first key of the schema that is usable. */
bool record_key_search(const struct document *d, struct arena *arena, struct record_key *out);

bool record_key_has(const struct record_key *key, size_t field);
/* "@email,@folder-id" */
const char *record_key_text(const struct record_key *key, const struct schema *s,
			    struct arena *arena);

#endif
