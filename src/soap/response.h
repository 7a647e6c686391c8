/* SPDX-License-Identifier: MIT */
/*
 * Answers, written into a buffer with the literal prefixes of docs/protocol.md 3.2 and 3.3.
 * Every value goes through xml_escape here; callers never write markup, except for the
 * content of an element parameter, which they build with the soap_xml_ calls.
 */
#ifndef CAMPAIGN_SOAP_RESPONSE_H
#define CAMPAIGN_SOAP_RESPONSE_H

#include "base/buf.h"
#include "soap/fault_cause.h"
#include "soap/envelope.h"

/* R3.12: the name space of an answer; the buffer of the answer is OUT. */
struct soap_response {
	struct buf *out;
	const char *method;
};

void soap_response_begin(struct soap_response *r, struct buf *out, const char *method,
			 const char *urn);
/* A simple out parameter `name` of type TYPE, R3.13.  VALUE NULL counts as "". */
void soap_response_value(struct soap_response *r, enum soap_type type, const char *name,
			 const char *value);
/* Opens a document or element out parameter (R3.14); its content is written between. */
void soap_response_element_begin(struct soap_response *r, enum soap_type type, const char *name);
void soap_response_element_end(struct soap_response *r, enum soap_type type, const char *name);
void soap_response_end(struct soap_response *r);

/* R3.13: "p" + prefix + Name, e.g. pstrSUuids; "str" + Name for an in-parameter. */
void soap_param_element_name(struct buf *out, enum soap_type type, const char *name, bool is_out);
const char *soap_type_xsi(enum soap_type type); /* "xsd:string", ... */

/* Elements inside a document parameter, or any other XML that is served. */
void soap_xml_open(struct buf *out, const char *name);
void soap_xml_attribute(struct buf *out, const char *name, const char *value);
void soap_xml_open_end(struct buf *out, bool empty); /* ">" or "/>" */
void soap_xml_close(struct buf *out, const char *name);

/*
 * R3.15 to R3.19.  CAUSES (may be none) are the lines of detail, innermost first.
 * FAULTSTRING is code, blank, text.
 */
void soap_fault_write(struct buf *out, enum soap_fault_class class, const char *code,
		      const char *text, const struct fault_cause *causes, size_t cause_count);

#endif
