/* SPDX-License-Identifier: MIT */
/*
 * One linear pass over the text that libxml2 is about to parse.  It refuses document type
 * declarations, and counts of elements, attributes, namespaces, name characters and levels
 * above the limits: libxml2 compares the attributes of a start tag pairwise and would need
 * seconds for a document that this pass refuses in a millisecond.  xml.c checks the length of texts
 * and values, because it sees them with their references resolved; that work is linear anyway.
 *
 * The pass accepts slightly more than well-formed markup.  Up to the first error it sees the same
 * tags as libxml2.  It stops at the first markup that it cannot parse, since libxml2 reports an
 * error there or before, and stops as well.
 */
#include "config.h"

#include "soap/prescan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "soap/codes.h"

struct scan {
	const char *at, *end;
	const struct xml_limits *limits;
	struct fault_cause *cause;
	size_t depth, elements;
	size_t namespaces; /* declarations of all open elements */
	size_t *declared;  /* declarations of each open element */
};

/* The result of scanning one piece of markup. */
enum scanned {
	SCANNED,
	SCAN_REFUSED, /* the cause is set */
	SCAN_LOST,    /* not well-formed: libxml2 reports where and why */
};

static enum scanned refuse(struct scan *s, const char *what, size_t limit)
{
	fault_cause_set(s->cause, CODE_XML_LIMIT, "The document has more than %zu %s.", limit,
			what);
	return SCAN_REFUSED;
}

static bool starts_with(const struct scan *s, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

/*
 * Moves past the next TEXT, which has one '>' at its end.  The search starts OPENING bytes behind
 * s->at.  memmem is not used, because the sanitizers check the whole rest of the document at each
 * call.
 */
static enum scanned skip_past(struct scan *s, size_t opening, const char *text)
{
	const char *from = s->at + opening, *close = from;
	size_t before = strlen(text) - 1;

	while ((close = memchr(close, '>', (size_t)(s->end - close)))) {
		if ((size_t)(close - from) >= before && memcmp(close - before, text, before) == 0) {
			s->at = close + 1;
			return SCANNED;
		}
		close++;
	}
	return SCAN_LOST;
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
		s->at++;
}

static bool ends_name(char c)
{
	switch (c) {
	case '\0':
	case ' ':
	case '\t':
	case '\r':
	case '\n':
	case '=':
	case '/':
	case '<':
	case '>':
	case '?':
	case '"':
	case '\'':
		return true;
	default:
		return false;
	}
}

/* Moves past all characters up to one that cannot be part of a name; *NAME is the first of them. */
static enum scanned scan_name(struct scan *s, const char **name)
{
	size_t characters = 0;

	*name = s->at;
	for (; s->at < s->end && !ends_name(*s->at); s->at++)
		characters += ((unsigned char)*s->at & 0xC0) != 0x80;
	if (s->at == *name)
		return SCAN_LOST;
	if (characters > s->limits->name_chars)
		return refuse(s, "characters in a name", s->limits->name_chars);
	return SCANNED;
}

static enum scanned scan_value(struct scan *s)
{
	const char *value, *close;

	skip_blanks(s);
	if (s->at == s->end || *s->at != '=')
		return SCAN_LOST;
	s->at++;
	skip_blanks(s);
	if (s->at == s->end || (*s->at != '"' && *s->at != '\''))
		return SCAN_LOST;
	value = s->at + 1;
	close = memchr(value, *s->at, (size_t)(s->end - value));
	if (!close || memchr(value, '<', (size_t)(close - value)))
		return SCAN_LOST;
	s->at = close + 1;
	return SCANNED;
}

/* Moves past the attributes of a start tag; adds the namespace declarations to *NAMESPACES. */
static enum scanned scan_attributes(struct scan *s, size_t *namespaces)
{
	size_t count = 0;

	for (;;) {
		enum scanned rc;
		const char *name;
		size_t length;

		skip_blanks(s);
		if (s->at == s->end)
			return SCAN_LOST;
		if (*s->at == '>' || *s->at == '/')
			return SCANNED;
		if (++count > s->limits->attributes)
			return refuse(s, "attributes in one element", s->limits->attributes);
		if ((rc = scan_name(s, &name)) != SCANNED)
			return rc;
		length = (size_t)(s->at - name);
		if (length >= 5 && memcmp(name, "xmlns", 5) == 0 && (length == 5 || name[5] == ':'))
			++*namespaces;
		if ((rc = scan_value(s)) != SCANNED)
			return rc;
	}
}

static enum scanned scan_start_tag(struct scan *s)
{
	const char *name;
	size_t namespaces = 0;
	enum scanned rc;

	s->at++;
	if ((rc = scan_name(s, &name)) != SCANNED)
		return rc;
	if (++s->elements > s->limits->elements)
		return refuse(s, "elements", s->limits->elements);
	if (s->depth == s->limits->depth)
		return refuse(s, "levels of elements", s->limits->depth);
	if ((rc = scan_attributes(s, &namespaces)) != SCANNED)
		return rc;
	if (s->namespaces + namespaces > s->limits->namespaces)
		return refuse(s, "namespace declarations in force", s->limits->namespaces);
	if (starts_with(s, "/>")) {
		s->at += 2;
		return SCANNED;
	}
	if (*s->at != '>')
		return SCAN_LOST;
	s->at++;
	s->namespaces += namespaces;
	s->declared[s->depth++] = namespaces;
	return SCANNED;
}

static enum scanned scan_end_tag(struct scan *s)
{
	if (s->depth == 0)
		return SCAN_LOST;
	s->namespaces -= s->declared[--s->depth];
	return skip_past(s, 2, ">");
}

static enum scanned scan_instruction(struct scan *s)
{
	const char *target;
	enum scanned rc;

	s->at += 2;
	if ((rc = scan_name(s, &target)) != SCANNED)
		return rc;
	return skip_past(s, 0, "?>");
}

static enum scanned scan_markup(struct scan *s)
{
	if (starts_with(s, "<!--"))
		return skip_past(s, 4, "-->");
	if (starts_with(s, "<![CDATA["))
		return skip_past(s, 9, "]]>");
	if (starts_with(s, "<?"))
		return scan_instruction(s);
	if (starts_with(s, "</"))
		return scan_end_tag(s);
	if (starts_with(s, "<!DOCTYPE")) {
		fault_cause_set(s->cause, CODE_XML_LIMIT,
				"Document type declarations are not accepted.");
		return SCAN_REFUSED;
	}
	return scan_start_tag(s);
}

int prescan(const struct charset_text *text, const struct xml_limits *limits, struct fault_cause *p)
{
	struct scan s = {
	    .at = text->bytes, .end = text->bytes + text->length, .limits = limits, .cause = p};
	enum scanned rc = SCANNED;

	/* libxml2 would stop at the NUL and accept the text before it as the whole document. */
	if (text->length > 0 && memchr(text->bytes, '\0', text->length)) {
		fault_cause_set(p, CODE_XML, "The document contains a NUL character.");
		return -1;
	}
	s.declared = xcalloc(limits->depth, sizeof(*s.declared));
	while (rc == SCANNED && s.at < s.end && (s.at = memchr(s.at, '<', (size_t)(s.end - s.at))))
		rc = scan_markup(&s);
	free(s.declared);
	return rc == SCAN_REFUSED ? -1 : 0;
}
