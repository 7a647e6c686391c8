/* SPDX-License-Identifier: MIT */
/*
 * The envelope reader, src/soap: character sets, prescan, XML, envelope, action, parameters.
 * An input is three lines, Content-Type, SOAPAction and query string, followed by the body.  Bodies
 * of earlier messages may come before it, each ended by a line "%%".
 *
 * An accepted message gives a valid tree.  The tree is the same after writing and parsing it again,
 * and under narrow limits unless these refuse it; its texts come back from an answer unchanged.  A
 * refused message gives a cause that can be shown.  Earlier messages change neither result.
 */
#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "fuzz.h"
#include "soap/codes.h"
#include "soap/envelope.h"
#include "soap/response.h"
#include "tree.h"

static const struct xml_limits narrow = {.depth = 5,
					 .attributes = 4,
					 .text_bytes = 100,
					 .name_chars = 20,
					 .elements = 12,
					 .namespaces = 5,
					 .names = 20};

static const struct soap_param params[] = {
    {"name", SOAP_STRING, false, "string"},	 {"doc", SOAP_DOCUMENT, false, "DOMDocument"},
    {"elem", SOAP_ELEMENT, true, "DOMElement"},	 {"create", SOAP_BOOLEAN, true, "boolean"},
    {"info", SOAP_SCHEMA_ELEMENT, true, "info"},
};
#define PARAMS (sizeof(params) / sizeof(params[0]))

/* A thread keeps its parser for the next message, except after an error.  This discards it. */
static void discard_parser(void)
{
	struct arena *arena = arena_new();
	struct fault_cause p;

	FUZZ_CHECK(xml_parse("<", 1, NULL, &xml_limits_default, arena, &p) == NULL);
	arena_free(&arena);
}

static void read_earlier(struct fuzz_input *in)
{
	static const char mark[] = "\n%%\n";
	const uint8_t *end;

	while ((end = memmem(in->at, in->left, mark, sizeof(mark) - 1)) != NULL) {
		size_t length = (size_t)(end - in->at);
		struct arena *arena = arena_new();
		struct fault_cause p;

		if (xml_parse((const char *)in->at, length, NULL, &xml_limits_default, arena, &p) ==
		    NULL)
			fuzz_check_cause(&p);
		arena_free(&arena);
		in->at += length + sizeof(mark) - 1;
		in->left -= length + sizeof(mark) - 1;
	}
}

static void check_anew(const struct fuzz_input *in, const char *charset,
		       const struct xml_element *root, const struct fault_cause *cause)
{
	struct arena *arena = arena_new();
	const struct xml_element *again;
	struct fault_cause p;

	discard_parser();
	again = xml_parse((const char *)in->at, in->left, charset, &xml_limits_default, arena, &p);
	FUZZ_CHECK((again == NULL) == (root == NULL));
	FUZZ_CHECK(root == NULL || tree_equal(root, again));
	FUZZ_CHECK(strcmp(p.code, cause->code) == 0 && strcmp(p.text, cause->text) == 0);
	arena_free(&arena);
}

/* Narrow limits refuse more messages, but give the same tree for those that they accept. */
static void check_narrow(const uint8_t *body, size_t length, const char *charset,
			 const struct xml_element *root)
{
	struct arena *arena = arena_new();
	struct fault_cause p;
	const struct xml_element *small =
	    xml_parse((const char *)body, length, charset, &narrow, arena, &p);

	if (small != NULL) {
		FUZZ_CHECK(root != NULL);
		tree_check(small, &narrow);
		FUZZ_CHECK(tree_equal(small, root));
	} else {
		fuzz_check_cause(&p);
		FUZZ_CHECK(root == NULL || strcmp(p.code, CODE_XML_LIMIT) == 0);
	}
	arena_free(&arena);
}

/* Writes TEXT into an answer and checks the text that a client parses from it. */
static void check_answer(const char *text, struct arena *arena)
{
	struct buf out = BUF_INIT;
	struct soap_response r;
	const struct xml_element *e;
	struct fault_cause p;

	soap_response_begin(&r, &out, "Method", text);
	soap_response_value(&r, SOAP_STRING, "value", text);
	soap_response_end(&r);
	e = xml_parse(out.data, out.length, NULL, &xml_limits_default, arena, &p);
	FUZZ_CHECK(e != NULL);
	for (int i = 0; i < 3; i++) /* Body, MethodResponse, pstrValue */
		FUZZ_CHECK((e = e->first_child) != NULL);
	FUZZ_CHECK(strcmp(e->name, "pstrValue") == 0 && strcmp(e->text, text) == 0);
	buf_free(&out);
}

