/* SPDX-License-Identifier: MIT */
/*
 * Parses bytes into a tree that lies in the caller's arena and does not depend on libxml2.
 * Refuses document type declarations and documents above the limits before libxml2 spends time on
 * them (docs/protocol.md 2.2 R2.2 and 2.3).  Also escapes text for writing XML.
 */
#ifndef CAMPAIGN_SOAP_XML_H
#define CAMPAIGN_SOAP_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "soap/fault_cause.h"

struct xml_attribute {
	const char *prefix; /* NULL for none */
	const char *name;   /* local name */
	const char *value;  /* "" when empty; never NULL */
	const char *uri;    /* namespace of a prefixed attribute; NULL if none or undeclared */
};

struct xml_element {
	const char *prefix; /* NULL for none */
	const char *name;   /* local name */
	const char *uri;    /* namespace in force; NULL for none, or an undeclared prefix */
	const char *text;   /* all its own character data and CDATA, joined; "" when empty */
	struct xml_attribute *attributes; /* without namespace declarations */
	size_t attribute_count;
	struct xml_element *first_child;
	struct xml_element *next; /* sibling */
	size_t child_count;	  /* elements */
};

struct xml_limits {
	size_t depth;	   /* 64 */
	size_t attributes; /* 1024 per element, namespace declarations count */
	size_t text_bytes; /* 10,000,000 per text or attribute value */
	size_t name_chars; /* 1,000 */
	size_t elements;   /* 500,000: bounds the tree's memory */
	size_t namespaces; /* 1,024 declarations in force at once */
	size_t names;	   /* 10,000 different names and namespaces: the time of
			    * libxml2's dictionary grows with their square */
};
extern const struct xml_limits xml_limits_default;

/*
 * Parses LENGTH bytes.  CHARSET is that of the Content-Type, or NULL if it has none.
 * Returns the root, or NULL with *P set to CODE_XML or CODE_XML_LIMIT.  Namespace errors are
 * tolerated.
 */
struct xml_element *xml_parse(const char *bytes, size_t length, const char *charset,
			      const struct xml_limits *limits, struct arena *arena,
			      struct fault_cause *p);

/* Return NULL if there is none.  NAME is a local name.  xml_attribute ignores prefixed
 * attributes. */
const char *xml_attribute(const struct xml_element *e, const char *name);
const struct xml_element *xml_child(const struct xml_element *e, const char *name);

/* Escape text for content and for values in single or double quotes.  Characters that XML 1.0 does
 * not allow become U+FFFD. */
void xml_escape(struct buf *out, const char *text);
void xml_escape_n(struct buf *out, const char *text, size_t length);
/* Escapes text for content only: quotes, tabs and line feeds stay as they are. */
void xml_escape_content(struct buf *out, const char *text);

#endif
