/* SPDX-License-Identifier: MIT */
/*
 * Builds a tree in the caller's arena from libxml2's SAX2 events.  The text is UTF-8 (charset.c)
 * and its markup is within the limits (prescan.c); this file limits the length of texts and values.
 * Refuses documents that are not well-formed; namespace errors are tolerated (2.3).
 *
 * libxml2 runs as a push parser that gets the whole text at once.  Unlike the pull parser, the push
 * parser does not work on behind the first error, where the prescan has not checked the markup.
 */
#include "config.h"

#include "soap/xml.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#define uthash_malloc(size) xmalloc(size) /* instead of exit() */
#include <uthash.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/log.h"
#include "soap/charset.h"
#include "soap/codes.h"
#include "soap/prescan.h"

const struct xml_limits xml_limits_default = {
    .depth = 64,
    .attributes = 1024,
    .text_bytes = 10000000,
    .name_chars = 1000,
    .elements = 500000,
    .namespaces = 1024,
    .names = 10000,
};

/*
 * Namespace errors are tolerated, but libxml2 formats a message for each of them, which repeats the
 * element's name for every attribute: a document of 16 MB can make it format gigabytes.  This many
 * bytes take a fraction of a second.
 */
#define REPORT_BYTES ((size_t)64 * 1024 * 1024)

/* A string of the parser's dictionary, in which equal strings have equal addresses, and its copy in
 * the arena. */
struct name {
	const xmlChar *dict;
	const char *copy;
	UT_hash_handle hh;
};

struct open_element {
	struct xml_element *element;
	struct xml_element *last_child;
	size_t text; /* offset of its text in builder.text */
};

struct builder {
	const struct xml_limits *limits;
	struct arena *arena;
	struct fault_cause *cause; /* with a code: refused, later events are ignored */
	xmlParserCtxtPtr parser;
	struct xml_element *root;
	struct open_element *open;
	size_t depth;
	/* The texts of the open elements, outermost first.  The text of a child is removed from
	 * the end before the text of its parent continues, so one buffer holds them all and each
	 * byte is copied a fixed number of times. */
	struct buf text;
	struct name *names;
	size_t reported; /* bytes of libxml2's messages about tolerated errors */
};

/* Copies each name and namespace once, so that a long namespace that applies to many elements takes
 * its memory only once. */
static const char *intern(struct builder *b, const xmlChar *dict)
{
	struct name *n;

	if (!dict)
		return NULL;
	HASH_FIND_PTR(b->names, &dict, n);
	if (!n) {
		n = arena_alloc(b->arena, sizeof(*n));
		n->dict = dict;
		n->copy = arena_strdup(b->arena, (const char *)dict);
		HASH_ADD_PTR(b->names, dict, n);
	}
	return n->copy;
}

static int refused(const struct builder *b)
{
	return b->cause->code[0] != '\0';
}

static void refuse(struct builder *b, const char *what, size_t limit, const char *unit)
{
	fault_cause_set(b->cause, CODE_XML_LIMIT, "The document has %s more than %zu %s.", what,
			limit, unit);
	xmlStopParser(b->parser);
}

/* ATTRIBUTES has five pointers per attribute: name, prefix, URI, begin and end of the value. */
static void copy_attributes(struct builder *b, struct xml_element *e, size_t count,
			    const xmlChar **attributes)
{
	e->attributes = arena_alloc(b->arena, count * sizeof(*e->attributes));
	e->attribute_count = count;
	for (size_t i = 0; i < count; i++, attributes += 5) {
		struct xml_attribute *a = &e->attributes[i];
		size_t length = (size_t)(attributes[4] - attributes[3]);

		if (length > b->limits->text_bytes) {
			refuse(b, "an attribute value of", b->limits->text_bytes, "bytes");
			e->attribute_count = i;
			return;
		}
		a->name = intern(b, attributes[0]);
		a->prefix = intern(b, attributes[1]);
		a->uri = intern(b, attributes[2]);
		a->value =
		    length > 0 ? arena_strndup(b->arena, (const char *)attributes[3], length) : "";
	}
}

static void link_element(struct builder *b, struct xml_element *e)
{
	struct open_element *parent;

	if (b->depth == 0) {
		b->root = e;
		return;
	}
	parent = &b->open[b->depth - 1];
	if (parent->last_child)
		parent->last_child->next = e;
	else
		parent->element->first_child = e;
	parent->last_child = e;
	parent->element->child_count++;
}

/* Checks the limits that can only be counted while libxml2 works.  on_error must not stop the
 * parser, so the other callbacks call this. */
static void check_work(struct builder *b)
{
	if (refused(b))
		return;
	if (HASH_COUNT(b->names) > b->limits->names)
		refuse(b, "in all", b->limits->names, "different names");
	else if (b->reported > REPORT_BYTES)
		refuse(b, "namespace errors of", REPORT_BYTES, "bytes");
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
	struct builder *b = context;

	(void)data;
	if (refused(b))
		return;
	(void)intern(b, target); /* counts the name */
	check_work(b);
}

