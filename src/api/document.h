/* SPDX-License-Identifier: MIT */
/*
 * What a document says about one record, in the words of the schema: which fields it names,
 * with which text, and which links.  Nothing is cast yet.  Private to src/api.
 */
#ifndef CAMPAIGN_API_DOCUMENT_H
#define CAMPAIGN_API_DOCUMENT_H

#include "base/arena.h"
#include "soap/fault_cause.h"
#include "schema/model.h"
#include "soap/xml.h"

struct document {
	const struct schema *schema;
	const char *id; /* as faults name the schema: "dem:sampleTableStg" */
	const struct xml_element *element;
	const char **raw;		  /* per field: its text; NULL: not named */
	const struct xml_element **links; /* per link: its element; NULL: not named */
};

/* R7.3 to R7.5.  IGNORE_UNKNOWN drops names that the schema does not have.  -1 with *P set. */
int document_read(struct document *d, const struct schema *s, const char *id,
		  const struct xml_element *element, bool ignore_unknown, struct arena *arena,
		  struct fault_cause *p);

/* "_key" or "_operation" as the element gives it; NULL if it does not. */
const char *document_instruction(const struct document *d, const char *name);

/* Whether TEXT is a value at all for F: blanks count in texts only (R6.3).  NULL is none. */
bool document_text_is_value(const struct field *f, const char *text);
/* Whether FIELD has a non-empty value, or comes by a link element. */
bool document_has_value(const struct document *d, size_t field);
/* The link that was given as an element and whose foreign key FIELD is; -1 if there is none. */
int document_link_of(const struct document *d, size_t field);

#endif
