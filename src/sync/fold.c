/* SPDX-License-Identifier: MIT */
/* Folds runs of changes into records; see fold.h. */
#include "config.h"

#include "sync/fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "cloud/mask.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

/*
 * A record while changes are folded into it. Two flags of struct merge_record are its state:
 * `delete` (a deletion was folded, which voids all changes before it) and `insert` (an insert or
 * insertOrUpdate was folded after that).
 */
struct building {
	struct fold_record record;
	struct db_value *cells;
	unsigned char *update, *given;
	size_t deleted; /* its first deletion, or FOLD_NONE */
	UT_hash_handle by_key;
};

struct brought {		      /* a primary key that a change brought */
	const struct building *owner; /* the record that brought it */
	size_t first;
	UT_hash_handle hh;
};

struct fold {
	const struct schema *schema;
	struct arena *arena; /* holds all data of the current run below */
	const struct fold_key *key;
	struct building **records;
	size_t count, size;
	size_t *next;
	size_t next_size;
	struct building *by_key;
	struct brought *brought;
	bool has_delete;
	size_t cut; /* the number of changes that the run may contain */
};

struct fold *fold_new(const struct schema *s)
{
	struct fold *f = xcalloc(1, sizeof(*f));

	f->schema = s;
	f->arena = arena_new();
	return f;
}

static void fold_reset(struct fold *f)
{
	HASH_CLEAR(by_key, f->by_key);
	HASH_CLEAR(hh, f->brought);
	arena_reset(f->arena);
	f->key = NULL;
	f->count = 0;
	f->has_delete = false;
}

void fold_free(struct fold **f)
{
	if (*f == NULL)
		return;
	fold_reset(*f);
	arena_free(&(*f)->arena);
	free((*f)->records);
	free((*f)->next);
	free(*f);
	*f = NULL;
}

static struct building *record_new(struct fold *f, const struct fold_change *c)
{
	const struct schema *s = f->schema;
	struct building *b = arena_zalloc(f->arena, sizeof(*b));

	b->cells = arena_zalloc(f->arena, s->field_count * sizeof(*b->cells));
	b->update = arena_zalloc(f->arena, mask_size(s));
	b->given = arena_zalloc(f->arena, mask_size(s));
	for (size_t i = 0; i < c->key->count; i++) {
		size_t field = c->key->fields[i];

		b->cells[field] = key_value(s, field, c->cells[field]);
	}
	b->record.merge.cells = b->cells;
	b->record.merge.update = b->update;
	b->record.merge.given = b->given;
	b->record.first = b->record.last = b->deleted = FOLD_NONE;
	if (f->count == f->size) {
		f->size = f->size == 0 ? 256 : f->size * 2;
		f->records = xrealloc(f->records, f->size, sizeof(struct building *));
	}
	f->records[f->count++] = b;
	return b;
}

/* Returns the record that C concerns. Without a key each change is a record of its own. */
static struct building *record_of(struct fold *f, const struct fold_change *c, const char *key,
				  size_t length)
{
	struct building *b = NULL;

	if (c->key->count == 0)
		return record_new(f, c);
	HASH_FIND(by_key, f->by_key, key, length, b);
	if (b == NULL) {
		b = record_new(f, c);
		HASH_ADD_KEYPTR(by_key, f->by_key, key, length, b);
	}
	return b;
}

/*
 * Copies the fields that C names to the record. The key fields stay unchanged, because the
 * record was found by them. So does a primary key outside the key list: an existing row keeps
 * its own (R7.13a).
 */
static void take_fields(const struct fold *f, struct building *b, const struct fold_change *c)
{
	for (size_t i = 0; i < f->schema->field_count; i++) {
		if (!mask_has(c->named, i) || (int)i == f->schema->pk || key_has(c->key, i))
			continue;
		b->cells[i] = c->cells[i];
		mask_set(b->update, i);
		if (b->record.merge.insert)
			mask_set(b->given, i);
	}
}

/* The first insert since the record's beginning, or since its deletion, determines the primary
 * key (supplied or candidate, R7.13) and the time. */
static void start_insert(const struct fold *f, struct building *b, const struct fold_change *c)
{
	int pk = f->schema->pk;

	b->record.merge.insert = true;
	b->record.merge.at = c->at;
	for (size_t i = 0; i < c->key->count; i++)
		mask_set(b->given, c->key->fields[i]);
	if (pk >= 0 && !key_has(c->key, (size_t)pk)) {
		b->cells[pk] = c->cells[pk];
		mask_set(b->given, (size_t)pk);
	}
}