/* DECLARED has two pointers per declaration: prefix and URI.  Both count as names, whether used or
 * not, and the URI has the length limit of attribute values. */
static void check_namespaces(struct builder *b, size_t count, const xmlChar **declared)
{
	for (; count > 0; count--, declared += 2) {
		if (strlen((const char *)declared[1]) > b->limits->text_bytes) {
			refuse(b, "a namespace of", b->limits->text_bytes, "bytes");
			return;
		}
		(void)intern(b, declared[0]);
		(void)intern(b, declared[1]);
	}
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int namespace_count, const xmlChar **namespaces, int attribute_count,
		     int defaulted_count, const xmlChar **attributes)
{
	struct builder *b = context;
	struct xml_element *e;

	(void)defaulted_count; /* there is no DTD to default from */
	if (refused(b))
		return;
	if (b->depth == b->limits->depth) { /* prescan checks this too; protects b->open */
		refuse(b, "elements nested", b->limits->depth, "deep");
		return;
	}
	e = arena_zalloc(b->arena, sizeof(*e));
	e->name = intern(b, name);
	e->prefix = intern(b, prefix);
	e->uri = intern(b, uri);
	e->text = "";
	if (attribute_count > 0)
		copy_attributes(b, e, (size_t)attribute_count, attributes);
	link_element(b, e);
	b->open[b->depth++] =
	    (struct open_element){.element = e, .last_child = NULL, .text = b->text.length};
	check_namespaces(b, (size_t)namespace_count, namespaces);
	check_work(b);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct builder *b = context;
	struct open_element *o;

	(void)name;
	(void)prefix;
	(void)uri;
	if (refused(b))
		return;
	o = &b->open[--b->depth];
	if (b->text.length > o->text) {
		o->element->text =
		    arena_strndup(b->arena, b->text.data + o->text, b->text.length - o->text);
		b->text.length = o->text;
	}
}

/* Gets character data and CDATA sections, in pieces of any size. */
static void on_text(void *context, const xmlChar *text, int length)
{
	struct builder *b = context;

	if (refused(b) || b->depth == 0)
		return;
	buf_add_n(&b->text, (const char *)text, (size_t)length);
	if (b->text.length - b->open[b->depth - 1].text > b->limits->text_bytes)
		refuse(b, "a text of", b->limits->text_bytes, "bytes");
}

/*
 * Returns the description of a fatal error that the client may see (R3.20), or NULL.  libxml2's own
 * message is used if it quotes nothing (no str1, and no character as int1), or only the name of an
 * element or attribute.  Other messages would quote entities, targets, versions or characters of
 * the document and are replaced, or left out.  The name of an attribute without a value is left out
 * too: usually it is a word of a value that follows a superfluous quotation mark.
 */
static const char *error_description(const xmlError *error)
{
	switch (error->code) {
	case XML_ERR_ATTRIBUTE_REDEFINED:
	case XML_ERR_GT_REQUIRED:
	case XML_ERR_TAG_NAME_MISMATCH:
	case XML_ERR_TAG_NOT_FINISHED:
		return error->message;
	case XML_ERR_ATTRIBUTE_WITHOUT_VALUE:
		return "Attribute without a value";
	case XML_ERR_INVALID_CHAR:
		return "Character that XML does not allow";
	case XML_ERR_PI_NOT_FINISHED:
		return "Processing instruction without an end";
	case XML_ERR_UNDECLARED_ENTITY:
		return "Entity not defined";
	case XML_ERR_UNKNOWN_VERSION:
		return "Unsupported version";
	default:
		return error->str1 == NULL && error->int1 == 0 ? error->message : NULL;
	}
}

/* Keeps the first error. */
static void on_error(void *context, xmlErrorPtr error)
{
	struct builder *b = context;
	const char *description;
	char line[2 * FAULT_NAME_SIZE], shown[FAULT_NAME_SIZE];

	if (error->code == XML_ERR_NO_MEMORY) {
		log_error("libxml2: out of memory");
		abort();
	}
	if (error->level != XML_ERR_FATAL || error->domain == XML_FROM_NAMESPACE) {
		b->reported += error->message != NULL ? strlen(error->message) : 0;
		return;
	}
	if (refused(b))
		return;
	description = error_description(error);
	if (description == NULL) {
		fault_cause_set(b->cause, CODE_XML,
				"The document is not well-formed XML (line %d).", error->line);
		return;
	}
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(description, "\n"), description);
	fault_cause_set(b->cause, CODE_XML, "The document is not well-formed XML (line %d): %s",
			error->line, fault_quote(shown, line));
}

/*
 * Creating a parser costs as much as parsing a small envelope, so each thread keeps one for its
 * next document.  A parser is not kept after an error, since its state is not known then, nor after
 * a large document, since its dictionary only grows.
 */
#define KEPT_NAMES 1000
#define KEPT_BYTES 65536

