/* SPDX-License-Identifier: MIT */
/* src/soap: parameters of a method element, R3.4 to R3.10. */
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

static const struct soap_param logon[] = {
    {"login", SOAP_STRING, false, "string"},
    {"password", SOAP_STRING, false, "string"},
    {"parameters", SOAP_ELEMENT, true, "DOMElement"},
};
static const struct soap_param ingest[] = {
    {"doc", SOAP_DOCUMENT, false, "DOMDocument"},
};
static const struct soap_param subscribe[] = {
    {"serviceName", SOAP_STRING, false, "string"},
    {"recipient", SOAP_ELEMENT, false, "DOMElement"},
    {"create", SOAP_BOOLEAN, true, "boolean"},
};

static const struct token_case {
	const char *method;
	int declared;
	const char *token;
} token_cases[] = {
    {"<Logoff/>", 0, NULL},
    {"<Logoff><sessiontoken/></Logoff>", 0, NULL},
    {"<Logoff><sessiontoken>a</sessiontoken></Logoff>", 0, "a"},
    {"<Logoff><u:sessiontoken xmlns:u='v'><![CDATA[a]]>b</u:sessiontoken></Logoff>", 0, "ab"},
    {"<Logoff><other>a</other></Logoff>", 0, "a"},
    {"<Ingest><doc/></Ingest>", 1, NULL},
    {"<Ingest><doc>a</doc></Ingest>", 1, NULL},
    {"<Ingest><SessionToken>a</SessionToken></Ingest>", 1, "a"},
    {"<Ingest><__sessionToken>a</__sessionToken><doc/></Ingest>", 1, "a"},
    {"<Ingest><token>a</token><doc/></Ingest>", 1, "a"},
    {"<Unknown/>", -1, NULL},
    {"<Unknown><sessiontoken>a</sessiontoken></Unknown>", -1, "a"},
    {"<Unknown><x>a</x><y/></Unknown>", -1, "a"},
};

static void R3_5_session_token(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(token_cases); i++) {
		const struct token_case *c = &token_cases[i];
		const char *token = soap_session_token(parse(c->method), c->declared);

		if ((token == NULL) != (c->token == NULL) ||
		    (token && strcmp(token, c->token) != 0))
			fail_msg("%s: %s", c->method, token ? token : "none");
	}
}

static const struct params_case {
	const char *name;
	const struct soap_param *params;
	size_t count;
	const char *method;
	const char *code; /* NULL: accepted */
} params_cases[] = {
    {"Logon", logon, 3,
     "<L><sessiontoken/><strLogin>a</strLogin><strPassword>b</strPassword><elemParameters/></L>",
     NULL},
    {"other names", logon, 3, "<L><sessiontoken/><a>a</a><b>b</b><c><client build='1'/></c></L>",
     NULL},
    {"without the optional one", logon, 3, "<L><sessiontoken/><a>a</a><b>b</b></L>", NULL},
    {"R3.5 without a token", logon, 3, "<L><login>a</login><b>b</b><c/></L>", NULL},
    {"R3.5 token by position", logon, 3, "<L><t/><a>a</a><b>b</b><c/></L>", NULL},
    {"R3.6 too many", logon, 3, "<L><sessiontoken/><a/><b/><c/><d/></L>", CODE_TOO_MANY_PARAMS},
    {"R3.6 too many without a token", logon, 3, "<L><a/><b/><c/><d/><e/></L>",
     CODE_TOO_MANY_PARAMS},
    {"R3.6 too many for none", NULL, 0, "<L><sessiontoken/><a/></L>", CODE_TOO_MANY_PARAMS},
    {"R3.6 none for none", NULL, 0, "<L/>", NULL},
    {"R3.6 too few", logon, 3, "<L><sessiontoken/><a>a</a></L>", CODE_PARAMETER},
    {"R3.6 none", logon, 3, "<L/>", CODE_PARAMETER},
    {"R3.6 a document that is missing", ingest, 1, "<I><sessiontoken/></I>", CODE_PARAMETER},
    {"R3.9 document", ingest, 1, "<I><sessiontoken/><d>\n <a/>\t\n</d></I>", NULL},
    {"R3.9 comments", ingest, 1, "<I><sessiontoken/><d><!-- b --><a/><?p?></d></I>", NULL},
    {"R3.9 no root", ingest, 1, "<I><sessiontoken/><d/></I>", CODE_DOCUMENT},
    {"R3.9 blanks", ingest, 1, "<I><sessiontoken/><d> \n</d></I>", CODE_DOCUMENT},
    {"R3.9 two roots", ingest, 1, "<I><sessiontoken/><d><a/><b/></d></I>", CODE_DOCUMENT},
    {"R3.9 text", ingest, 1, "<I><sessiontoken/><d>a</d></I>", CODE_DOCUMENT},
    {"R3.9 text beside", ingest, 1, "<I><sessiontoken/><d><a/>x</d></I>", CODE_DOCUMENT},
    {"R3.9 escaped document", ingest, 1, "<I><sessiontoken/><d>&lt;a/></d></I>", CODE_DOCUMENT},
    {"R3.9 optional with two roots", logon, 3,
     "<L><sessiontoken/><a>a</a><b>b</b><c><d/><d/></c></L>", CODE_DOCUMENT},
    {"R3.9 optional with text", logon, 3, "<L><sessiontoken/><a>a</a><b>b</b><c>d</c></L>",
     CODE_DOCUMENT},
    {"R3.7 types are ignored", ingest, 1,
     "<I xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>"
     "<sessiontoken xsi:type='xsd:string'/><d xsi:type=''><a xmlns=''/></d></I>",
     NULL},
};