static void check_fault(const struct fault_cause *cause, enum soap_fault_class class,
			struct arena *arena)
{
	struct buf out = BUF_INIT;
	const struct xml_element *e;
	struct fault_cause p;

	soap_fault_write(&out, class, cause->code, cause->text, cause, 1);
	e = xml_parse(out.data, out.length, NULL, &xml_limits_default, arena, &p);
	FUZZ_CHECK(e != NULL && (e = xml_child(e, "Body")) && (e = xml_child(e, "Fault")));
	FUZZ_CHECK((e = xml_child(e, "faultstring")) != NULL);
	FUZZ_CHECK(strncmp(e->text, cause->code, 10) == 0);
	FUZZ_CHECK(strcmp(e->text + 11, cause->text) == 0);
	buf_free(&out);
}

/* R2.6: the joined parts of an action give the same action. */
static void check_action(const struct soap_action *a, const struct xml_element *method,
			 struct arena *arena)
{
	const char *text = arena_printf(arena, "\"%s#%s\"", a->service, a->method);
	struct soap_action again;
	struct fault_cause p = {0};

	FUZZ_CHECK(strcmp(a->method, method->name) == 0);
	FUZZ_CHECK(
	    strcmp(a->service, a->secondary == NULL
				   ? a->primary
				   : arena_printf(arena, "%s|%s", a->primary, a->secondary)) == 0);
	FUZZ_CHECK(soap_action_read(text, NULL, method, arena, &again, &p) == 0);
	FUZZ_CHECK(strcmp(again.service, a->service) == 0 && p.code[0] == '\0');
}

static void check_params(const struct xml_element *method, struct arena *arena)
{
	for (size_t count = 0; count <= PARAMS; count++) {
		struct soap_value values[PARAMS] = {{0}};
		struct fault_cause p = {0};
		const char *token = soap_session_token(method, (int)count);

		FUZZ_CHECK(token == NULL || *token != '\0');
		if (soap_params_read(method, params, count, values, &p) < 0) {
			fuzz_check_cause(&p);
			continue;
		}
		FUZZ_CHECK(p.code[0] == '\0' && method->child_count <= count + 1);
		for (size_t i = 0; i < count; i++) {
			FUZZ_CHECK(values[i].text != NULL || params[i].type >= SOAP_DOCUMENT);
			FUZZ_CHECK(i != 1 || values[i].element != NULL);
			if (values[i].text != NULL)
				check_answer(values[i].text, arena);
		}
	}
}

static void check_envelope(const struct xml_element *root, const char *header, const char *query,
			   struct arena *arena)
{
	enum soap_fault_class class;
	struct soap_envelope envelope = {0};
	struct soap_action action;
	struct fault_cause p = {0};

	if (soap_envelope_read(root, &envelope, &class, &p) < 0) {
		fuzz_check_cause(&p);
		check_fault(&p, class, arena);
		return;
	}
	FUZZ_CHECK(p.code[0] == '\0' && envelope.method != NULL);
	FUZZ_CHECK(envelope.header_cookie == NULL || *envelope.header_cookie != '\0');
	if (soap_action_read(header, query, envelope.method, arena, &action, &p) < 0) {
		fuzz_check_cause(&p);
		check_fault(&p, SOAP_FAULT_CLIENT, arena);
	} else {
		check_action(&action, envelope.method, arena);
	}
	check_params(envelope.method, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct xml_element *root;
	const char *type, *action, *query, *charset;
	struct fuzz_input in;
	struct fault_cause p;

	fuzz_open(&in, data, size);
	type = fuzz_line(&in);
	action = fuzz_line(&in);
	query = fuzz_line(&in);
	if (soap_content_type(type, arena, &charset) < 0)
		FUZZ_CHECK(charset == NULL);
	FUZZ_CHECK(charset == NULL || *charset != '\0');
	discard_parser();
	read_earlier(&in);
	root = xml_parse((const char *)in.at, in.left, charset, &xml_limits_default, arena, &p);
	check_anew(&in, charset, root, &p);
	check_narrow(in.at, in.left, charset, root);
	if (root == NULL) {
		fuzz_check_cause(&p);
		FUZZ_CHECK(strcmp(p.code, CODE_XML) == 0 || strcmp(p.code, CODE_XML_LIMIT) == 0);
		check_fault(&p, SOAP_FAULT_CLIENT, arena);
	} else {
		FUZZ_CHECK(p.code[0] == '\0');
		tree_check(root, &xml_limits_default);
		tree_check_round_trip(root);
		check_envelope(root, *action != '\0' ? action : NULL, query, arena);
	}
	arena_free(&arena);
	fuzz_close(&in);
	return 0;
}
