/* SPDX-License-Identifier: MIT */
/*
 * The parser of `_key`, src/api/record_key.c and schema_key_item (R7.6).  An input is a line with
 * the digit of a schema and a `_key` list, followed by the record.
 *
 * An accepted list names each field of the schema at most once, and each named field has a value in
 * the document.  Its canonical form is accepted as well and names the same fields.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api/record_key.h"
#include "base/arena.h"
#include "fuzz.h"
#include "schemas.h"
#include "soap/codes.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	schemas_load();
	return 0;
}

static void check_item(const struct schema *s, const char *list)
{
	int other = -2, link = -2, field, plain;
	char *xpath = NULL;

	field = schema_key_item(s, list, strlen(list), &other, &link, &xpath);
	plain = schema_key_item(s, list, strlen(list), NULL, NULL, NULL);
	FUZZ_CHECK(field == plain && field >= -1 && field < (int)s->field_count);
	FUZZ_CHECK(other >= -1 && other < (int)s->field_count && link >= -1 &&
		   link < (int)s->link_count);
	FUZZ_CHECK((link >= 0) == (xpath != NULL));
	FUZZ_CHECK(field < 0 || link < 0);
	if (other >= 0)
		FUZZ_CHECK(field >= 0 && s->fields[other].is_element &&
			   !s->fields[field].is_element);
	if (xpath != NULL)
		FUZZ_CHECK(strchr(xpath, '@') != NULL);
	free(xpath);
}

static void check_key(const struct document *d, const struct record_key *key, struct arena *arena)
{
	const char *text = record_key_text(key, d->schema, arena);
	struct record_key again = {0};
	struct fault_cause p = {0};

	FUZZ_CHECK(key->count > 0 && key->count <= d->schema->field_count);
	for (size_t i = 0; i < key->count; i++) {
		FUZZ_CHECK(key->fields[i] < d->schema->field_count);
		FUZZ_CHECK(record_key_has(key, key->fields[i]));
		if (!key->allow_empty_part)
			FUZZ_CHECK(document_has_value(d, key->fields[i]));
		for (size_t j = 0; j < i; j++)
			FUZZ_CHECK(key->fields[i] != key->fields[j]);
	}
	if (key->allow_empty_part)
		return; /* parts of this key may be empty, parts of a _key list may not */
	FUZZ_CHECK(record_key_given(d, text, arena, &again, &p) == 0 && p.code[0] == '\0');
	FUZZ_CHECK(again.count == key->count);
	for (size_t i = 0; i < key->count; i++)
		FUZZ_CHECK(again.fields[i] == key->fields[i]);
}

static void check_document(const struct document *d, const char *list, struct arena *arena)
{
	struct record_key key = {0};
	struct fault_cause p = {0};

	if (record_key_given(d, list, arena, &key, &p) < 0) {
		fuzz_check_cause(&p);
		FUZZ_CHECK(strcmp(p.code, CODE_KEY) == 0 && key.fields == NULL);
	} else {
		FUZZ_CHECK(p.code[0] == '\0');
		FUZZ_CHECK(strlen(record_key_text(&key, d->schema, arena)) <= 1000);
		check_key(d, &key, arena);
	}
	if (record_key_search(d, arena, &key))
		check_key(d, &key, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct xml_element *root;
	const struct schema *s;
	struct document d = {0};
	struct fuzz_input in;
	struct fault_cause p = {0};
	const char *list;

	fuzz_open(&in, data, size);
	list = fuzz_line(&in);
	s = schemas_find(schemas_staged[(unsigned)(*list - '0') % schemas_staged_count], NULL);
	list += *list != '\0';
	check_item(s, list);
	root = xml_parse((const char *)in.at, in.left, NULL, &xml_limits_default, arena, &p);
	if (root != NULL) {
		if (document_read(&d, s, s->staging_id, root, true, arena, &p) == 0)
			check_document(&d, list, arena);
		else
			fuzz_check_cause(&p);
	}
	arena_free(&arena);
	fuzz_close(&in);
	return 0;
}
