/* SPDX-License-Identifier: MIT */
/*
 * Reads the HTTP headers of a SOAP call: media type and character set, and the action
 * (docs/protocol.md R2.1, R2.4 to R2.7).  Refuses actions outside the grammar, so that later code
 * never sees arbitrary text of a caller as the name of a service or method.
 */
#include "config.h"

#include "soap/envelope.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "soap/codes.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Moves *START and *END inwards over blanks. */
static void trim(const char **start, const char **end)
{
	while (*start < *end && is_blank(**start))
		++*start;
	while (*end > *start && is_blank((*end)[-1]))
		--*end;
}

static bool is_accepted_type(const char *start, const char *end)
{
	static const char *const types[] = {"text/xml", "application/soap+xml", "application/xml"};
	size_t length;

	trim(&start, &end);
	length = (size_t)(end - start);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strlen(types[i]) == length && strncasecmp(types[i], start, length) == 0)
			return true;
	return false;
}

/* Returns the end of a parameter "; name=value": the next ";" outside quotes, or the NUL. */
static const char *parameter_end(const char *s)
{
	bool quoted = false;

	for (; *s && (quoted || *s != ';'); s++) {
		if (quoted && *s == '\\' && s[1])
			s++;
		else if (*s == '"')
			quoted = !quoted;
	}
	return s;
}

/* Returns the value between START and END without its quotes; NULL if it is empty. */
static const char *parameter_value(const char *start, const char *end, struct arena *arena)
{
	char *value, *to;

	trim(&start, &end);
	value = to = arena_alloc(arena, (size_t)(end - start) + 1);
	for (; start < end; start++) {
		if (*start == '"')
			continue;
		if (*start == '\\' && start + 1 < end)
			start++;
		*to++ = *start;
	}
	*to = '\0';
	return *value ? value : NULL;
}

int soap_content_type(const char *value, struct arena *arena, const char **charset)
{
	const char *at, *end;

	*charset = NULL;
	if (!value || value[strspn(value, " \t")] == '\0')
		return 0;
	at = value + strcspn(value, ";");
	if (!is_accepted_type(value, at))
		return -1;
	for (; *at && !*charset; at = end) {
		const char *name = at + 1, *equals, *name_end;

		end = parameter_end(name);
		equals = name_end = memchr(name, '=', (size_t)(end - name));
		if (!equals)
			continue;
		trim(&name, &name_end);
		if (name_end - name == 7 && strncasecmp(name, "charset", 7) == 0)
			*charset = parameter_value(equals + 1, end, arena);
	}
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes once (R2.4).  Malformed %NN stay as they are, and so does %00, which would end the
 * text. */
static const char *percent_decode(const char *s, size_t length, struct arena *arena)
{
	char *out = arena_strndup(arena, s, length), *to = out;

	for (const char *from = out; *from; from++) {
		int high = *from == '%' ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;

		if (low >= 0 && high + low > 0) {
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return out;
}

const char *soap_query_value(const char *query, const char *name, struct arena *arena)
{
	size_t name_length = strlen(name);

	while (query && *query) {
		size_t length = strcspn(query, "&");

		if (length > name_length && query[name_length] == '=' &&
		    memcmp(query, name, name_length) == 0)
			return percent_decode(query + name_length + 1, length - name_length - 1,
					      arena);
		query += length;
		query += *query == '&';
	}
	return NULL;
}

/* R2.5: returns the header's value without the blanks around it and without one pair of quotes;
 * NULL if nothing remains. */
static const char *header_action(const char *header, struct arena *arena)
{
	const char *end;

	if (!header)
		return NULL;
	end = header + strlen(header);
	trim(&header, &end);
	if (end - header >= 2 && *header == '"' && end[-1] == '"') {
		header++;
		end--;
	}
	return end > header ? arena_strndup(arena, header, (size_t)(end - header)) : NULL;
}

/* R2.4, the last of the three sources: namespace and name of the method element. */
static const char *element_action(const struct xml_element *method, struct arena *arena)
{
	const char *uri = method->uri ? method->uri : "";

	if (strncmp(uri, "urn:", 4) == 0)
		uri += 4;
	return arena_printf(arena, "%s#%s", uri, method->name);
}

/* Moves *S past a name of R2.6; returns false if there is none. */
static bool skip_name(const char **s)
{
	if (!is_letter(**s))
		return false;
	while (is_letter(**s) || (**s >= '0' && **s <= '9') || **s == '_')
		++*s;
	return true;
}

static bool skip_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static bool skip_schema(const char **s)
{
	return skip_name(s) && skip_char(s, ':') && skip_name(s);
}

/* R2.6; returns false, with OUT incomplete, if ACTION is outside the grammar. */
static bool split_action(const char *action, struct arena *arena, struct soap_action *out)
{
	const char *s = action, *primary_end, *service_end, *secondary = NULL;

	if (!skip_schema(&s))
		return false;
	primary_end = s;
	if (skip_char(&s, '|')) {
		secondary = s;
		if (!skip_schema(&s))
			return false;
	}
	service_end = s;
	if (!skip_char(&s, '#'))
		return false;
	out->method = s;
	if (!skip_name(&s) || *s)
		return false;
	out->service = arena_strndup(arena, action, (size_t)(service_end - action));
	out->primary = arena_strndup(arena, action, (size_t)(primary_end - action));
	out->secondary =
	    secondary ? arena_strndup(arena, secondary, (size_t)(service_end - secondary)) : NULL;
	return true;
}

int soap_action_read(const char *header, const char *query, const struct xml_element *method,
		     struct arena *arena, struct soap_action *out, struct fault_cause *p)
{
	const char *action = header_action(header, arena);
	struct soap_action found;

	if (!action)
		action = soap_query_value(query, "soapAction", arena);
	if (!action || !*action)
		action = element_action(method, arena);
	if (!split_action(action, arena, &found)) {
		fault_cause_set(p, CODE_ACTION,
				"The action is not of the form 'namespace:schema#Method'.");
		return -1;
	}
	if (strcmp(found.method, method->name) != 0) { /* R2.7 */
		char action_name[FAULT_NAME_SIZE], element_name[FAULT_NAME_SIZE];

		fault_cause_set(p, CODE_ACTION_DIFFERS,
				"The action names method '%s', the Body holds element '%s'.",
				fault_quote(action_name, found.method),
				fault_quote(element_name, method->name));
		return -1;
	}
	*out = found;
	return 0;
}
