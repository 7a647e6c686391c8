/* SPDX-License-Identifier: MIT */
/*
 * Writes successful answers: docs/protocol.md R3.11 to R3.14.  The JavaScript client compares
 * prefixed names as strings, so every prefix is literal text here.
 */
#include "config.h"

#include "soap/response.h"

#include "soap/xml.h"

#define ENCODING    "http://schemas.xmlsoap.org/soap/encoding/"
#define LITERAL_XML "http://xml.apache.org/xml-soap/literalxml"

static const struct type_form { /* R3.13 */
	const char *prefix;
	const char *xsi;
} type_forms[] = {
    [SOAP_STRING] = {"str", "xsd:string"},   [SOAP_BOOLEAN] = {"b", "xsd:boolean"},
    [SOAP_BYTE] = {"bt", "xsd:byte"},	     [SOAP_SHORT] = {"s", "xsd:short"},
    [SOAP_LONG] = {"l", "xsd:int"},	     [SOAP_INT64] = {"l", "xsd:long"},
    [SOAP_DOUBLE] = {"d", "xsd:double"},     [SOAP_DATETIME] = {"tm", "xsd:dateTime"},
    [SOAP_DATE] = {"dt", "xsd:date"},	     [SOAP_DOCUMENT] = {"dom", "ns:Element"},
    [SOAP_ELEMENT] = {"elem", "ns:Element"}, [SOAP_SCHEMA_ELEMENT] = {"", "ns:Element"},
};

const char *soap_type_xsi(enum soap_type type)
{
	return type_forms[type].xsi;
}

void soap_param_element_name(struct buf *out, enum soap_type type, const char *name, bool is_out)
{
	char first = *name;

	if (first >= 'a' && first <= 'z')
		first = (char)(first - 'a' + 'A');
	buf_add(out, is_out ? "p" : "");
	buf_add(out, type_forms[type].prefix);
	buf_add_char(out, first);
	buf_add(out, name + 1);
}

void soap_response_begin(struct soap_response *r, struct buf *out, const char *method,
			 const char *urn)
{
	r->out = out;
	r->method = method;
	buf_add(out, "<?xml version='1.0'?>\n"
		     "<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema'"
		     " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:ns='");
	xml_escape(out, urn);
	buf_add(out, "' xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>\n"
		     "<SOAP-ENV:Body>\n<");
	buf_add(out, method);
	buf_add(out, "Response xmlns='");
	xml_escape(out, urn);
	buf_add(out, "' SOAP-ENV:encodingStyle='" ENCODING "'>");
}

/* Puts each parameter on a line of its own.  Without parameters the response element is empty. */
static void open_parameter(struct buf *out, enum soap_type type, const char *name)
{
	if (out->length > 0 && out->data[out->length - 1] != '\n')
		buf_add_char(out, '\n');
	buf_add_char(out, '<');
	soap_param_element_name(out, type, name, true);
	buf_add(out, " xsi:type='");
	buf_add(out, soap_type_xsi(type));
	buf_add_char(out, '\'');
}

static void close_parameter(struct buf *out, enum soap_type type, const char *name)
{
	buf_add(out, "</");
	soap_param_element_name(out, type, name, true);
	buf_add(out, ">\n");
}

void soap_response_value(struct soap_response *r, enum soap_type type, const char *name,
			 const char *value)
{
	open_parameter(r->out, type, name);
	buf_add_char(r->out, '>');
	if (value)
		xml_escape_content(r->out, value);
	close_parameter(r->out, type, name);
}

/* R3.14 */
void soap_response_element_begin(struct soap_response *r, enum soap_type type, const char *name)
{
	open_parameter(r->out, type, name);
	buf_add(r->out, " SOAP-ENV:encodingStyle='" LITERAL_XML "'>");
}

void soap_response_element_end(struct soap_response *r, enum soap_type type, const char *name)
{
	close_parameter(r->out, type, name);
}

void soap_response_end(struct soap_response *r)
{
	buf_add(r->out, "</");
	buf_add(r->out, r->method);
	buf_add(r->out, "Response>\n</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>\n");
}
