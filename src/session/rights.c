/* SPDX-License-Identifier: MIT */
/*
 * An operator has few rights, so they are a list that is searched from its start.  Scopes are
 * compared as text: a scope that names neither the schema exactly nor its whole namespace covers
 * nothing.
 */
#include "config.h"

#include "session/rights.h"

#include <string.h>

static const char *const right_names[] = {
    [RIGHT_ADMIN] = "admin",
    [RIGHT_INGEST] = "ingest",
    [RIGHT_SUBSCRIBE] = "subscribe",
    [RIGHT_REPLICATE] = "replicate",
};

#define RIGHT_COUNT (sizeof(right_names) / sizeof(right_names[0]))

const char *right_name(enum right r)
{
	return (size_t)r < RIGHT_COUNT ? right_names[r] : "none";
}

int right_parse_name(const char *name, enum right *out)
{
	for (size_t i = 0; i < RIGHT_COUNT; i++) {
		if (strcmp(name, right_names[i]) == 0) {
			*out = (enum right)i;
			return 0;
		}
	}
	return -1;
}

/* The number of characters at TEXT that may belong to the namespace or name of a schema. */
static size_t name_span(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");
}

/* "ns:name" or "ns:*" */
static bool scope_is_valid(const char *scope)
{
	size_t ns = name_span(scope);
	const char *name = scope + ns + 1;

	if (ns == 0 || scope[ns] != ':')
		return false;
	if (strcmp(name, "*") == 0)
		return true;
	return *name != '\0' && name[name_span(name)] == '\0';
}

int right_grant_parse(const char *text, struct right_grant *out)
{
	const char *equals = strchr(text, '=');
	const char *scope = equals != NULL ? equals + 1 : "";
	size_t name_length = equals != NULL ? (size_t)(equals - text) : strlen(text);
	char name[16];
	enum right right;

	if (name_length >= sizeof(name) || strlen(scope) >= sizeof(out->scope))
		return -1;
	memcpy(name, text, name_length);
	name[name_length] = '\0';
	if (right_parse_name(name, &right) < 0)
		return -1;
	if (equals != NULL && !scope_is_valid(scope))
		return -1;
	out->right = right;
	memcpy(out->scope, scope, strlen(scope) + 1);
	return 0;
}

static bool scope_covers(const char *scope, const char *schema)
{
	size_t length = strlen(scope);

	if (length == 0 || schema == NULL)
		return true;
	if (length >= 2 && strcmp(scope + length - 2, ":*") == 0)
		return strncmp(scope, schema, length - 1) == 0; /* compares the colon too */
	return strcmp(scope, schema) == 0;
}

bool right_allows(const struct right_grant *grants, size_t count, enum right right,
		  const char *schema)
{
	if (right == RIGHT_NONE)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (grants[i].right != right && grants[i].right != RIGHT_ADMIN)
			continue;
		if (scope_covers(grants[i].scope, schema))
			return true;
	}
	return false;
}
