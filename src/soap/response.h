/* SPDX-License-Identifier: MIT */
/*
 * Writes answers into a buffer with the literal prefixes of docs/protocol.md 3.2 and 3.3.
 * These functions escape every value.  Callers do not write markup, except for the content of an
 * element parameter, which they write with the soap_xml_ functions.
 */
#ifndef CAMPAIGN_SOAP_RESPONSE_H
#define CAMPAIGN_SOAP_RESPONSE_H

#include "base/buf.h"
#include "soap/fault_cause.h"
#include "soap/envelope.h"

/* An answer that is being written; soap_response_begin fills this. */
struct soap_response {
	struct buf *out;
	const char *method;
};

/* Writes the start of an answer to OUT; URN is its namespace (R3.12). */
void soap_response_begin(struct soap_response *r, struct buf *out, const char *method,
			 const char *urn);
/* Writes the simple out-parameter NAME of type TYPE, R3.13.  VALUE NULL counts as "". */
void soap_response_value(struct soap_response *r, enum soap_type type, const char *name,
			 const char *value);
/* Write start and end tag of a document or element out-parameter (R3.14); the caller writes the
 * content between the two calls. */
void soap_response_element_begin(struct soap_response *r, enum soap_type type, const char *name);
void soap_response_element_end(struct soap_response *r, enum soap_type type, const char *name);
void soap_response_end(struct soap_response *r);

/* R3.13: writes "p", the type's prefix and Name, e.g. pstrSUuids; without "p" for an
 * in-parameter. */
void soap_param_element_name(struct buf *out, enum soap_type type, const char *name, bool is_out);
const char *soap_type_xsi(enum soap_type type); /* "xsd:string", ... */

/* Write elements inside a document parameter, or in any other XML that the server sends. */
void soap_xml_open(struct buf *out, const char *name);
void soap_xml_attribute(struct buf *out, const char *name, const char *value);
void soap_xml_open_end(struct buf *out, bool empty); /* ">" or "/>" */
void soap_xml_close(struct buf *out, const char *name);

/*
 * Writes a fault (R3.15 to R3.19).  The faultstring is CODE, a blank and TEXT.  CAUSES are the
 * lines of detail, innermost first; CAUSE_COUNT may be 0.
 */
void soap_fault_write(struct buf *out, enum soap_fault_class class, const char *code,
		      const char *text, const struct fault_cause *causes, size_t cause_count);

#endif
