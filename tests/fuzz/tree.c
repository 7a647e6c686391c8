/* SPDX-License-Identifier: MIT */
/* Checks, writes and compares XML trees; see tree.h. */
#include "config.h"

#include "tree.h"

#include <string.h>

#include "base/arena.h"
#include "fuzz.h"
#include "soap/response.h"

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static void check_name(const char *name, const struct xml_limits *limits)
{
	FUZZ_CHECK(name != NULL && *name != '\0');
	FUZZ_CHECK(fuzz_is_one_line(name));
	FUZZ_CHECK(strpbrk(name, " <>&\"'=/") == NULL);
	FUZZ_CHECK(characters(name) <= limits->name_chars);
}

static void check_attribute(const struct xml_attribute *a, const struct xml_limits *limits)
{
	check_name(a->name, limits);
	if (a->prefix != NULL)
		check_name(a->prefix, limits);
	else
		FUZZ_CHECK(a->uri == NULL && strcmp(a->name, "xmlns") != 0);
	FUZZ_CHECK(a->value != NULL && fuzz_is_xml_text(a->value));
	FUZZ_CHECK(strlen(a->value) <= limits->text_bytes);
}

static void check_element(const struct xml_element *e, const struct xml_limits *limits,
			  size_t depth, size_t *elements)
{
	size_t children = 0;

	FUZZ_CHECK(depth <= limits->depth);
	FUZZ_CHECK(++*elements <= limits->elements);
	check_name(e->name, limits);
	if (e->prefix != NULL)
		check_name(e->prefix, limits);
	FUZZ_CHECK(e->uri == NULL || fuzz_is_xml_text(e->uri));
	FUZZ_CHECK(e->text != NULL && fuzz_is_xml_text(e->text));
	FUZZ_CHECK(strlen(e->text) <= limits->text_bytes);
	FUZZ_CHECK(e->attribute_count <= limits->attributes);
	for (size_t i = 0; i < e->attribute_count; i++)
		check_attribute(&e->attributes[i], limits);
	for (const struct xml_element *c = e->first_child; c != NULL; c = c->next, children++)
		check_element(c, limits, depth + 1, elements);
	FUZZ_CHECK(children == e->child_count);
}

void tree_check(const struct xml_element *root, const struct xml_limits *limits)
{
	size_t elements = 0;

	FUZZ_CHECK(root->next == NULL);
	check_element(root, limits, 1, &elements);
}

static void write_name(struct buf *out, const char *prefix, const char *name)
{
	if (prefix != NULL)
		buf_addf(out, "%s:", prefix);
	buf_add(out, name);
}

/* Declares URI for PREFIX.  PREFIX NULL is the default namespace; URI NULL then undeclares it. */
static void declare(struct buf *out, const char *prefix, const char *uri)
{
	if (prefix != NULL && (uri == NULL || strcmp(prefix, "xml") == 0))
		return; /* an undeclared prefix stays undeclared; xml is predeclared */
	buf_add(out, " xmlns");
	if (prefix != NULL)
		buf_addf(out, ":%s", prefix);
	buf_add(out, "=\"");
	xml_escape(out, uri != NULL ? uri : "");
	buf_add(out, "\"");
}

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* True if the prefix of attribute N was declared for the element or for an earlier attribute. */
static bool is_declared(const struct xml_element *e, size_t n)
{
	if (same(e->prefix, e->attributes[n].prefix))
		return true;
	for (size_t i = 0; i < n; i++)
		if (same(e->attributes[i].prefix, e->attributes[n].prefix))
			return true;
	return false;
}

void tree_write(struct buf *out, const struct xml_element *e)
{
	buf_add_char(out, '<');
	write_name(out, e->prefix, e->name);
	declare(out, e->prefix, e->uri);
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];

		if (a->prefix != NULL && !is_declared(e, i))
			declare(out, a->prefix, a->uri);
		buf_add_char(out, ' ');
		write_name(out, a->prefix, a->name);
		buf_add(out, "='");
		xml_escape(out, a->value);
		buf_add_char(out, '\'');
	}
	buf_add_char(out, '>');
	xml_escape_content(out, e->text);
	for (const struct xml_element *c = e->first_child; c != NULL; c = c->next)
		tree_write(out, c);
	buf_add(out, "</");
	write_name(out, e->prefix, e->name);
	buf_add_char(out, '>');
}

static bool attributes_equal(const struct xml_attribute *a, const struct xml_attribute *b)
{
	return same(a->prefix, b->prefix) && same(a->name, b->name) && same(a->value, b->value) &&
	       same(a->uri, b->uri);
}

bool tree_equal(const struct xml_element *a, const struct xml_element *b)
{
	const struct xml_element *c, *d;

	if (!same(a->prefix, b->prefix) || !same(a->name, b->name) || !same(a->uri, b->uri) ||
	    !same(a->text, b->text) || a->attribute_count != b->attribute_count ||
	    a->child_count != b->child_count)
		return false;
	for (size_t i = 0; i < a->attribute_count; i++)
		if (!attributes_equal(&a->attributes[i], &b->attributes[i]))
			return false;
	for (c = a->first_child, d = b->first_child; c != NULL; c = c->next, d = d->next)
		if (!tree_equal(c, d))
			return false;
	return true;
}

void tree_check_round_trip(const struct xml_element *root)
{
	/* tree_write declares the namespaces of every element again. */
	const struct xml_limits wide = {.depth = 64,
					.attributes = 4096,
					.text_bytes = 10000000,
					.name_chars = 2001, /* prefix and name */
					.elements = 500000,
					.namespaces = 65536,
					.names = 20000};
	struct arena *arena = arena_new();
	const struct xml_element *again;
	struct buf text = BUF_INIT;
	struct fault_cause p;

	tree_write(&text, root);
	again = xml_parse(text.data, text.length, "UTF-8", &wide, arena, &p);
	FUZZ_CHECK(again != NULL);
	FUZZ_CHECK(tree_equal(root, again));
	buf_free(&text);
	arena_free(&arena);
}
