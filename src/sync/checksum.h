/* SPDX-License-Identifier: MIT */
/*
 * The canonical form of values and the checksums of rows. Two databases hold equal rows if these
 * agree. Neither depends on the kind of database, on the order of rows, or on the position of a
 * column in its table.
 *
 * The checksum of a set of rows is the sum of their hashes as 256-bit numbers. So the checksum
 * of a table is the sum of the checksums of its ranges, whatever the ranges are.
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
 * Appends to OUT the canonical form of VALUE as a value of TYPE; VALUE is not NULL. A positive
 * number has no sign, and no number has superfluous zeros. A floating-point number has the
 * fewest digits that identify it. A time has milliseconds. Text and blobs are unchanged, and so
 * is a value that is no valid value of TYPE.
 */
void checksum_canonical(struct buf *out, enum xtk_type type, struct db_value value);
/* NULL equals only NULL. */
bool checksum_equal(enum xtk_type type, struct db_value a, struct db_value b);
/* Compares two primary keys of TYPE; returns a number below, equal to or above 0. Neither key is
 * NULL. */
int checksum_key_order(enum xtk_type type, struct db_value a, struct db_value b);

/* Adds one row: the COUNT values of CELLS whose fields FIELDS lists, in that order. */
void checksum_add_row(struct checksum *c, const struct schema *s, const size_t *fields,
		      size_t count, const struct db_value *cells);
void checksum_add(struct checksum *c, const struct checksum *more);
bool checksum_is_equal(const struct checksum *a, const struct checksum *b);

/* As hexadecimal digits. checksum_format returns OUT; checksum_parse returns -1 if TEXT is not a
 * checksum. */
const char *checksum_format(char out[CHECKSUM_TEXT_SIZE], const struct checksum *c);
int checksum_parse(const char *text, struct checksum *out);

#endif
