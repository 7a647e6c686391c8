/* SPDX-License-Identifier: MIT */
/*
 * For tests of what becomes of changes: a schema, changes written as text, and a table that applies
 * them one by one, or as folded runs, as cloud/target.h says.
 *
 *   "upsert email email=a name=x id:=c1"   operation, key list, named fields; := is a value
 *                                          that is stored but not named (a candidate, R7.13)
 */
#ifndef CAMPAIGN_TESTS_CHANGE_TABLE_H
#define CAMPAIGN_TESTS_CHANGE_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cloud/mask.h"
#include "sync/fold.h"

enum { ID, EMAIL, FOLDER, NAME, CITY, FIELDS };

#define FIELD(n, t)                                                                                \
	{                                                                                          \
		.name = n, .xpath = n, .column = n, .type = t, .link = -1                          \
	}
static char names[FIELDS][8] = {"id", "email", "folder", "name", "city"};
static struct field fields[FIELDS] = {
    FIELD(names[ID], XTK_UUID),	    FIELD(names[EMAIL], XTK_STRING), FIELD(names[FOLDER], XTK_LONG),
    FIELD(names[NAME], XTK_STRING), FIELD(names[CITY], XTK_STRING),
};
static struct schema with_pk = {.fields = fields, .field_count = FIELDS, .pk = ID};

/* Reading and writing the notation. */

static inline size_t field_of(const char *name, size_t length)
{
	for (size_t i = 0; i < FIELDS; i++) {
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return i;
	}
	fail_msg("no field '%.*s'", (int)length, name);
	return 0;
}

static inline enum operation operation_of(const char *word)
{
	static const char *const words[] = {"none", "insert", "upsert", "update", "delete"};

	for (int i = 0; i <= OPERATION_DELETE; i++) {
		if (strcmp(words[i], word) == 0)
			return (enum operation)i;
	}
	fail_msg("no operation '%s'", word);
	return OPERATION_NONE;
}

static inline struct fold_key *key_of(struct arena *arena, char *list)
{
	struct fold_key *key = arena_zalloc(arena, sizeof(*key));
	char *rest = NULL;

	key->fields = arena_zalloc(arena, FIELDS * sizeof(*key->fields));
	for (char *p = strtok_r(list, ",", &rest); p != NULL; p = strtok_r(NULL, ",", &rest)) {
		if (strcmp(p, "-") != 0)
			key->fields[key->count++] = field_of(p, strlen(p));
	}
	return key;
}

static inline struct fold_change change_of(struct arena *arena, const char *text, size_t number)
{
	struct fold_change c = {.seq = number, .at = arena_printf(arena, "%zu", number)};
	unsigned char *named = arena_zalloc(arena, 1);
	char *copy = arena_strdup(arena, text), *rest = NULL;

	c.operation = operation_of(strtok_r(copy, " ", &rest));
	c.key = key_of(arena, strtok_r(NULL, " ", &rest));
	c.cells = arena_zalloc(arena, FIELDS * sizeof(*c.cells));
	for (char *p = strtok_r(NULL, " ", &rest); p != NULL; p = strtok_r(NULL, " ", &rest)) {
		size_t length = strcspn(p, ":=");
		size_t field = field_of(p, length);
		const char *value = strchr(p, '=') + 1;

		if (p[length] != ':')
			mask_set(named, field);
		if (*value != '\0')
			c.cells[field] = db_text(value);
	}
	c.named = named;
	return c;
}

/* A table that applies changes one by one, and records as target.h says. */

#define ROWS 64

struct row {
	const char *cells[FIELDS];
	const char *created;
};

struct table {
	struct row rows[ROWS];
	size_t count;
	bool refused; /* a primary key was taken */
};

static inline const char *text_of(const struct db_value *v, size_t field)
{
	if (v->text == NULL)
		return field == FOLDER ? "0" : "";
	return v->text;
}

static inline bool row_has(const struct row *row, const struct fold_key *key,
			   const struct db_value *cells)
{
	for (size_t i = 0; i < key->count; i++) {
		size_t field = key->fields[i];

		if (strcmp(row->cells[field], text_of(&cells[field], field)) != 0)
			return false;
	}
	return true;
}

static inline void table_delete(struct table *t, const struct fold_key *key,
				const struct db_value *cells)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (!row_has(&t->rows[i], key, cells))
			t->rows[kept++] = t->rows[i];
	}
	t->count = kept;
}

/* Returns how many rows have the key. */
static inline size_t table_update(struct table *t, const struct fold_key *key,
				  const struct db_value *cells, const unsigned char *mask)
{
	size_t found = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (!row_has(&t->rows[i], key, cells))
			continue;
		found++;
		for (size_t n = 0; n < FIELDS; n++) {
			if (mask_has(mask, n))
				t->rows[i].cells[n] = text_of(&cells[n], n);
		}
	}
	return found;
}