static void R3_4_to_R3_9_params(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(params_cases); i++) {
		const struct params_case *c = &params_cases[i];
		struct soap_value values[4];
		struct fault_cause p = {0};
		int rc = soap_params_read(parse(c->method), c->params, c->count, values, &p);

		if (rc != (c->code ? -1 : 0) || strcmp(p.code, c->code ? c->code : "") != 0)
			fail_msg("%s: %s %s", c->name, p.code, p.text);
		if (rc == 0 && c->params == logon &&
		    (strcmp(values[0].text, "a") != 0 || strcmp(values[1].text, "b") != 0))
			fail_msg("%s: %s, %s", c->name, values[0].text, values[1].text);
		if (rc == 0 && c->params == ingest && strcmp(values[0].element->name, "a") != 0)
			fail_msg("%s: root %s", c->name, values[0].element->name);
	}
}

static void R3_6_defaults(void **state)
{
	struct soap_value v[3];
	struct fault_cause p = {0};

	(void)state;
	assert_int_equal(soap_params_read(parse("<S><sessiontoken/><a>NEWS</a><b><r/></b></S>"),
					  subscribe, 3, v, &p),
			 0);
	assert_false(v[2].boolean);
	assert_string_equal(v[2].text, "");
	assert_int_equal(soap_params_read(parse("<L><sessiontoken/><a/><b/></L>"), logon, 3, v, &p),
			 0);
	assert_string_equal(v[0].text, "");
	assert_null(v[2].element);
	assert_int_equal(
	    soap_params_read(parse("<L><sessiontoken/><a/><b/><c/></L>"), logon, 3, v, &p), 0);
	assert_null(v[2].element);
}

static void R3_6_names_the_parameter(void **state)
{
	struct soap_value v[3];
	struct fault_cause p = {0};

	(void)state;
	assert_int_equal(soap_params_read(parse("<L><sessiontoken/><a/></L>"), logon, 3, v, &p),
			 -1);
	assert_non_null(strstr(p.text, "'password'"));
}

static void R3_8_text_is_kept(void **state)
{
	struct soap_value v[3];
	struct fault_cause p = {0};

	(void)state;
	assert_int_equal(
	    soap_params_read(parse("<L><sessiontoken/><a> x\n</a><b><![CDATA[<&]]> y</b></L>"),
			     logon, 3, v, &p),
	    0);
	assert_string_equal(v[0].text, " x\n");
	assert_string_equal(v[1].text, "<& y");
}

static const struct boolean_case {
	const char *text;
	int expected; /* -1: CODE_PARAMETER */
} boolean_cases[] = {
    {"true", 1},  {"TRUE", 1},	{"1", 1},    {"yes", 1},	{"Yes", 1},
    {"2", 1},	  {"-1", 1},	{"+7", 1},   {"0010", 1},	{" true\n", 1},
    {"false", 0}, {"False", 0}, {"0", 0},    {"no", 0},		{"NO", 0},
    {"-0", 0},	  {"000", 0},	{"", 0},     {" ", 0},		{"\t0 ", 0},
    {"t", -1},	  {"on", -1},	{"1.0", -1}, {"1 1", -1},	{"-", -1},
    {"+", -1},	  {"0x1", -1},	{"--1", -1}, {"truefalse", -1}, {"99999999999999999999999999", 1},
};

static void R3_8_booleans(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(boolean_cases); i++) {
		const struct boolean_case *c = &boolean_cases[i];
		struct soap_value v[3];
		struct fault_cause p = {0};
		const char *method =
		    arena_printf(arena, "<S><sessiontoken/><a/><b><r/></b><c>%s</c></S>", c->text);
		int rc = soap_params_read(parse(method), subscribe, 3, v, &p);

		if (rc != (c->expected < 0 ? -1 : 0))
			fail_msg("\"%s\": %d %s", c->text, rc, p.code);
		if (rc == 0 && v[2].boolean != (c->expected == 1))
			fail_msg("\"%s\": %d", c->text, v[2].boolean);
		if (rc < 0)
			assert_string_equal(p.code, CODE_PARAMETER);
	}
}

/* The document inherits the namespace of the method element, which is ignored. */
static void R3_10_namespaces(void **state)
{
	struct soap_value v[1];
	struct fault_cause p = {0};
	const char *text = "<Ingest xmlns='urn:xtk:session' xmlns:x='u'><sessiontoken/><domDoc>"
			   "<r xtkschema='a:b' x:type='c'><x:comment>d</x:comment></r>"
			   "</domDoc></Ingest>";

	(void)state;
	assert_int_equal(soap_params_read(parse(text), ingest, 1, v, &p), 0);
	assert_string_equal(v[0].element->name, "r");
	assert_string_equal(xml_attribute(v[0].element, "xtkschema"), "a:b");
	assert_null(xml_attribute(v[0].element, "type"));
	assert_string_equal(xml_child(v[0].element, "comment")->text, "d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(R3_5_session_token, setup, teardown),
	    cmocka_unit_test_setup_teardown(R3_4_to_R3_9_params, setup, teardown),
	    cmocka_unit_test_setup_teardown(R3_6_defaults, setup, teardown),
	    cmocka_unit_test_setup_teardown(R3_6_names_the_parameter, setup, teardown),
	    cmocka_unit_test_setup_teardown(R3_8_text_is_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(R3_8_booleans, setup, teardown),
	    cmocka_unit_test_setup_teardown(R3_10_namespaces, setup, teardown),
	};

	return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
