/* SPDX-License-Identifier: MIT */
/*
 * Documents and changes, src/api/record.c and document.c (docs/protocol.md 7.2, 7.3, 8).  An input
 * is a line with the digit of a schema and letters for options, followed by the record.
 *
 * An accepted record gives a change that may be staged (schemas_check_change), and a document
 * written from that change gives the same change.
 */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "fuzz.h"
#include "schemas.h"
#include "soap/codes.h"
#include "tree.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	schemas_load();
	return cast_init("UTC");
}

/* --- a fake database ---------------------------------------------------------------------- */

/* Fails for a value that ends in "?"; finds no row for a value that ends in "0". */
static int find(void *context, const struct schema *target, size_t wanted, const size_t *fields,
		const struct db_value *values, size_t count, struct db_value *out,
		struct fault_cause *p)
{
	(void)context;
	FUZZ_CHECK(target->local && wanted < target->field_count && count > 0);
	*out = db_text("6d1d6b57-2f0e-4f8c-9a35-0f6f3c7b9e21");
	for (size_t i = 0; i < count; i++) {
		char last = values[i].length > 0 ? values[i].text[values[i].length - 1] : '\0';

		FUZZ_CHECK(fields[i] < target->field_count);
		if (last == '?') {
			fault_cause_set(p, CODE_DATABASE, "Staging database error.");
			return -1;
		}
		if (last == '0')
			*out = DB_NULL;
	}
	return 0;
}

static int number(void *context, const struct schema *s, const char **out, struct fault_cause *p)
{
	(void)context;
	(void)p;
	FUZZ_CHECK(s->sequence != NULL);
	*out = "4711";
	return 0;
}

static void uuid(char out[37])
{
	memcpy(out, "0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114", 37);
}

static const struct record_ops ops = {schemas_lookup, find, number, uuid};

/* --- writing a change as a document ------------------------------------------------------- */

static struct xml_element *child_named(struct arena *arena, struct xml_element *e, const char *name)
{
	struct xml_element **place = &e->first_child;

	while (*place != NULL && strcmp((*place)->name, name) != 0)
		place = &(*place)->next;
	if (*place == NULL) {
		*place = arena_zalloc(arena, sizeof(**place));
		**place = (struct xml_element){.name = name, .text = ""};
		(*place)->attributes = arena_zalloc(arena, 100 * sizeof(struct xml_attribute));
		e->child_count++;
	}
	return *place;
}

static void set(struct arena *arena, struct xml_element *e, const char *xpath, const char *value)
{
	const char *slash;

	while ((slash = strchr(xpath, '/')) != NULL) {
		e = child_named(arena, e, arena_strndup(arena, xpath, (size_t)(slash - xpath)));
		xpath = slash + 1;
	}
	if (*xpath == '@')
		e->attributes[e->attribute_count++] =
		    (struct xml_attribute){.name = xpath + 1, .value = value};
	else
		child_named(arena, e, xpath)->text = value;
}

static const char *cell_text(const struct field *f, const struct db_value *cell,
			     struct arena *arena)
{
	size_t size;
	char *text;

	if (cell->text == NULL)
		return "";
	if (f->type != XTK_BLOB)
		return arena_strndup(arena, cell->text, cell->length);
	size = sodium_base64_encoded_len(cell->length, sodium_base64_VARIANT_ORIGINAL);
	text = arena_alloc(arena, size);
	return sodium_bin2base64(text, size, (const unsigned char *)cell->text, cell->length,
				 sodium_base64_VARIANT_ORIGINAL);
}

static bool lists(const char *list, const char *name)
{
	char *item = xasprintf(",%s,", name), *whole = xasprintf(",%s,", list);
	bool found = strstr(whole, item) != NULL;

	free(item);
	free(whole);
	return found;
}