static pthread_once_t libxml_once = PTHREAD_ONCE_INIT;
static pthread_key_t kept_parser;

static void free_parser(void *parser)
{
	xmlFreeParserCtxt(parser);
}

static void libxml_init(void)
{
	xmlInitParser();
	if (pthread_key_create(&kept_parser, free_parser) != 0) {
		log_error("libxml2: cannot create the thread-specific key for parsers");
		abort();
	}
}

static xmlParserCtxtPtr take_parser(struct builder *b)
{
	xmlParserCtxtPtr parser = pthread_getspecific(kept_parser);
	xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
				 .startElementNs = on_start,
				 .endElementNs = on_end,
				 .characters = on_text,
				 .ignorableWhitespace = on_text,
				 .cdataBlock = on_text,
				 .processingInstruction = on_instruction,
				 .serror = on_error};

	if (parser != NULL) {
		pthread_setspecific(kept_parser, NULL);
		if (xmlCtxtResetPush(parser, NULL, 0, NULL, NULL) == 0) {
			parser->userData = b;
			return parser;
		}
		xmlFreeParserCtxt(parser);
	}
	parser = xmlCreatePushParserCtxt(&handler, b, NULL, 0, NULL);
	if (parser == NULL) {
		log_error("libxml2: out of memory");
		abort();
	}
	/* Keeps libxml2 from looking for a byte order mark.  xmlCtxtResetPush does not reset this,
	 * so a new parser and a kept one treat a document alike. */
	parser->charset = XML_CHAR_ENCODING_UTF8;
	return parser;
}

static void keep_parser(const struct builder *b, size_t length)
{
	if (refused(b) || b->reported > 0 || length > KEPT_BYTES ||
	    xmlDictSize(b->parser->dict) > KEPT_NAMES ||
	    pthread_setspecific(kept_parser, b->parser) != 0)
		xmlFreeParserCtxt(b->parser);
}

static void parse(struct builder *b, const struct charset_text *text)
{
	b->parser = take_parser(b);
	/* HUGE: our limits apply instead of libxml2's.  NOENT: without it "&amp;" in a value
	 * arrives as "&#38;"; other entities do not exist, since DTDs are refused and the handler
	 * declares none. */
	xmlCtxtUseOptions(b->parser, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_IGNORE_ENC |
					 XML_PARSE_NOENT);
	xmlParseChunk(b->parser, text->bytes, (int)text->length, 1);
	if (!refused(b) && (!b->parser->wellFormed || !b->root || b->depth != 0))
		fault_cause_set(b->cause, CODE_XML, "The document is not well-formed XML.");
	keep_parser(b, text->length);
}

/* XML 1.0, 2.11: each line end becomes one LF before the text is parsed.  libxml2 does this itself,
 * except in CDATA sections when it runs as a push parser. */
static void unify_line_ends(struct charset_text *text, struct arena *arena)
{
	const char *from = text->bytes, *end = from + text->length, *cr;
	char *out, *to;

	if (memchr(from, '\r', text->length) == NULL)
		return;
	out = to = arena_alloc(arena, text->length);
	while ((cr = memchr(from, '\r', (size_t)(end - from))) != NULL) {
		memcpy(to, from, (size_t)(cr - from));
		to += cr - from;
		*to++ = '\n';
		from = cr + 1;
		if (from < end && *from == '\n')
			from++;
	}
	memcpy(to, from, (size_t)(end - from));
	to += end - from;
	text->bytes = out;
	text->length = (size_t)(to - out);
}

struct xml_element *xml_parse(const char *bytes, size_t length, const char *charset,
			      const struct xml_limits *limits, struct arena *arena,
			      struct fault_cause *p)
{
	struct builder b = {.limits = limits, .arena = arena, .cause = p};
	struct charset_text text;

	*p = (struct fault_cause){0};
	if (length == 0) {
		fault_cause_set(p, CODE_XML, "The document is empty.");
		return NULL;
	}
	if (charset_to_utf8(bytes, length, charset, arena, &text, p) < 0)
		return NULL;
	unify_line_ends(&text, arena);
	if (text.length > INT_MAX) { /* xmlParseChunk takes an int */
		fault_cause_set(p, CODE_XML_LIMIT, "The document is too long.");
		return NULL;
	}
	if (prescan(&text, limits, p) < 0)
		return NULL;
	pthread_once(&libxml_once, libxml_init);
	b.open = arena_alloc(arena, limits->depth * sizeof(*b.open));
	parse(&b, &text);
	HASH_CLEAR(hh, b.names);
	buf_free(&b.text);
	return refused(&b) ? NULL : b.root;
}

const char *xml_attribute(const struct xml_element *e, const char *name)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (!e->attributes[i].prefix && strcmp(e->attributes[i].name, name) == 0)
			return e->attributes[i].value;
	return NULL;
}

const struct xml_element *xml_child(const struct xml_element *e, const char *name)
{
	for (const struct xml_element *c = e->first_child; c; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