static inline void table_insert(struct table *t, const struct db_value *cells,
				const unsigned char *mask, const char *at)
{
	struct row row = {.created = at};

	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->rows[i].cells[ID], cells[ID].text) == 0) {
			t->refused = true;
			return;
		}
	}
	for (size_t n = 0; n < FIELDS; n++) /* "-": a default */
		row.cells[n] = n == ID || mask_has(mask, n) ? text_of(&cells[n], n)
			       : n == FOLDER		    ? "0"
							    : "-";
	assert_in_range(t->count, 0, ROWS - 1);
	t->rows[t->count++] = row;
}

static inline void apply_change(struct table *t, const struct fold_change *c)
{
	unsigned char update[1] = {(unsigned char)(c->named[0] & ~(1U << ID))};
	unsigned char given[1] = {c->named[0]};

	for (size_t i = 0; i < c->key->count; i++)
		mask_set(given, c->key->fields[i]);
	if (c->operation == OPERATION_DELETE)
		table_delete(t, c->key, c->cells);
	else if (table_update(t, c->key, c->cells, update) == 0 && c->operation != OPERATION_UPDATE)
		table_insert(t, c->cells, given, c->at);
}

static inline void apply_run(struct table *t, const struct fold *f)
{
	const struct fold_key *key = fold_key(f);
	static const unsigned char none[1];
	bool found[ROWS];

	for (size_t i = 0; i < fold_count(f); i++) {
		const struct merge_record *m = &fold_at(f, i)->merge;

		if (m->delete)
			table_delete(t, key, m->cells);
	}
	for (size_t i = 0; i < fold_count(f); i++) {
		const struct merge_record *m = &fold_at(f, i)->merge;

		found[i] = table_update(t, key, m->cells, m->delete ? none : m->update) > 0;
	}
	for (size_t i = fold_count(f); i-- > 0;) { /* backwards: order must not matter */
		const struct merge_record *m = &fold_at(f, i)->merge;

		if (m->insert && !found[i])
			table_insert(t, m->cells, m->given, m->at);
	}
}

static inline int by_id(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->cells[ID], ((const struct row *)b)->cells[ID]);
}

static inline void assert_same(struct table *a, struct table *b)
{
	assert_int_equal(a->count, b->count);
	qsort(a->rows, a->count, sizeof(a->rows[0]), by_id);
	qsort(b->rows, b->count, sizeof(b->rows[0]), by_id);
	for (size_t i = 0; i < a->count; i++) {
		for (size_t n = 0; n < FIELDS; n++)
			assert_string_equal(a->rows[i].cells[n], b->rows[i].cells[n]);
		assert_string_equal(a->rows[i].created, b->rows[i].created);
	}
}

static inline unsigned dice(unsigned sides)
{
	return (unsigned)random() % sides;
}

/* The fewer VALUES a field has, the more records meet. */
static inline const char *random_change(struct arena *arena, size_t number, unsigned values)
{
	static const char *const operations[] = {"insert", "upsert", "upsert", "update", "delete"};
	static const char *const keys[] = {"email",	   "email",    "id",
					   "email,folder", "id,email", "folder"};
	const char *operation = operations[dice(5)], *key = keys[dice(dice(3) == 0 ? 6 : 2)];
	struct buf text = BUF_INIT;
	const char *copy;

	buf_addf(&text, "%s %s", operation, key);
	if (strstr(key, "id") != NULL || dice(6) == 0)
		buf_addf(&text, " id=%u", dice(values + 2));
	else
		buf_addf(&text, " id:=c%zu", number);
	if (strstr(key, "email") != NULL || dice(2) == 0)
		buf_addf(&text, " email=e%u", dice(values));
	if (strstr(key, "folder") != NULL || dice(3) == 0)
		buf_addf(&text, dice(4) == 0 ? " folder=" : " folder=%u", dice(values));
	if (dice(2) == 0)
		buf_addf(&text, " name=n%zu", number);
	if (dice(2) == 0)
		buf_addf(&text, dice(4) == 0 ? " city=" : " city=c%zu", number);
	copy = arena_strdup(arena, buf_text(&text));
	buf_free(&text);
	return copy;
}

/* As the sync does, with a table that knows what a deletion frees. */
static inline size_t fold_beside(struct fold *f, const struct table *t,
				 const struct fold_change *changes, size_t count)
{
	size_t took = fold_run(f, changes, count);

	for (size_t i = 0; i < fold_count(f) && fold_asks(f); i++) {
		const struct merge_record *m = &fold_at(f, i)->merge;

		for (size_t r = 0; r < t->count && m->delete; r++) {
			if (row_has(&t->rows[r], fold_key(f), m->cells))
				fold_frees(f, i, db_text(t->rows[r].cells[ID]));
		}
	}
	return fold_cut(f) < took ? fold_run(f, changes, fold_cut(f)) : took;
}

#endif
