/* SPDX-License-Identifier: MIT */
/*
 * Converts requests to UTF-8.  All later code gets valid UTF-8, so that libxml2 never guesses a
 * character set and nothing is cut or replaced silently.  Refuses unknown character sets,
 * UTF-16 without a byte order mark, and bytes that are invalid in their character set.
 */
#include "config.h"

#include "soap/charset.h"

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "soap/codes.h"

enum charset {
	CHARSET_UNKNOWN,
	CHARSET_UTF8,
	CHARSET_UTF16, /* by name only: the byte order is not known */
	CHARSET_UTF16LE,
	CHARSET_UTF16BE,
	CHARSET_LATIN1,
	CHARSET_ASCII,
	CHARSET_CP1252,
};

static const struct charset_name {
	const char *name;
	enum charset charset;
} charset_names[] = {
    {"utf-8", CHARSET_UTF8},	      {"utf8", CHARSET_UTF8},
    {"utf-16", CHARSET_UTF16},	      {"utf16", CHARSET_UTF16},
    {"utf-16le", CHARSET_UTF16},      {"utf-16be", CHARSET_UTF16},
    {"iso-8859-1", CHARSET_LATIN1},   {"iso8859-1", CHARSET_LATIN1},
    {"iso_8859-1", CHARSET_LATIN1},   {"iso88591", CHARSET_LATIN1},
    {"latin1", CHARSET_LATIN1},	      {"latin-1", CHARSET_LATIN1},
    {"l1", CHARSET_LATIN1},	      {"cp819", CHARSET_LATIN1},
    {"us-ascii", CHARSET_ASCII},      {"ascii", CHARSET_ASCII},
    {"iso646-us", CHARSET_ASCII},     {"ansi_x3.4-1968", CHARSET_ASCII},
    {"windows-1252", CHARSET_CP1252}, {"cp1252", CHARSET_CP1252},
    {"cp-1252", CHARSET_CP1252},      {"x-cp1252", CHARSET_CP1252},
};

static enum charset charset_by_name(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(charset_names) / sizeof(*charset_names); i++) {
		const struct charset_name *c = &charset_names[i];

		if (strlen(c->name) == length && strncasecmp(c->name, name, length) == 0)
			return c->charset;
	}
	return CHARSET_UNKNOWN;
}

/* Finds a byte order mark; *SKIP gets its length, 0 if there is none. */
static enum charset charset_by_mark(const char *bytes, size_t length, size_t *skip)
{
	*skip = 0;
	if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		*skip = 3;
		return CHARSET_UTF8;
	}
	if (length >= 2 && memcmp(bytes, "\xFF\xFE", 2) == 0) {
		*skip = 2;
		return CHARSET_UTF16LE;
	}
	if (length >= 2 && memcmp(bytes, "\xFE\xFF", 2) == 0) {
		*skip = 2;
		return CHARSET_UTF16BE;
	}
	return CHARSET_UNKNOWN;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && is_blank(*s))
		s++;
	return s;
}

/*
 * Returns the encoding of the XML declaration, whose bytes are read as ASCII.  A text without a
 * declaration, or with a malformed one, counts as UTF-8; libxml2 checks the declaration later.
 */
static enum charset charset_by_declaration(const char *s, size_t length)
{
	const char *end = s + length;

	if (length < 6 || memcmp(s, "<?xml", 5) != 0 || !is_blank(s[5]))
		return CHARSET_UTF8;
	for (s += 5;;) {
		const char *name = skip_blanks(s, end), *name_end = name, *value;

		while (name_end < end && *name_end >= 'a' && *name_end <= 'z')
			name_end++;
		s = skip_blanks(name_end, end);
		if (name_end == name || s == end || *s != '=')
			return CHARSET_UTF8;
		s = skip_blanks(s + 1, end);
		if (s == end || (*s != '"' && *s != '\''))
			return CHARSET_UTF8;
		value = s + 1;
		s = memchr(value, *s, (size_t)(end - value));
		if (!s)
			return CHARSET_UTF8;
		if (name_end - name == 8 && memcmp(name, "encoding", 8) == 0)
			return charset_by_name(value, (size_t)(s - value));
		s++;
	}
}

