/* SPDX-License-Identifier: MIT */
/* The values of a reconciliation key, as the target compares them. */
#ifndef CAMPAIGN_SYNC_KEY_VALUE_H
#define CAMPAIGN_SYNC_KEY_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "db/db.h"
#include "schema/model.h"

/* A key list: indexes of fields, each once, in the order of their xpaths, so that "@a,@b" and
 * "@b,@a" are the same list. COUNT 0: no later change can find the record. */
struct fold_key {
	size_t count;
	size_t *fields;
};

bool key_equal(const struct fold_key *a, const struct fold_key *b);
bool key_has(const struct fold_key *key, size_t field);

/* Returns the value of a key field as the target stores it: a number is never NULL there, nor is
 * text with notNull (R5.11, R6.2, R8.2), and -0 is 0. */
struct db_value key_value(const struct schema *s, size_t field, struct db_value cell);

/* Encodes the key values as one byte string, allocated from ARENA. Each value is preceded by its
 * length, so that different lists of values give different strings. CELLS has one value per
 * schema field. */
char *key_bytes(struct arena *arena, const struct schema *s, const struct fold_key *key,
		const struct db_value *cells, size_t *length);

#endif
