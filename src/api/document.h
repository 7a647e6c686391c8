/* SPDX-License-Identifier: MIT */
/*
 * The fields and links that a document gives for one record, with their texts.  Nothing is cast
 * yet.  Private to src/api.
 */
#ifndef CAMPAIGN_API_DOCUMENT_H
#define CAMPAIGN_API_DOCUMENT_H

#include "base/arena.h"
#include "soap/fault_cause.h"
#include "schema/model.h"
#include "soap/xml.h"

struct document {
	const struct schema *schema;
	const char *id; /* the schema's name in faults: "dem:sampleTableStg" */
	const struct xml_element *element;
	const char **raw;		  /* per field: its text; NULL: not given */
	const struct xml_element **links; /* per link: its element; NULL: not given */
};

/* R7.3 to R7.5.  IGNORE_UNKNOWN drops names that the schema does not have.  Returns -1 with *P
 * set. */
int document_read(struct document *d, const struct schema *s, const char *id,
		  const struct xml_element *element, bool ignore_unknown, struct arena *arena,
		  struct fault_cause *p);

/* The value of "_key" or "_operation" in the element; NULL if it is not there. */
const char *document_instruction(const struct document *d, const char *name);

/* True if TEXT is a value for F: blanks are a value for text fields only (R6.3), NULL for none. */
bool document_text_is_value(const struct field *f, const char *text);
/* True if FIELD has a non-empty value or is given by a link element. */
bool document_has_value(const struct document *d, size_t field);
/* The link whose foreign key is FIELD and that was given as an element; -1 if there is none. */
int document_link_of(const struct document *d, size_t field);

#endif
