/* SPDX-License-Identifier: MIT */
/*
 * Writes XML: escapes text, and writes elements and attributes.  The output is well-formed for any
 * text.
 */
#include "config.h"

#include "soap/xml.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "soap/response.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Content needs fewer escapes than attribute values: quotes, tabs and line feeds stay as they
 * are. */
enum place { IN_CONTENT, IN_VALUE };

/* Returns the text to write for the ASCII character C; NULL if C is written as it is. */
static const char *escape_ascii(char c, enum place place)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;"; /* content must not contain "]]>" */
	case '\r':
		return "&#13;"; /* a parser would read a line feed */
	case '"':
		return place == IN_VALUE ? "&quot;" : NULL;
	case '\'':
		return place == IN_VALUE ? "&#39;" : NULL;
	case '\t':
		return place == IN_VALUE ? "&#9;" : NULL; /* a parser would read a blank */
	case '\n':
		return place == IN_VALUE ? "&#10;" : NULL;
	default:
		return (unsigned char)c < 0x20 ? REPLACEMENT : NULL;
	}
}

/* Returns the text to write for the character at S, NULL if it is written as it is; *LENGTH gets
 * the number of bytes of that character. */
static const char *escape_char(const char *s, const char *end, enum place place, size_t *length)
{
	*length = 1;
	if ((unsigned char)*s < 0x80)
		return escape_ascii(*s, place);
	*length = utf8_character(s, end);
	if (*length == 0) {
		*length = 1;
		return REPLACEMENT;
	}
	/* XML 1.0 excludes U+FFFE and U+FFFF. */
	if (*length == 3 &&
	    (memcmp(s, "\xEF\xBF\xBE", 3) == 0 || memcmp(s, "\xEF\xBF\xBF", 3) == 0))
		return REPLACEMENT;
	return NULL;
}

static void escape(struct buf *out, const char *text, size_t length, enum place place)
{
	const char *end = text + length, *plain = text;

	while (text < end) {
		size_t n;
		const char *instead = escape_char(text, end, place, &n);

		if (instead) {
			buf_add_n(out, plain, (size_t)(text - plain));
			buf_add(out, instead);
			plain = text + n;
		}
		text += n;
	}
	buf_add_n(out, plain, (size_t)(end - plain));
}

void xml_escape_n(struct buf *out, const char *text, size_t length)
{
	escape(out, text, length, IN_VALUE);
}

void xml_escape(struct buf *out, const char *text)
{
	escape(out, text, strlen(text), IN_VALUE);
}

void xml_escape_content(struct buf *out, const char *text)
{
	escape(out, text, strlen(text), IN_CONTENT);
}

void soap_xml_open(struct buf *out, const char *name)
{
	buf_add_char(out, '<');
	buf_add(out, name);
}

void soap_xml_attribute(struct buf *out, const char *name, const char *value)
{
	buf_add_char(out, ' ');
	buf_add(out, name);
	buf_add(out, "=\"");
	xml_escape(out, value);
	buf_add_char(out, '"');
}

void soap_xml_open_end(struct buf *out, bool empty)
{
	buf_add(out, empty ? "/>" : ">");
}

void soap_xml_close(struct buf *out, const char *name)
{
	buf_add(out, "</");
	buf_add(out, name);
	buf_add_char(out, '>');
}
