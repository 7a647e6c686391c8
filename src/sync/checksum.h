/* SPDX-License-Identifier: MIT */
/*
 * What two databases have to agree on for their rows to be equal: the canonical form of a value,
 * and checksums of rows.  Neither depends on the kind of database, on the order of rows or on the
 * place of a column in its table.
 *
 * The checksum of some rows is the sum of their hashes, as numbers of 256 bits.  So that of a table
 * is the sum of those of its ranges, however it is cut into ranges.
 */
#ifndef CAMPAIGN_SYNC_CHECKSUM_H
#define CAMPAIGN_SYNC_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "db/db.h"
#include "schema/model.h"

#define CHECKSUM_BYTES	   32
#define CHECKSUM_TEXT_SIZE (2 * CHECKSUM_BYTES + 1)

struct checksum {
	unsigned char sum[CHECKSUM_BYTES];
};

/*
 * OUT gets the canonical form of VALUE, which is not NULL, as a value of TYPE: a number without
 * sign if it is positive, without needless zeros, and a floating one with as few digits as tell it
 * from all others; a time with milliseconds.  Text and blobs are as they are, and so is what does
 * not look like a value of TYPE.
 */
void checksum_canonical(struct buf *out, enum xtk_type type, struct db_value value);
/* NULL equals NULL only. */
bool checksum_equal(enum xtk_type type, struct db_value a, struct db_value b);
/* Below 0, 0 or above 0: the order of primary keys of TYPE.  Neither is NULL. */
int checksum_key_order(enum xtk_type type, struct db_value a, struct db_value b);

/* Adds a row: those COUNT of its CELLS that FIELDS names, in that order. */
void checksum_add_row(struct checksum *c, const struct schema *s, const size_t *fields,
		      size_t count, const struct db_value *cells);
void checksum_add(struct checksum *c, const struct checksum *more);
bool checksum_is_equal(const struct checksum *a, const struct checksum *b);

/* Hexadecimal digits; returns OUT.  Parsing: -1 if TEXT is no checksum. */
const char *checksum_format(char out[CHECKSUM_TEXT_SIZE], const struct checksum *c);
int checksum_parse(const char *text, struct checksum *out);

#endif
