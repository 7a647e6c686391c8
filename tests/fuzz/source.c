/* SPDX-License-Identifier: MIT */
/*
 * The schema compiler, src/schema/source*.c, and the output made from a schema: the SQL of tables
 * and view, and the documents that clients get.  An input is a source.
 *
 * For an accepted source each SQL text is one complete statement, each document is well-formed, and
 * the source document that clients get compiles to the same schema.  A refused source gives errors.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "fuzz.h"
#include "schema/compiled.h"
#include "schema/ddl.h"
#include "schema/source.h"
#include "schemas.h"
#include "tree.h"

/* The compiler adds attributes and fields; these must not exceed the limits of this target. */
static const struct xml_limits wide = {.depth = 64,
				       .attributes = 2000,
				       .text_bytes = 10000000,
				       .name_chars = 1000,
				       .elements = 1000000,
				       .namespaces = 1024,
				       .names = 20000};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	schemas_load();
	return 0;
}

static void check_lines(const struct buf *lines)
{
	const char *line = buf_text(lines);

	FUZZ_CHECK(fuzz_is_xml_text(line) && strchr(line, '\r') == NULL);
	for (; *line != '\0'; line = strchr(line, '\n') + 1)
		FUZZ_CHECK(strchr(line, '\n') != NULL && *line != '\n');
}

/* Moves past a quoted name or text, which ends at its quote unless that is doubled. */
static const char *skip_quoted(const char *s)
{
	char quote = *s++;

	for (; *s != quote || s[1] == quote; s++) {
		FUZZ_CHECK(*s != '\0');
		if (*s == quote || (quote == '\'' && *s == '\\')) {
			s++;
			FUZZ_CHECK(*s != '\0');
		}
	}
	return s + 1;
}

/* Checks that SQL is one statement without comments, in which only names and texts are quoted. */
static void check_sql(struct buf *sql)
{
	const char *s = buf_text(sql);
	int open = 0;

	FUZZ_CHECK(fuzz_is_xml_text(s));
	while (*s != '\0') {
		if (*s == '\'' || *s == '`') {
			s = skip_quoted(s);
			continue;
		}
		FUZZ_CHECK(isalnum((unsigned char)*s) || strchr("_ ,.()=<>+-*/|%!@:\n", *s));
		FUZZ_CHECK(strncmp(s, "--", 2) != 0 && strncmp(s, "/*", 2) != 0);
		open += (*s == '(') - (*s == ')');
		FUZZ_CHECK(open >= 0);
		s++;
	}
	FUZZ_CHECK(open == 0);
	buf_clear(sql);
}

static void check_tables(const struct schema *s)
{
	struct buf sql = BUF_INIT;

	ddl_create(&sql, s, DDL_ENTITY);
	FUZZ_CHECK(sql.length > 0);
	check_sql(&sql);
	ddl_add_indexes(&sql, s);
	check_sql(&sql);
	if (s->staged) {
		ddl_create(&sql, s, DDL_LOG);
		check_sql(&sql);
		ddl_create(&sql, s, DDL_REJECT);
		check_sql(&sql);
		ddl_view(&sql, s);
		check_sql(&sql);
	}
	if (s->sequence != NULL) {
		ddl_sequence(&sql, s, 1);
		check_sql(&sql);
	}
	buf_free(&sql);
}

static void check_fields(const struct schema *s)
{
	FUZZ_CHECK(s->field_count > 0 && s->pk >= -1 && s->pk < (int)s->field_count);
	for (size_t i = 0; i < s->field_count; i++) {
		const struct field *f = &s->fields[i];

		FUZZ_CHECK(schema_field_by_xpath(s, f->xpath) == (int)i);
		FUZZ_CHECK(schema_field_by_name(s, f->name) == (int)i);
		FUZZ_CHECK(strchr(f->name, ',') == NULL && strchr(f->xpath, ',') == NULL);
		FUZZ_CHECK(*f->column != '\0' && strlen(f->column) <= 64 && f->column[0] != '_');
		FUZZ_CHECK(!xtk_type_has_length(f->type) || (f->length >= 1 && f->length <= 16383));
		FUZZ_CHECK((f->default_kind == DEFAULT_CONSTANT) == (f->default_text != NULL));
		FUZZ_CHECK(f->link >= -1 && f->link < (int)s->link_count);
		for (size_t j = 0; j < i; j++)
			FUZZ_CHECK(strcasecmp(s->fields[j].column, f->column) != 0);
	}
}

