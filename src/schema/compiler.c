/* SPDX-License-Identifier: MIT */
/* Functions that the files of the compiler share; see compiler.h. */
#include "config.h"

#include "schema/compiler.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "schema/cast.h"

#define DEFAULT_LENGTH 255 /* R5.3 */

static void add_line(struct buf *out, const char *format, va_list args)
{
	char *line = NULL;

	if (vasprintf(&line, format, args) < 0)
		abort(); /* like xmalloc when memory is exhausted */
	buf_addf(out, "%s\n", line);
	free(line);
}

void compiler_error(struct compiler *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(c->errors, format, args);
	va_end(args);
	c->error_count++;
}

void compiler_warning(struct compiler *c, const char *format, ...)
{
	va_list args;

	if (c->warnings == NULL)
		return;
	va_start(args, format);
	add_line(c->warnings, format, args);
	va_end(args);
}

const char *compiler_quote(struct compiler *c, const char *text)
{
	char name[FAULT_NAME_SIZE];

	return arena_strdup(c->arena, fault_quote(name, text != NULL ? text : ""));
}

bool compiler_is_name(const char *text, bool dash)
{
	if (!isascii((unsigned char)*text) || !isalpha((unsigned char)*text))
		return false;
	for (; *text != '\0'; text++) {
		unsigned char ch = (unsigned char)*text;

		if (!isascii(ch) || !(isalnum(ch) || ch == '_' || (dash && ch == '-')))
			return false;
	}
	return true;
}

bool compiler_flag(struct compiler *c, const struct xml_element *e, const char *name)
{
	const char *text = xml_attribute(e, name);
	bool value = false;

	if (text != NULL && cast_boolean(text, &value) < 0)
		compiler_error(c, "<%s name=\"%s\">: %s=\"%s\" must be true or false",
			       compiler_quote(c, e->name),
			       compiler_quote(c, xml_attribute(e, "name")), name,
			       compiler_quote(c, text));
	return value;
}

const char *compiler_text(const struct xml_element *e, const char *name)
{
	const char *text = xml_attribute(e, name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

void *compiler_grow(void *list, size_t count, size_t item_size)
{
	/* Doubles when the count is a power of two, so callers need not store a capacity. */
	if ((count & (count - 1)) != 0)
		return list;
	return xrealloc(list, count == 0 ? 1 : count * 2, item_size);
}

unsigned compiler_default_length(enum xtk_type type)
{
	if (type == XTK_UUID)
		return XTK_UUID_BYTES;
	return xtk_type_has_length(type) ? DEFAULT_LENGTH : 0;
}

struct field *compiler_field(struct compiler *c, const char *xpath, const char *column,
			     enum xtk_type type)
{
	struct schema *s = c->schema;
	struct field *f;

	s->fields = compiler_grow(s->fields, s->field_count, sizeof(*s->fields));
	f = &s->fields[s->field_count++];
	*f = (struct field){
	    .xpath = xstrdup(xpath),
	    .name = xstrdup(xpath[0] == '@' ? xpath + 1 : xpath),
	    .column = xstrdup(column),
	    .label = xstrdup(""),
	    .desc = xstrdup(""),
	    .type = type,
	    .length = compiler_default_length(type),
	    .link = -1,
	};
	return f;
}