/* Returns NULL if a document cannot express the change, because a part of its key is empty. */
static struct xml_element *document_of(const struct change *c, struct arena *arena)
{
	struct xml_element *root = arena_zalloc(arena, sizeof(*root));

	*root = (struct xml_element){.name = "x", .text = ""};
	root->attributes = arena_zalloc(arena, 100 * sizeof(*root->attributes));
	set(arena, root, "@_operation", operation_name(c->operation));
	if (*c->key != '\0')
		set(arena, root, "@_key", c->key);
	for (size_t i = 0; i < c->schema->field_count; i++) {
		const struct field *f = &c->schema->fields[i];

		if (!lists(c->fields, f->name))
			continue;
		if (c->cells[i].length == 0 && lists(c->key, f->xpath))
			return NULL;
		set(arena, root, f->xpath, cell_text(f, &c->cells[i], arena));
	}
	return root;
}

static void check_same(const struct change *a, const struct change *b)
{
	FUZZ_CHECK(a->operation == b->operation && strcmp(a->key, b->key) == 0 &&
		   strcmp(a->fields, b->fields) == 0 && b->links == NULL);
	for (size_t i = 0; i < a->schema->field_count; i++) {
		const struct db_value *x = &a->cells[i], *y = &b->cells[i];

		FUZZ_CHECK(x->length == y->length && (x->text == NULL) == (y->text == NULL));
		FUZZ_CHECK(x->length == 0 || memcmp(x->text, y->text, x->length) == 0);
	}
}

static void check_again(const struct record_context *context, const struct record *r)
{
	struct record_context final = *context;
	const struct xml_element *root;
	struct buf text = BUF_INIT;
	struct fault_cause p = {0};
	struct record again;

	final.cast = (struct cast_options){.timezone = "UTC"};
	final.ignore_unknown = false;
	root = document_of(&r->change, context->arena);
	if (root != NULL) {
		tree_write(&text, root);
		root = xml_parse(text.data, text.length, NULL, &xml_limits_default, context->arena,
				 &p);
		FUZZ_CHECK(root != NULL);
		FUZZ_CHECK(record_read(&final, r->change.schema, root, &again, &p) == 0);
		check_same(&r->change, &again.change);
		buf_free(&text);
	}
}

static void check_record(const struct record_context *c, const struct schema *s,
			 const struct xml_element *e)
{
	struct record r;
	struct fault_cause p = {0};

	if (record_read(c, s, e, &r, &p) < 0) {
		fuzz_check_cause(&p);
		return;
	}
	FUZZ_CHECK(p.code[0] == '\0' && r.change.schema == s);
	FUZZ_CHECK(*r.made_id == '\0' || strcmp(r.change.key, s->fields[s->pk].xpath) == 0);
	FUZZ_CHECK(c->ext || r.change.operation == OPERATION_INSERT);
	if (r.change.operation == OPERATION_NONE)
		return;
	schemas_check_change(&r.change);
	if (r.change.links == NULL)
		check_again(c, &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct record_context context = {.ops = &ops, .arena = arena, .cast.timezone = "UTC"};
	const struct xml_element *root, *e;
	const struct schema *s;
	const char *options;
	struct fuzz_input in;
	struct fault_cause p;

	fuzz_open(&in, data, size);
	options = fuzz_line(&in);
	s = schemas_find(schemas_staged[(unsigned)(*options - '0') % schemas_staged_count], NULL);
	context.ext = strchr(options, 'x') != NULL;
	context.ignore_unknown = strchr(options, 'i') != NULL;
	context.cast.lenient = strchr(options, 'l') != NULL;
	root = xml_parse((const char *)in.at, in.left, NULL, &xml_limits_default, arena, &p);
	if (root != NULL) {
		e = record_is_collection(root, s) ? root->first_child : root;
		for (size_t n = 0; e != NULL && n < 20; e = e->next, n++)
			check_record(&context, s, e);
	}
	arena_free(&arena);
	fuzz_close(&in);
	return 0;
}
