/* SPDX-License-Identifier: MIT */
/*
 * Reads the parameters of a method element: docs/protocol.md R3.4 to R3.10.  Only their order
 * matters; their types and namespaces are ignored, and their names except that of the session
 * token.  Refuses too many or too few parameters, an invalid boolean, and a document parameter
 * without exactly one root.
 */
#include "config.h"

#include "soap/envelope.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "soap/codes.h"

#define BLANKS " \t\r\n"

/* R3.5: returns parameter 0, or NULL if the method element begins with parameter 1. */
static const struct xml_element *token_element(const struct xml_element *method, int declared)
{
	const struct xml_element *first = method->first_child;

	if (!first)
		return NULL;
	if (strcasecmp(first->name, "sessiontoken") != 0 &&
	    strcasecmp(first->name, "__sessiontoken") != 0 && declared >= 0 &&
	    method->child_count == (size_t)declared)
		return NULL;
	return first;
}

const char *soap_session_token(const struct xml_element *method, int declared)
{
	const struct xml_element *token = token_element(method, declared);

	return token && *token->text ? token->text : NULL;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* Reads a boolean as table 6.2 says; empty is false (R6.2).  Returns -1 if TEXT is not one. */
static int read_boolean(const char *text, bool *out)
{
	size_t length, digits;

	text += strspn(text, BLANKS);
	for (length = strlen(text); length > 0 && strchr(BLANKS, text[length - 1]); length--)
		;
	if (length == 0 || is_word(text, length, "false") || is_word(text, length, "no")) {
		*out = false;
		return 0;
	}
	if (is_word(text, length, "true") || is_word(text, length, "yes")) {
		*out = true;
		return 0;
	}
	if (*text == '+' || *text == '-') {
		text++;
		length--;
	}
	digits = strspn(text, "0123456789");
	if (digits == 0 || digits != length)
		return -1;
	*out = strspn(text, "0") < digits;
	return 0;
}

static int read_document(const struct xml_element *e, const struct soap_param *param,
			 struct soap_value *value, struct fault_cause *p)
{
	bool has_text = e->text[strspn(e->text, BLANKS)] != '\0';

	if (has_text || e->child_count > 1 || (e->child_count == 0 && !param->optional)) {
		fault_cause_set(p, CODE_DOCUMENT,
				"Parameter '%s' must hold one element and no text.", param->name);
		return -1;
	}
	value->element = e->first_child;
	return 0;
}

static int read_value(const struct xml_element *e, const struct soap_param *param,
		      struct soap_value *value, struct fault_cause *p)
{
	switch (param->type) {
	case SOAP_DOCUMENT:
	case SOAP_ELEMENT:
	case SOAP_SCHEMA_ELEMENT:
		return read_document(e, param, value, p);
	case SOAP_BOOLEAN:
		if (read_boolean(e->text, &value->boolean) < 0) {
			fault_cause_set(p, CODE_PARAMETER, "Parameter '%s' is not a boolean.",
					param->name);
			return -1;
		}
		break;
	default:
		break;
	}
	value->text = e->text; /* R3.8 */
	return 0;
}

int soap_params_read(const struct xml_element *method, const struct soap_param *params,
		     size_t count, struct soap_value *values, struct fault_cause *p)
{
	const struct xml_element *token = token_element(method, (int)count);
	const struct xml_element *e = token ? token->next : method->first_child;
	size_t given = method->child_count - (token ? 1 : 0);

	if (given > count) { /* R3.6 */
		fault_cause_set(
		    p, CODE_TOO_MANY_PARAMS,
		    "The method takes %zu parameters besides the session token, not %zu.", count,
		    given);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		values[i] = (struct soap_value){.text = ""};
		if (!e && !params[i].optional) {
			fault_cause_set(p, CODE_PARAMETER, "Parameter '%s' is missing.",
					params[i].name);
			return -1;
		}
		if (!e)
			continue;
		if (read_value(e, &params[i], &values[i], p) < 0)
			return -1;
		e = e->next;
	}
	return 0;
}
