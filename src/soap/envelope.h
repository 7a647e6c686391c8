/* SPDX-License-Identifier: MIT */
/*
 * Reads a SOAP 1.1 request: docs/protocol.md 2.1 (action) and 3.1 (envelope, parameters).
 * All results point into the request's arena.
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
	const char *service;   /* as in the action: "xtk:persist|xtk:session" */
	const char *primary;   /* its first schema: "xtk:persist" */
	const char *secondary; /* the schema behind "|"; NULL if there is none */
	const char *method;
};

struct soap_envelope {
	const struct xml_element *method; /* the child of Body */
	const char *header_cookie;	  /* text of Header/Cookie; NULL if absent or empty (4.2) */
	const char *header_security_token; /* text of Header/X-Security-Token; likewise */
};

/* Splits a Content-Type into media type and charset (R2.1).  *CHARSET is NULL if it has none.
 * Returns -1 for a type that is not accepted (415).  VALUE NULL or "" counts as text/xml. */
int soap_content_type(const char *value, struct arena *arena, const char **charset);

/* R3.1 to R3.3.  Returns -1 with *P and *CLASS set. */
int soap_envelope_read(const struct xml_element *root, struct soap_envelope *out,
		       enum soap_fault_class *class, struct fault_cause *p);

/*
 * R2.4 to R2.7: HEADER is the SOAPAction header or NULL, QUERY the query string or NULL.
 * On failure returns -1 with *P = CODE_ACTION or CODE_ACTION_DIFFERS.
 */
int soap_action_read(const char *header, const char *query, const struct xml_element *method,
		     struct arena *arena, struct soap_action *out, struct fault_cause *p);

/* Returns the decoded value of NAME in a query string; NULL if it is absent or empty. */
const char *soap_query_value(const char *query, const char *name, struct arena *arena);

enum soap_type { /* the types of parameters; R3.13 */
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

/* R3.4 to R3.9: reads the parameters in order and skips the session token, which is parameter 0.
 * VALUES has COUNT entries.  A document parameter that is not `optional` must be present and hold
 * one element.  On failure returns -1 with *P set. */
int soap_params_read(const struct xml_element *method, const struct soap_param *params,
		     size_t count, struct soap_value *values, struct fault_cause *p);
/* Returns the session token, parameter 0, alone: authentication comes before the parameters are
 * examined (4.6).  DECLARED is the number of in-parameters, or -1 if the method is not known.
 * Returns NULL if the token is absent or empty. */
const char *soap_session_token(const struct xml_element *method, int declared);

#endif
