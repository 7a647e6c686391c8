/* SPDX-License-Identifier: MIT */
/* Splits inputs and checks texts; see fuzz.h. */
#include "config.h"

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define TRIGGER "XSV-350008" /* in an answer it means "session expired" to clients (4.6) */

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

void fuzz_open(struct fuzz_input *in, const uint8_t *data, size_t size)
{
	*in = (struct fuzz_input){.at = data, .left = size};
}

static const char *take(struct fuzz_input *in, size_t length, size_t skip)
{
	char *text = xstrndup((const char *)in->at, length);

	in->at += length + skip;
	in->left -= length + skip;
	in->texts = xrealloc(in->texts, in->text_count + 1, sizeof(*in->texts));
	return in->texts[in->text_count++] = text;
}

const char *fuzz_line(struct fuzz_input *in)
{
	const uint8_t *end;

	if (in->left == 0)
		return "";
	end = memchr(in->at, '\n', in->left);
	return end != NULL ? take(in, (size_t)(end - in->at), 1) : take(in, in->left, 0);
}

const char *fuzz_rest(struct fuzz_input *in)
{
	return in->left > 0 ? take(in, in->left, 0) : "";
}

void fuzz_close(struct fuzz_input *in)
{
	for (size_t i = 0; i < in->text_count; i++)
		free(in->texts[i]);
	free(in->texts);
}

/*
 * Returns the code point at *S and moves *S behind it; -1 if there is none.  It does not use
 * base/utf8.c on purpose: the code under test must not check itself.
 */
static int32_t next_character(const unsigned char **s)
{
	const unsigned char *u = *s;
	size_t more = u[0] < 0x80 ? 0 : u[0] < 0xE0 ? 1 : u[0] < 0xF0 ? 2 : 3;
	static const int32_t smallest[] = {0, 0x80, 0x800, 0x10000};
	int32_t c = more == 0 ? u[0] : u[0] & (0x3F >> more);

	if (u[0] >= 0x80 && (u[0] < 0xC0 || u[0] > 0xF7))
		return -1;
	for (size_t i = 1; i <= more; i++) {
		if ((u[i] & 0xC0) != 0x80)
			return -1;
		c = c << 6 | (u[i] & 0x3F);
	}
	if (c < smallest[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return -1;
	*s = u + more + 1;
	return c;
}

static bool is_text(const char *text, bool one_line)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s != '\0') {
		int32_t c = next_character(&s);

		if (c < 0 || (!one_line && (c == 0xFFFE || c == 0xFFFF)))
			return false;
		if (c < 0x20 && (one_line || (c != '\t' && c != '\n' && c != '\r')))
			return false;
		if (one_line && c == 0x7F)
			return false;
	}
	return true;
}

bool fuzz_is_xml_text(const char *text)
{
	return is_text(text, false);
}

bool fuzz_is_one_line(const char *text)
{
	return is_text(text, true);
}

bool fuzz_is_code(const char *text)
{
	for (size_t i = 0; i < 10; i++) {
		bool letter = text[i] >= 'A' && text[i] <= 'Z',
		     digit = text[i] >= '0' && text[i] <= '9';

		if (i < 3 ? !letter : i == 3 ? text[i] != '-' : !digit)
			return false;
	}
	return true;
}

void fuzz_check_cause(const struct fault_cause *p)
{
	FUZZ_CHECK(fuzz_is_code(p->code) && p->code[10] == '\0');
	FUZZ_CHECK(p->text[0] != '\0');
	FUZZ_CHECK(strlen(p->text) < sizeof(p->text));
	FUZZ_CHECK(fuzz_is_one_line(p->text));
	FUZZ_CHECK(strstr(p->text, TRIGGER) == NULL);
}
