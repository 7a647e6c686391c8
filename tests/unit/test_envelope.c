/* SPDX-License-Identifier: MIT */
/* src/soap: media type, action, envelope and the tokens in its Header. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "soap/codes.h"
#include "soap/envelope.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const struct xml_element *parse(const char *text)
{
	struct fault_cause p;
	const struct xml_element *root =
	    xml_parse(text, strlen(text), NULL, &xml_limits_default, arena, &p);

	if (!root)
		fail_msg("%s: %s %s", text, p.code, p.text);
	return root;
}

static const struct type_case {
	const char *value;
	int rc;
	const char *charset;
} type_cases[] = {
    {NULL, 0, NULL},
    {"", 0, NULL},
    {" ", 0, NULL},
    {"text/xml", 0, NULL},
    {"application/soap+xml;charset=UTF-8", 0, "UTF-8"},
    {"application/xml", 0, NULL},
    {"TEXT/XML; CharSet=utf-8", 0, "utf-8"},
    {" text/xml ; charset = \"iso-8859-1\" ", 0, "iso-8859-1"},
    {"text/xml; action=\"a;charset=x\\\";charset=y\"; charset=utf-8", 0, "utf-8"},
    {"text/xml; charset=\"ut\\f-8\"", 0, "utf-8"},
    {"text/xml; charset=utf-8; charset=iso-8859-1", 0, "utf-8"},
    {"text/xml; charset", 0, NULL},
    {"text/xml; charset=", 0, NULL},
    {"text/xml; charset=\"\"", 0, NULL},
    {"text/xml; charset=\"utf-8", 0, "utf-8"},
    {"text/xml;;; charset=utf-8;", 0, "utf-8"},
    {"text/xml; x-charset=utf-8", 0, NULL},
    {"text/xml; charset=\"\\", 0, "\\"},
    {"text/html", -1, NULL},
    {"text/xmlx", -1, NULL},
    {"text/xml, text/html", -1, NULL},
    {"application/json; charset=utf-8", -1, NULL},
    {";charset=utf-8", -1, NULL},
    {"multipart/related; type=\"text/xml\"", -1, NULL},
};

static void R2_1_content_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(type_cases); i++) {
		const struct type_case *c = &type_cases[i];
		const char *charset = "unset";

		if (soap_content_type(c->value, arena, &charset) != c->rc)
			fail_msg("%s", c->value);
		if (c->rc < 0)
			continue;
		if ((charset == NULL) != (c->charset == NULL) ||
		    (charset && strcmp(charset, c->charset) != 0))
			fail_msg("%s: charset %s", c->value, charset ? charset : "none");
	}
}

static const struct query_case {
	const char *query, *name, *value;
} query_cases[] = {
    {NULL, "a", NULL},	       {"", "a", NULL},
    {"a=1", "a", "1"},	       {"b=2&a=1", "a", "1"},
    {"a=1&a=2", "a", "1"},     {"aa=2&a=1&b", "a", "1"},
    {"a=", "a", ""},	       {"a", "a", NULL},
    {"A=1", "a", NULL},	       {"&&a=1&", "a", "1"},
    {"a=b=c", "a", "b=c"},     {"a=xtk%3Asession%23Logon&b", "a", "xtk:session#Logon"},
    {"a=%253a", "a", "%3a"},   {"a=%C3%b6+", "a", "\xC3\xB6+"},
    {"a=%", "a", "%"},	       {"a=%4", "a", "%4"},
    {"a=%4&b=1", "a", "%4"},   {"a=%zz%4g%g4", "a", "%zz%4g%g4"},
    {"a=x%00y", "a", "x%00y"},
};

static void R2_4_query_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(query_cases); i++) {
		const struct query_case *c = &query_cases[i];
		const char *value = soap_query_value(c->query, c->name, arena);

		if ((value == NULL) != (c->value == NULL) ||
		    (value && strcmp(value, c->value) != 0))
			fail_msg("%s: %s", c->query, value ? value : "none");
	}
}

static const struct action_case {
	const char *header;
	const char *query;
	const char *element; /* of the method */
	const char *code;    /* NULL: accepted */
	const char *service, *primary, *secondary, *method;
} action_cases[] = {
#define LOGON  "<urn:Logon xmlns:urn='urn:xtk:session'/>"
#define INGEST "<m:Ingest xmlns:m='urn:xtk:persist|xtk:session'/>"
    /* R2.4: header, then query, then element */
    {"xtk:session#Logon", NULL, LOGON, NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {"nms:a#Logon", "soapAction=nms:b%23Logon", LOGON, NULL, "nms:a", "nms:a", NULL, "Logon"},
    {NULL, "x=1&soapAction=xtk%3Apersist%7Cxtk%3Asession%23Ingest", INGEST, NULL,
     "xtk:persist|xtk:session", "xtk:persist", "xtk:session", "Ingest"},
    {NULL, NULL, INGEST, NULL, "xtk:persist|xtk:session", "xtk:persist", "xtk:session", "Ingest"},
    {NULL, "", LOGON, NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {NULL, "soapAction=", LOGON, NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {NULL, NULL, "<Logon xmlns='xtk:session'/>", NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {NULL, NULL, "<Logon/>", CODE_ACTION, NULL, NULL, NULL, NULL},
    {NULL, NULL, "<Logon xmlns='http://example.test/'/>", CODE_ACTION, NULL, NULL, NULL, NULL},
    {NULL, NULL, "<Log-on xmlns='urn:xtk:session'/>", CODE_ACTION, NULL, NULL, NULL, NULL},
    /* R2.5 */
    {"\"xtk:session#Logon\"", NULL, LOGON, NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {" \"xtk:session#Logon\" ", NULL, LOGON, NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {"\"\"", "soapAction=nms:b%23Logon", LOGON, NULL, "nms:b", "nms:b", NULL, "Logon"},
    {"", NULL, LOGON, NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {" ", NULL, LOGON, NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {"\"\"xtk:session#Logon\"\"", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"\"xtk:session#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"\"", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    /* R2.6 */
    {"a:b|c_1:D2#Logon", NULL, LOGON, NULL, "a:b|c_1:D2", "a:b", "c_1:D2", "Logon"},
    {"xtk:session", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"xtk:session#", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"session#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"xtk:#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {":session#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"xtk:session|#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"xtk:session|xtk#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"a:b|c:d|e:f#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"1a:b#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"_a:b#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"a:b-c#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"a:b #Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"a:b#Logon#", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"a:b#Logon x", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {"a:\xC3\xB6#Logon", NULL, LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {NULL, "soapAction=xtk:session%23Logon%00x", LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    {NULL, "soapAction=xtk%253Asession%2523Logon", LOGON, CODE_ACTION, NULL, NULL, NULL, NULL},
    /* R2.7 */
    {"xtk:session#Logon", NULL, "<Logon/>", NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {"xtk:session#Logon", NULL, "<x:Logon/>", NULL, "xtk:session", "xtk:session", NULL, "Logon"},
    {"xtk:session#Logoff", NULL, LOGON, CODE_ACTION_DIFFERS, NULL, NULL, NULL, NULL},
    {"xtk:session#logon", NULL, LOGON, CODE_ACTION_DIFFERS, NULL, NULL, NULL, NULL},
};

static void expect_action(const struct action_case *c, const struct soap_action *a)
{
	if (strcmp(a->service, c->service) != 0 || strcmp(a->primary, c->primary) != 0 ||
	    strcmp(a->method, c->method) != 0 || (a->secondary == NULL) != (c->secondary == NULL) ||
	    (c->secondary && strcmp(a->secondary, c->secondary) != 0))
		fail_msg("%s, %s: got %s, %s, %s, %s", c->header, c->query, a->service, a->primary,
			 a->secondary, a->method);
}

static void R2_4_to_R2_7_action(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(action_cases); i++) {
		const struct action_case *c = &action_cases[i];
		struct soap_action a;
		struct fault_cause p = {0};
		int rc = soap_action_read(c->header, c->query, parse(c->element), arena, &a, &p);

		if (rc != (c->code ? -1 : 0) || strcmp(p.code, c->code ? c->code : "") != 0)
			fail_msg("%s, %s: %s", c->header, c->query, p.code);
		if (rc == 0)
			expect_action(c, &a);
	}
}

/* R3.20: a fault may quote names, but not so that a client treats its session as expired. */
static void R2_7_names_are_defused(void **state)
{
	struct soap_action a;
	struct fault_cause p = {0};

	(void)state;
	assert_int_equal(
	    soap_action_read("xtk:session#Logon", NULL, parse("<XSV-350008/>"), arena, &a, &p), -1);
	assert_string_equal(p.code, CODE_ACTION_DIFFERS);
	assert_null(strstr(p.text, "XSV-350008"));
}

#define NS "http://schemas.xmlsoap.org/soap/envelope/"

static const struct envelope_case {
	const char *name;
	const char *text;
	const char *code; /* NULL: accepted, with method element M */
	enum soap_fault_class class;
} envelope_cases[] = {
    {"plain", "<s:Envelope xmlns:s='" NS "'><s:Header/><s:Body><M/></s:Body></s:Envelope>", NULL,
     SOAP_FAULT_CLIENT},
    {"no Header, another prefix, blanks",
     "<SOAP-ENV:Envelope xmlns:SOAP-ENV='" NS "'>\n <SOAP-ENV:Body>\n <x:M xmlns:x='y'/> "
     "</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>",
     NULL, SOAP_FAULT_CLIENT},
    {"default namespace", "<Envelope xmlns='" NS "'><Body><M xmlns='u'/></Body></Envelope>", NULL,
     SOAP_FAULT_CLIENT},
    {"comment beside the method",
     "<s:Envelope xmlns:s='" NS "'><s:Body><!-- x --><M/><!-- y --></s:Body></s:Envelope>", NULL,
     SOAP_FAULT_CLIENT},
    {"something behind the Body",
     "<s:Envelope xmlns:s='" NS "'><s:Body><M/></s:Body><x/></s:Envelope>", NULL,
     SOAP_FAULT_CLIENT},
    {"Body of another namespace is not the Body",
     "<s:Envelope xmlns:s='" NS "'><Body><N/></Body><s:Body><M/></s:Body></s:Envelope>", NULL,
     SOAP_FAULT_CLIENT},
    /* R3.1 */
    {"SOAP 1.2",
     "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><M/></s:Body>"
     "</s:Envelope>",
     CODE_ENVELOPE_VERSION, SOAP_FAULT_VERSION},
    {"no namespace", "<Envelope><Body><M/></Body></Envelope>", CODE_ENVELOPE_VERSION,
     SOAP_FAULT_VERSION},
    {"undeclared prefix", "<s:Envelope><s:Body><M/></s:Body></s:Envelope>", CODE_ENVELOPE_VERSION,
     SOAP_FAULT_VERSION},
    {"undeclared prefix and a default", "<s:Envelope xmlns='" NS "'><Body><M/></Body></s:Envelope>",
     CODE_ENVELOPE_VERSION, SOAP_FAULT_VERSION},
    {"not an Envelope", "<html/>", CODE_NO_METHOD_ELEMENT, SOAP_FAULT_CLIENT},
    {"another case", "<s:envelope xmlns:s='" NS "'><s:Body><M/></s:Body></s:envelope>",
     CODE_NO_METHOD_ELEMENT, SOAP_FAULT_CLIENT},
    /* R3.2 */
    {"mandatory header",
     "<s:Envelope xmlns:s='" NS "'><s:Header><t s:mustUnderstand='1'/></s:Header>"
     "<s:Body><M/></s:Body></s:Envelope>",
     CODE_MUST_UNDERSTAND, SOAP_FAULT_MUST_UNDERSTAND},
    {"mandatory header, attribute without prefix",
     "<s:Envelope xmlns:s='" NS "'><s:Header><u/><t mustUnderstand='1'/></s:Header>"
     "<s:Body><M/></s:Body></s:Envelope>",
     CODE_MUST_UNDERSTAND, SOAP_FAULT_MUST_UNDERSTAND},
    {"header that is not mandatory",
     "<s:Envelope xmlns:s='" NS "'><s:Header><t s:mustUnderstand='0'/></s:Header>"
     "<s:Body><M/></s:Body></s:Envelope>",
     NULL, SOAP_FAULT_CLIENT},
    {"mandatory in another sense",
     "<s:Envelope xmlns:s='" NS "' xmlns:o='o'><s:Header><t o:mustUnderstand='1'/></s:Header>"
     "<s:Body><M/></s:Body></s:Envelope>",
     NULL, SOAP_FAULT_CLIENT},
    {"mandatory and known",
     "<s:Envelope xmlns:s='" NS "'><s:Header><Cookie s:mustUnderstand='1'/></s:Header>"
     "<s:Body><M/></s:Body></s:Envelope>",
     NULL, SOAP_FAULT_CLIENT},
    /* R3.3 */
    {"no Body", "<s:Envelope xmlns:s='" NS "'><s:Header/></s:Envelope>", CODE_NO_METHOD_ELEMENT,
     SOAP_FAULT_CLIENT},
    {"empty Body", "<s:Envelope xmlns:s='" NS "'><s:Body/></s:Envelope>", CODE_NO_METHOD_ELEMENT,
     SOAP_FAULT_CLIENT},
    {"text in the Body", "<s:Envelope xmlns:s='" NS "'><s:Body>M</s:Body></s:Envelope>",
     CODE_NO_METHOD_ELEMENT, SOAP_FAULT_CLIENT},
    {"two methods", "<s:Envelope xmlns:s='" NS "'><s:Body><M/><N/></s:Body></s:Envelope>",
     CODE_NO_METHOD_ELEMENT, SOAP_FAULT_CLIENT},
    {"two Bodies",
     "<s:Envelope xmlns:s='" NS "'><s:Body><M/></s:Body><s:Body><M/></s:Body></s:Envelope>",
     CODE_NO_METHOD_ELEMENT, SOAP_FAULT_CLIENT},
};

static void R3_1_to_R3_3_envelope(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(envelope_cases); i++) {
		const struct envelope_case *c = &envelope_cases[i];
		struct soap_envelope e;
		enum soap_fault_class class = SOAP_FAULT_SERVER;
		struct fault_cause p = {0};
		int rc = soap_envelope_read(parse(c->text), &e, &class, &p);

		if (rc != (c->code ? -1 : 0) || strcmp(p.code, c->code ? c->code : "") != 0)
			fail_msg("%s: %s %s", c->name, p.code, p.text);
		if (rc < 0 && class != c->class)
			fail_msg("%s: class %d", c->name, (int)class);
		if (rc == 0 && strcmp(e.method->name, "M") != 0)
			fail_msg("%s: method %s", c->name, e.method->name);
	}
}

static const struct token_case {
	const char *header;
	const char *cookie, *token;
} token_cases[] = {
    {"", NULL, NULL},
    {"<Cookie>__sessiontoken=___x</Cookie><X-Security-Token>@y==</X-Security-Token>",
     "__sessiontoken=___x", "@y=="},
    {"<X-Security-Token></X-Security-Token>", NULL, NULL},
    {"<t:Cookie xmlns:t='u'> a </t:Cookie><x/>", " a ", NULL},
    {"<Cookie/><Cookie>a</Cookie><Cookie>b</Cookie>", "a", NULL},
    {"<cookie>a</cookie>", NULL, NULL},
};

static void tokens_in_the_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(token_cases); i++) {
		const struct token_case *c = &token_cases[i];
		struct soap_envelope e;
		enum soap_fault_class class;
		struct fault_cause p = {0};
		const char *text = arena_printf(arena,
						"<s:Envelope xmlns:s='" NS "'><s:Header>%s"
						"</s:Header><s:Body><M/></s:Body></s:Envelope>",
						c->header);

		assert_int_equal(soap_envelope_read(parse(text), &e, &class, &p), 0);
		if ((e.header_cookie == NULL) != (c->cookie == NULL) ||
		    (c->cookie && strcmp(e.header_cookie, c->cookie) != 0) ||
		    (e.header_security_token == NULL) != (c->token == NULL) ||
		    (c->token && strcmp(e.header_security_token, c->token) != 0))
			fail_msg("%s", c->header);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(R2_1_content_type, setup, teardown),
	    cmocka_unit_test_setup_teardown(R2_4_query_value, setup, teardown),
	    cmocka_unit_test_setup_teardown(R2_4_to_R2_7_action, setup, teardown),
	    cmocka_unit_test_setup_teardown(R2_7_names_are_defused, setup, teardown),
	    cmocka_unit_test_setup_teardown(R3_1_to_R3_3_envelope, setup, teardown),
	    cmocka_unit_test_setup_teardown(tokens_in_the_header, setup, teardown),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
