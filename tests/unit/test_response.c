/* SPDX-License-Identifier: MIT */
/* src/soap: answers are byte for byte as docs/protocol.md shows them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "soap/response.h"
#include "soap/xml.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void R3_11_ingest_response(void **state)
{
	struct buf b = BUF_INIT;
	struct soap_response r;

	(void)state;
	soap_response_begin(&r, &b, "Ingest", "urn:wpp:default");
	soap_response_value(&r, SOAP_STRING, "sUuids", "6d1d6b57-2f0e-4f8c-9a35-0f6f3c7b9e21");
	soap_response_end(&r);
	assert_string_equal(
	    buf_text(&b),
	    "<?xml version='1.0'?>\n"
	    "<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema' "
	    "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:ns='urn:wpp:default' "
	    "xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>\n"
	    "<SOAP-ENV:Body>\n"
	    "<IngestResponse xmlns='urn:wpp:default' "
	    "SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>\n"
	    "<pstrSUuids xsi:type='xsd:string'>6d1d6b57-2f0e-4f8c-9a35-0f6f3c7b9e21</pstrSUuids>\n"
	    "</IngestResponse>\n"
	    "</SOAP-ENV:Body>\n"
	    "</SOAP-ENV:Envelope>\n");
	buf_free(&b);
}

static void R3_12_urn_without_parameters(void **state)
{
	struct buf b = BUF_INIT;
	struct soap_response r;

	(void)state;
	soap_response_begin(&r, &b, "Subscribe", "urn:nms:subscription");
	soap_response_end(&r);
	assert_non_null(strstr(b.data, " xmlns:ns='urn:nms:subscription' "));
	assert_non_null(strstr(b.data, "<SubscribeResponse xmlns='urn:nms:subscription' SOAP-ENV:"
				       "encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>"
				       "</SubscribeResponse>\n"));
	buf_free(&b);
}

static const struct value_case {
	enum soap_type type;
	const char *name;
	const char *value;
	const char *expected;
} value_cases[] = {
    {SOAP_STRING, "value", "x", "<pstrValue xsi:type='xsd:string'>x</pstrValue>\n"},
    {SOAP_STRING, "sUuids", "", "<pstrSUuids xsi:type='xsd:string'></pstrSUuids>\n"},
    {SOAP_STRING, "sUuids", NULL, "<pstrSUuids xsi:type='xsd:string'></pstrSUuids>\n"},
    {SOAP_STRING, "a", "<'\"&\r\n>\x01\xC3\xB6",
     "<pstrA xsi:type='xsd:string'>&lt;'\"&amp;&#13;\n&gt;\xEF\xBF\xBD\xC3\xB6</pstrA>\n"},
    {SOAP_BOOLEAN, "ok", "true", "<pbOk xsi:type='xsd:boolean'>true</pbOk>\n"},
    {SOAP_BYTE, "type", "6", "<pbtType xsi:type='xsd:byte'>6</pbtType>\n"},
    {SOAP_SHORT, "n", "1", "<psN xsi:type='xsd:short'>1</psN>\n"},
    {SOAP_LONG, "n", "1", "<plN xsi:type='xsd:int'>1</plN>\n"},
    {SOAP_INT64, "n", "1", "<plN xsi:type='xsd:long'>1</plN>\n"},
    {SOAP_DOUBLE, "n", "1.5", "<pdN xsi:type='xsd:double'>1.5</pdN>\n"},
    {SOAP_DATETIME, "serverTime", "2026-02-03T04:05:06.789Z",
     "<ptmServerTime xsi:type='xsd:dateTime'>2026-02-03T04:05:06.789Z</ptmServerTime>\n"},
    {SOAP_DATE, "day", "2026-02-03", "<pdtDay xsi:type='xsd:date'>2026-02-03</pdtDay>\n"},
};

static void R3_13_values(void **state)
{
	struct buf b = BUF_INIT;
	struct soap_response r = {.out = &b, .method = "M"};

	(void)state;
	for (size_t i = 0; i < COUNT(value_cases); i++) {
		const struct value_case *c = &value_cases[i];

		buf_clear(&b);
		soap_response_value(&r, c->type, c->name, c->value);
		assert_string_equal(buf_text(&b), c->expected);
	}
	buf_free(&b);
}

static const struct element_case {
	enum soap_type type;
	const char *name;
	const char *expected;
} element_cases[] = {
    {SOAP_DOCUMENT, "doc",
     "<pdomDoc xsi:type='ns:Element' "
     "SOAP-ENV:encodingStyle='http://xml.apache.org/xml-soap/literalxml'></pdomDoc>\n"},
    {SOAP_ELEMENT, "a",
     "<pelemA xsi:type='ns:Element' "
     "SOAP-ENV:encodingStyle='http://xml.apache.org/xml-soap/literalxml'></pelemA>\n"},
    {SOAP_SCHEMA_ELEMENT, "sessionInfo",
     "<pSessionInfo xsi:type='ns:Element' SOAP-ENV:encodingStyle='http://"
     "xml.apache.org/xml-soap/literalxml'></pSessionInfo>\n"},
};

static void R3_14_elements(void **state)
{
	struct buf b = BUF_INIT;
	struct soap_response r = {.out = &b, .method = "M"};

	(void)state;
	for (size_t i = 0; i < COUNT(element_cases); i++) {
		const struct element_case *c = &element_cases[i];

		buf_clear(&b);
		soap_response_element_begin(&r, c->type, c->name);
		soap_response_element_end(&r, c->type, c->name);
		assert_string_equal(buf_text(&b), c->expected);
	}
	buf_free(&b);
}

static void R3_13_in_parameters(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	soap_param_element_name(&b, SOAP_STRING, "login", false);
	buf_add_char(&b, ' ');
	soap_param_element_name(&b, SOAP_ELEMENT, "parameters", false);
	buf_add_char(&b, ' ');
	soap_param_element_name(&b, SOAP_DOCUMENT, "doc", false);
	assert_string_equal(b.data, "strLogin elemParameters domDoc");
	assert_string_equal(soap_type_xsi(SOAP_DOCUMENT), "ns:Element");
	buf_free(&b);
}

static void elements_are_written(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	soap_xml_open(&b, "a");
	soap_xml_attribute(&b, "b", "1 < \"2\"\n");
	soap_xml_open_end(&b, false);
	soap_xml_open(&b, "c");
	soap_xml_open_end(&b, true);
	soap_xml_close(&b, "a");
	assert_string_equal(b.data, "<a b=\"1 &lt; &quot;2&quot;&#10;\"><c/></a>");
	buf_free(&b);
}

/* An XML parser reads back any value. */
static void answers_are_wellformed(void **state)
{
	static const char value[] = "]]><b a='\"&#;\r";
	struct arena *arena = arena_new();
	struct buf b = BUF_INIT;
	struct soap_response r;
	struct fault_cause p;
	const struct xml_element *root, *method;

	(void)state;
	soap_response_begin(&r, &b, "Get", "urn:x");
	soap_response_value(&r, SOAP_STRING, "a", value);
	soap_response_element_begin(&r, SOAP_DOCUMENT, "doc");
	soap_xml_open(&b, "d");
	soap_xml_attribute(&b, "e", value);
	soap_xml_open_end(&b, true);
	soap_response_element_end(&r, SOAP_DOCUMENT, "doc");
	soap_response_end(&r);
	root = xml_parse(b.data, b.length, NULL, &xml_limits_default, arena, &p);
	assert_non_null(root);
	method = xml_child(xml_child(root, "Body"), "GetResponse");
	assert_string_equal(method->uri, "urn:x");
	assert_string_equal(xml_child(method, "pstrA")->text, value);
	assert_string_equal(xml_child(method, "pdomDoc")->text, "");
	assert_string_equal(xml_attribute(xml_child(method, "pdomDoc")->first_child, "e"), value);
	buf_free(&b);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R3_11_ingest_response),
	    cmocka_unit_test(R3_12_urn_without_parameters),
	    cmocka_unit_test(R3_13_values),
	    cmocka_unit_test(R3_13_in_parameters),
	    cmocka_unit_test(R3_14_elements),
	    cmocka_unit_test(elements_are_written),
	    cmocka_unit_test(answers_are_wellformed),
	};

	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
