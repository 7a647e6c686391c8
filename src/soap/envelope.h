/* SPDX-License-Identifier: MIT */
/*
 * A SOAP 1.1 request: docs/protocol.md 2.1 (action) and 3.1 (envelope, parameters).
 * Everything points into the request's arena.
 */
#ifndef CAMPAIGN_SOAP_ENVELOPE_H
#define CAMPAIGN_SOAP_ENVELOPE_H

#include "soap/xml.h"

enum soap_fault_class {
	SOAP_FAULT_CLIENT,
	SOAP_FAULT_SERVER,
	SOAP_FAULT_VERSION,
	SOAP_FAULT_MUST_UNDERSTAND,
	SOAP_FAULT_MASKED, /* SOAP-ENV:Error, R3.19 */
};

struct soap_action {	       /* R2.6 */
	const char *service;   /* as addressed: "xtk:persist|xtk:session" */
	const char *primary;   /* its first schema: "xtk:persist" */
	const char *secondary; /* the one behind "|"; NULL for none */
	const char *method;
};

struct soap_envelope {
	const struct xml_element *method;  /* the child of Body */
	const char *header_cookie;	   /* Header/Cookie text; NULL none (4.2) */
	const char *header_security_token; /* Header/X-Security-Token; NULL none */
};

/* Content-Type into type and charset (R2.1).  *CHARSET is NULL if none was given.
 * Returns -1 for a type that is not accepted (415).  VALUE NULL or "": text/xml. */
int soap_content_type(const char *value, struct arena *arena, const char **charset);

/* R3.1 to R3.3.  Returns -1 with *P and *CLASS set. */
int soap_envelope_read(const struct xml_element *root, struct soap_envelope *out,
		       enum soap_fault_class *class, struct fault_cause *p);

/*
 * R2.4 to R2.7: HEADER is the SOAPAction header or NULL, QUERY the query string or NULL.
 * Returns -1 with *P = CODE_ACTION or CODE_ACTION_DIFFERS.
 */
int soap_action_read(const char *header, const char *query, const struct xml_element *method,
		     struct arena *arena, struct soap_action *out, struct fault_cause *p);

/* The decoded value of NAME in a query string; NULL if it is not there. */
const char *soap_query_value(const char *query, const char *name, struct arena *arena);

enum soap_type { /* what a parameter can be; R3.13 */
		 SOAP_STRING,
		 SOAP_BOOLEAN,
		 SOAP_BYTE,
		 SOAP_SHORT,
		 SOAP_LONG,
		 SOAP_INT64,
		 SOAP_DOUBLE,
		 SOAP_DATETIME,
		 SOAP_DATE,
		 SOAP_DOCUMENT,	      /* DOMDocument */
		 SOAP_ELEMENT,	      /* DOMElement */
		 SOAP_SCHEMA_ELEMENT, /* sessionInfo and the like */
};

struct soap_param {
	const char *name; /* as the method table spells it: "login", "doc" */
	enum soap_type type;
	bool optional;	       /* trailing in-parameters only; R3.6 */
	const char *type_name; /* in the served schema: "string", "DOMDocument", "sessionInfo" */
};

struct soap_value {
	const char *text;		   /* simple types; "" when absent and optional */
	bool boolean;			   /* SOAP_BOOLEAN */
	const struct xml_element *element; /* document types; NULL when absent or empty */
};

/* R3.4 to R3.9: the parameters in order, and the session token of parameter 0 (NULL if
 * none).  VALUES has COUNT places.  A document that must be there: SOAP_DOCUMENT without
 * `optional`.  Returns -1 with *P set. */
int soap_params_read(const struct xml_element *method, const struct soap_param *params,
		     size_t count, struct soap_value *values, struct fault_cause *p);
/* Parameter 0 alone: it is needed before the parameters may be examined (4.6).  DECLARED is
 * the number of in-parameters, or -1 when the method is not known.  NULL if absent or "". */
const char *soap_session_token(const struct xml_element *method, int declared);

#endif
