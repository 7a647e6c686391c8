/* SPDX-License-Identifier: MIT */
/* The reconciliation keys of changes; see key_value.h. */
#include "config.h"

#include "sync/key_value.h"

#include <string.h>

#include "base/arena.h"

bool key_equal(const struct fold_key *a, const struct fold_key *b)
{
	return a == b || (a->count == b->count &&
			  memcmp(a->fields, b->fields, a->count * sizeof(*a->fields)) == 0);
}

bool key_has(const struct fold_key *key, size_t field)
{
	for (size_t i = 0; i < key->count; i++) {
		if (key->fields[i] == field)
			return true;
	}
	return false;
}

struct db_value key_value(const struct schema *s, size_t field, struct db_value cell)
{
	const struct field *f = &s->fields[field];

	if (cell.text == NULL && f->not_null && xtk_type_is_text(f->type))
		return db_text("");
	if (!xtk_type_is_number(f->type))
		return cell;
	if (cell.text == NULL || (cell.length == 2 && memcmp(cell.text, "-0", 2) == 0))
		return db_text("0");
	return cell;
}

char *key_bytes(struct arena *arena, const struct schema *s, const struct fold_key *key,
		const struct db_value *cells, size_t *length)
{
	struct db_value v;
	size_t size = 0;
	char *bytes, *p;

	for (size_t i = 0; i < key->count; i++) {
		v = key_value(s, key->fields[i], cells[key->fields[i]]);
		size += sizeof(v.length) + 1 + v.length;
	}
	p = bytes = arena_alloc(arena, size);
	for (size_t i = 0; i < key->count; i++) {
		v = key_value(s, key->fields[i], cells[key->fields[i]]);
		*p++ = v.text == NULL ? 0 : 1;
		memcpy(p, &v.length, sizeof(v.length));
		p += sizeof(v.length);
		if (v.length > 0)
			memcpy(p, v.text, v.length);
		p += v.length;
	}
	*length = (size_t)(p - bytes);
	return bytes;
}