static void check_keys(const struct schema *s)
{
	for (size_t i = 0; i < s->key_count; i++) {
		const struct key *k = &s->keys[i];

		FUZZ_CHECK(k->field_count >= 1 && k->field_count <= 16);
		FUZZ_CHECK(!k->internal || i == 0);
		FUZZ_CHECK(!k->internal || k->field_count > 1 || s->pk == (int)k->fields[0]);
		for (size_t j = 0; j < k->field_count; j++)
			FUZZ_CHECK(k->fields[j] < s->field_count);
	}
	FUZZ_CHECK(s->pk < 0 || (s->key_count > 0 && s->keys[0].internal));
	for (size_t i = 0; i < s->link_count; i++) {
		const struct link *l = &s->links[i];

		FUZZ_CHECK(l->unbound ? l->field == -1 : l->field >= 0);
		FUZZ_CHECK(l->unbound || (l->field < (int)s->field_count && l->target_xpath));
		FUZZ_CHECK(schema_link_by_name(s, l->name) == (int)i);
	}
}

static void check_names(const struct schema *s)
{
	FUZZ_CHECK(s->staged == (s->staging_id != NULL) && s->staged == (s->log_table != NULL));
	FUZZ_CHECK(strlen(s->table) <= 64 && (!s->staged || strlen(s->log_table) <= 64));
	FUZZ_CHECK(strncasecmp(s->table, "campaign_", 9) != 0);
	FUZZ_CHECK(!s->staged || !s->local);
	FUZZ_CHECK(!s->autouuid || s->autopk);
}

/* Writes the document of KIND and checks that it has its own md5 as attribute. */
static void check_document(const struct schema *s, enum compiled_kind kind, const char *root,
			   struct buf *out, struct arena *arena)
{
	char md5[COMPILED_MD5_SIZE];
	const struct xml_element *e;
	struct compiled c;
	struct fault_cause p;

	compiled_begin(&c, s, kind);
	compiled_finish(&c, root, out, md5);
	FUZZ_CHECK(strspn(md5, "0123456789ABCDEF") == 32);
	e = xml_parse(out->data, out->length, NULL, &wide, arena, &p);
	FUZZ_CHECK(e != NULL && strcmp(e->name, root) == 0);
	FUZZ_CHECK(xml_attribute(e, "md5") != NULL && strcmp(xml_attribute(e, "md5"), md5) == 0);
}

static void check_same(const struct schema *a, const struct schema *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	FUZZ_CHECK(strcmp(a->id, b->id) == 0 && strcmp(a->label, b->label) == 0);
	FUZZ_CHECK(a->field_count == b->field_count && a->key_count == b->key_count &&
		   a->link_count == b->link_count && a->index_count == b->index_count);
	for (size_t i = 0; i < a->field_count; i++)
		FUZZ_CHECK(strcmp(a->fields[i].xpath, b->fields[i].xpath) == 0 &&
			   strcmp(a->fields[i].label, b->fields[i].label) == 0 &&
			   a->fields[i].type == b->fields[i].type);
	ddl_create(&x, a, DDL_ENTITY);
	ddl_create(&y, b, DDL_ENTITY);
	FUZZ_CHECK(strcmp(x.data, y.data) == 0);
	buf_free(&x);
	buf_free(&y);
}

/* R5.13: the source document compiles to the same schema. */
static void check_source(const struct schema *s, const struct buf *source)
{
	struct buf errors = BUF_INIT;
	struct schema *again =
	    schema_compile(source->data, source->length, schemas_lookup, NULL, &errors, NULL);

	FUZZ_CHECK(again != NULL);
	check_same(s, again);
	schema_free(&again);
	buf_free(&errors);
}

static void check_schema(const struct schema *s)
{
	struct arena *arena = arena_new();
	struct buf document = BUF_INIT;

	check_names(s);
	check_fields(s);
	check_keys(s);
	check_tables(s);
	check_document(s, COMPILED_SOURCE, "srcSchema", &document, arena);
	check_source(s, &document);
	buf_clear(&document);
	check_document(s, COMPILED_SCHEMA, "schema", &document, arena);
	buf_clear(&document);
	if (s->staged)
		check_document(s, COMPILED_STAGING, "schema", &document, arena);
	buf_free(&document);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = BUF_INIT, warnings = BUF_INIT;
	struct schema *s =
	    schema_compile((const char *)data, size, schemas_lookup, NULL, &errors, &warnings);

	FUZZ_CHECK((s == NULL) == (errors.length > 0));
	check_lines(&errors);
	check_lines(&warnings);
	if (s != NULL)
		check_schema(s);
	schema_free(&s);
	buf_free(&errors);
	buf_free(&warnings);
	return 0;
}