/* Returns the first byte from S on that is not ASCII, or END; compares eight bytes at a time. */
static const char *skip_ascii(const char *s, const char *end)
{
	uint64_t eight;

	for (; end - s >= 8; s += 8) {
		memcpy(&eight, s, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	while (s < end && (unsigned char)*s < 0x80)
		s++;
	return s;
}

static bool is_utf8(const char *s, size_t length)
{
	const char *end = s + length;

	while ((s = skip_ascii(s, end)) < end) {
		size_t n = utf8_character(s, end);

		if (n == 0)
			return false;
		s += n;
	}
	return true;
}

/* Returns the most bytes that TEXT can have as UTF-8. */
static size_t utf8_bound(enum charset charset, const struct charset_text *text)
{
	size_t high = 0;

	if (charset == CHARSET_UTF16LE || charset == CHARSET_UTF16BE)
		return text->length / 2 * 3;
	for (size_t i = 0; i < text->length; i++)
		high += (unsigned char)text->bytes[i] >> 7;
	return text->length + high * 2; /* byte 0x80 of windows-1252, U+20AC, takes three */
}

static int convert(const char *iconv_name, enum charset charset, struct charset_text *text,
		   struct arena *arena)
{
	size_t room = utf8_bound(charset, text), left = text->length, size = room;
	char *out, *to, *from;
	iconv_t cd = iconv_open("UTF-8", iconv_name);
	size_t bad;

	if (cd == (iconv_t)-1)
		return -1;
	out = to = arena_alloc(arena, size + 1);
	/* iconv does not write to its input, although the prototype is not const. */
	memcpy(&from, &text->bytes, sizeof(from));
	bad = iconv(cd, &from, &left, &to, &room);
	iconv_close(cd);
	if (bad != 0 || left != 0)
		return -1;
	text->bytes = out;
	text->length = size - room;
	return 0;
}

/* True if TEXT, from which one byte order mark was removed, begins with another.  libxml2 would
 * skip it silently. */
static bool has_mark(const struct charset_text *text)
{
	return text->length >= 3 && memcmp(text->bytes, "\xEF\xBB\xBF", 3) == 0;
}

static int to_utf8(enum charset charset, struct charset_text *text, struct arena *arena,
		   struct fault_cause *p)
{
	const char *name, *end = text->bytes + text->length;
	int rc;

	switch (charset) {
	case CHARSET_UTF8:
		name = "UTF-8";
		rc = is_utf8(text->bytes, text->length) ? 0 : -1;
		break;
	case CHARSET_ASCII:
		name = "US-ASCII";
		rc = skip_ascii(text->bytes, end) == end ? 0 : -1;
		break;
	case CHARSET_LATIN1:
		name = "ISO-8859-1";
		rc = skip_ascii(text->bytes, end) == end ? 0 : convert(name, charset, text, arena);
		break;
	case CHARSET_CP1252:
		name = "windows-1252";
		rc = skip_ascii(text->bytes, end) == end ? 0
							 : convert("CP1252", charset, text, arena);
		break;
	case CHARSET_UTF16LE:
	case CHARSET_UTF16BE:
		name = charset == CHARSET_UTF16LE ? "UTF-16LE" : "UTF-16BE";
		rc = convert(name, charset, text, arena);
		break;
	case CHARSET_UTF16:
		fault_cause_set(p, CODE_XML, "UTF-16 needs a byte order mark.");
		return -1;
	default:
		fault_cause_set(p, CODE_XML,
				"The character set is not supported; use UTF-8, UTF-16 with a byte "
				"order mark, ISO-8859-1, US-ASCII or windows-1252.");
		return -1;
	}
	if (rc < 0)
		fault_cause_set(p, CODE_XML, "The text is not valid in its character set, %s.",
				name);
	return rc;
}

int charset_to_utf8(const char *bytes, size_t length, const char *charset, struct arena *arena,
		    struct charset_text *out, struct fault_cause *p)
{
	struct charset_text text;
	enum charset found;
	size_t skip;

	found = charset_by_mark(bytes, length, &skip); /* R2.2: first match wins */
	text.bytes = bytes + skip;
	text.length = length - skip;
	if (skip > 0)
		; /* the byte order mark decides */
	else if (charset && *charset)
		found = charset_by_name(charset, strlen(charset));
	else
		found = charset_by_declaration(bytes, length);
	if (to_utf8(found, &text, arena, p) < 0)
		return -1;
	if (has_mark(&text)) {
		fault_cause_set(p, CODE_XML, "The document begins with a second byte order mark.");
		return -1;
	}
	*out = text;
	return 0;
}
