/* SPDX-License-Identifier: MIT */
/* The values of a key, as the target compares them. */
#ifndef CAMPAIGN_SYNC_KEY_VALUE_H
#define CAMPAIGN_SYNC_KEY_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "db/db.h"
#include "schema/model.h"

/* A key list: indexes of fields, each once, in the order of their xpaths, so that "@a,@b"
 * and "@b,@a" are the same list.  Count 0: a record that nothing can find again. */
struct fold_key {
	size_t count;
	size_t *fields;
};

bool key_equal(const struct fold_key *a, const struct fold_key *b);
bool key_has(const struct fold_key *key, size_t field);

/* The value by which the target knows a key field: numbers are never null there, nor is text
 * with notNull (R5.11, R6.2, R8.2), and -0 is 0. */
struct db_value key_value(const struct schema *s, size_t field, struct db_value cell);

/* Key values as one string of bytes, from ARENA: each with its length, so that no two lists of
 * values look alike.  CELLS: one per schema field. */
char *key_bytes(struct arena *arena, const struct schema *s, const struct fold_key *key,
		const struct db_value *cells, size_t *length);

#endif
