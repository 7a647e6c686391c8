/* SPDX-License-Identifier: MIT */
/* Sets causes, and makes names from a request safe to quote (R3.20); see fault_cause.h. */
#include "config.h"

#include "soap/fault_cause.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"

/* A client that finds this text anywhere in an answer treats its session as expired (4.6). */
#define TRIGGER	     "XSV-350008"
#define TRIGGER_TAIL 4 /* length of "XSV-", which is kept */

#define NAME_CHARACTERS 80

static int is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Returns the greatest length <= LIMIT at which a character of TEXT ends.  TEXT is longer than
 * LIMIT. */
static size_t cut_length(const char *text, size_t limit)
{
	while (limit > 0 && is_continuation(text[limit]))
		limit--;
	return limit;
}

static void copy_cut(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (n > size - 1)
		n = cut_length(text, size - 1);
	memcpy(out, text, n);
	out[n] = '\0';
}

void fault_cause_set(struct fault_cause *p, const char *code, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	copy_cut(p->code, sizeof(p->code), code);
	copy_cut(p->text, sizeof(p->text), text != NULL ? text : format);
	free(text);
}

static int is_control(const char *s, size_t length)
{
	unsigned char c = (unsigned char)s[0];

	if (length == 1)
		return c < 0x20 || c == 0x7f;
	return length == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0; /* C1: U+0080..U+009F */
}

/* Replaces the digits of each TRIGGER by dots. */
static void mask_trigger(char *text)
{
	char *at = text;

	while ((at = strstr(at, TRIGGER)) != NULL) {
		at += TRIGGER_TAIL;
		memset(at, '.', strlen(TRIGGER) - TRIGGER_TAIL);
	}
}

const char *fault_quote(char out[FAULT_NAME_SIZE], const char *name)
{
	const char *end = name + strlen(name);
	char *to = out;
	int left;

	for (left = NAME_CHARACTERS; left > 0 && name < end; left--) {
		size_t n = utf8_character(name, end);

		if (n == 0 || is_control(name, n)) {
			*to++ = '?';
			name += n != 0 ? n : 1;
			continue;
		}
		memcpy(to, name, n);
		to += n;
		name += n;
	}
	*to = '\0';
	mask_trigger(out);
	return out;
}
