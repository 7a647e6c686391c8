/* SPDX-License-Identifier: MIT */
/*
 * Reads the envelope of a request: docs/protocol.md R3.1 to R3.3, and the tokens in its Header
 * (4.2).  Refuses other versions of SOAP, unknown header entries with mustUnderstand, and a Body
 * that does not hold exactly one method element.
 */
#include "config.h"

#include "soap/envelope.h"

#include <stdbool.h>
#include <string.h>

#include "soap/codes.h"

#define SOAP_URI "http://schemas.xmlsoap.org/soap/envelope/"

static bool is_soap(const char *uri)
{
	return uri && strcmp(uri, SOAP_URI) == 0;
}

static bool is_soap_element(const struct xml_element *e, const char *name)
{
	return is_soap(e->uri) && strcmp(e->name, name) == 0;
}

/* Also accepts the attribute without a prefix, which SOAP 1.1 does not define. */
static bool must_understand(const struct xml_element *entry)
{
	for (size_t i = 0; i < entry->attribute_count; i++) {
		const struct xml_attribute *a = &entry->attributes[i];

		if (strcmp(a->name, "mustUnderstand") == 0 && strcmp(a->value, "1") == 0 &&
		    (!a->prefix || is_soap(a->uri)))
			return true;
	}
	return false;
}

/* Ignores an empty token: authentication then tries the next place of 4.2. */
static void take_token(const char **token, const struct xml_element *entry)
{
	if (!*token && *entry->text)
		*token = entry->text;
}

static int read_header(const struct xml_element *header, struct soap_envelope *out,
		       struct fault_cause *p)
{
	for (const struct xml_element *e = header->first_child; e; e = e->next) {
		char name[FAULT_NAME_SIZE];

		if (strcmp(e->name, "Cookie") == 0) {
			take_token(&out->header_cookie, e);
		} else if (strcmp(e->name, "X-Security-Token") == 0) {
			take_token(&out->header_security_token, e);
		} else if (must_understand(e)) { /* R3.2 */
			fault_cause_set(
			    p, CODE_MUST_UNDERSTAND,
			    "The header entry '%s' has mustUnderstand and is not supported.",
			    fault_quote(name, e->name));
			return -1;
		}
	}
	return 0;
}

static int read_body(const struct xml_element *body, struct soap_envelope *out,
		     struct fault_cause *p)
{
	if (body->child_count != 1) { /* R3.3 */
		fault_cause_set(p, CODE_NO_METHOD_ELEMENT,
				"The Body must hold one element, not %zu.", body->child_count);
		return -1;
	}
	out->method = body->first_child;
	return 0;
}

int soap_envelope_read(const struct xml_element *root, struct soap_envelope *out,
		       enum soap_fault_class *class, struct fault_cause *p)
{
	struct soap_envelope found = {0};
	const struct xml_element *body = NULL;

	*class = SOAP_FAULT_CLIENT;
	if (strcmp(root->name, "Envelope") != 0) {
		fault_cause_set(p, CODE_NO_METHOD_ELEMENT, "The document is not a SOAP Envelope.");
		return -1;
	}
	if (!is_soap(root->uri)) { /* R3.1; an undeclared prefix has no namespace */
		*class = SOAP_FAULT_VERSION;
		fault_cause_set(p, CODE_ENVELOPE_VERSION,
				"The Envelope is not in the namespace of SOAP 1.1.");
		return -1;
	}
	for (const struct xml_element *e = root->first_child; e; e = e->next) {
		if (is_soap_element(e, "Header") && read_header(e, &found, p) < 0) {
			*class = SOAP_FAULT_MUST_UNDERSTAND;
			return -1;
		}
		if (!is_soap_element(e, "Body"))
			continue;
		if (body) {
			fault_cause_set(p, CODE_NO_METHOD_ELEMENT,
					"The Envelope has several Bodies.");
			return -1;
		}
		body = e;
	}
	if (!body) {
		fault_cause_set(p, CODE_NO_METHOD_ELEMENT, "The Envelope has no Body.");
		return -1;
	}
	if (read_body(body, &found, p) < 0)
		return -1;
	*out = found;
	return 0;
}