static void apply(struct fold *f, struct building *b, const struct fold_change *c, size_t n)
{
	struct merge_record *m = &b->record.merge;

	switch (c->operation) {
	case OPERATION_INSERT: /* an insert reconciles as well: R8.4 */
	case OPERATION_UPSERT:
		if (!m->insert)
			start_insert(f, b, c);
		take_fields(f, b, c);
		break;
	case OPERATION_UPDATE:
		if (!m->delete || m->insert) /* otherwise no row is left to update: R8.5 */
			take_fields(f, b, c);
		break;
	case OPERATION_DELETE: /* voids earlier changes; a later insert starts anew: R8.8 */
		memset(b->update, 0, mask_size(f->schema));
		memset(b->given, 0, mask_size(f->schema));
		m->delete = true;
		m->insert = false;
		m->at = NULL;
		f->has_delete = true;
		if (b->deleted == FOLD_NONE)
			b->deleted = n;
		break;
	case OPERATION_NONE:
		break;
	}
}

/* True if C may insert a row with a primary key from the document although its key list is not
 * just that primary key. */
static bool brings_pk(const struct fold *f, const struct fold_change *c)
{
	int pk = f->schema->pk;

	if (pk < 0 || (c->operation != OPERATION_INSERT && c->operation != OPERATION_UPSERT))
		return false;
	if (c->key->count == 1 && c->key->fields[0] == (size_t)pk)
		return false;
	return mask_has(c->named, (size_t)pk) && c->cells[pk].text != NULL;
}

/* True if C must go to the next run, see fold_run. KEY is the key of its record. */
static bool ends_run(const struct fold *f, const struct fold_change *c, const char *key,
		     size_t length)
{
	const struct db_value *pk = f->schema->pk >= 0 ? &c->cells[f->schema->pk] : NULL;
	struct brought *other = NULL;
	struct building *own = NULL;

	if (f->key == NULL)
		return false;
	if (!key_equal(f->key, c->key))
		return true;
	if (pk == NULL || !brings_pk(f, c))
		return false;
	HASH_FIND(hh, f->brought, pk->text, pk->length, other);
	if (other == NULL)
		return false;
	HASH_FIND(by_key, f->by_key, key, length, own);
	return own == NULL || other->owner != own;
}

static void remember_pk(struct fold *f, const struct building *b, const struct fold_change *c,
			size_t n)
{
	const struct db_value *pk = &c->cells[f->schema->pk];
	struct brought *found = NULL;

	HASH_FIND(hh, f->brought, pk->text, pk->length, found);
	if (found != NULL)
		return;
	found = arena_zalloc(f->arena, sizeof(*found));
	found->owner = b;
	found->first = n;
	HASH_ADD_KEYPTR(hh, f->brought, pk->text, pk->length, found);
}

static void chain(struct fold *f, struct building *b, size_t n)
{
	f->next[n] = FOLD_NONE;
	if (b->record.first == FOLD_NONE)
		b->record.first = n;
	else
		f->next[b->record.last] = n;
	b->record.last = n;
}

size_t fold_run(struct fold *f, const struct fold_change *changes, size_t count)
{
	size_t length, n;

	fold_reset(f);
	if (count > f->next_size) {
		f->next = xrealloc(f->next, count, sizeof(*f->next));
		f->next_size = count;
	}
	for (n = 0; n < count; n++) {
		const struct fold_change *c = &changes[n];
		struct building *b;
		char *key;

		if (c->fate != FOLD_IN)
			continue;
		key = key_bytes(f->arena, f->schema, c->key, c->cells, &length);
		if (ends_run(f, c, key, length))
			break;
		f->key = c->key;
		b = record_of(f, c, key, length);
		if (brings_pk(f, c))
			remember_pk(f, b, c, n);
		apply(f, b, c, n);
		chain(f, b, n);
	}
	f->cut = n;
	return n;
}

bool fold_asks(const struct fold *f)
{
	return f->has_delete && f->brought != NULL;
}

void fold_frees(struct fold *f, size_t record, struct db_value pk)
{
	const struct building *b = f->records[record];
	struct brought *found = NULL;
	size_t later;

	HASH_FIND(hh, f->brought, pk.text, pk.length, found);
	if (found == NULL || found->owner == b)
		return;
	later = found->first > b->deleted ? found->first : b->deleted;
	if (later < f->cut)
		f->cut = later;
}

size_t fold_cut(const struct fold *f)
{
	return f->cut;
}

const struct fold_key *fold_key(const struct fold *f)
{
	return f->key;
}

size_t fold_count(const struct fold *f)
{
	return f->count;
}

const struct fold_record *fold_at(const struct fold *f, size_t n)
{
	return &f->records[n]->record;
}

size_t fold_next(const struct fold *f, size_t n)
{
	return f->next[n];
}
