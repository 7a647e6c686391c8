/* SPDX-License-Identifier: MIT */
/*
 * Compares a table with the same table of another database, or with ranges of it that were saved
 * earlier (R10.13). Reads each table once, in the order of the primary key, and keeps one row of
 * each in memory.
 *
 * A range begins after the last key of the previous range and ends with its own last key,
 * inclusive. The first table determines the ranges, unless they were saved; the last range has
 * no end. A table without a primary key is one range, and its rows are not distinguished.
 */
#ifndef CAMPAIGN_SYNC_COMPARE_H
#define CAMPAIGN_SYNC_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "cloud/reader.h"
#include "schema/model.h"
#include "sync/checksum.h"
#include "sync/progress.h"

/* Up to this number, differences and ranges are listed; beyond it they are only counted. */
#define COMPARE_LISTED 100

struct range {
	char *first, *last; /* keys; NULL: no rows or no key. The code that sets them owns them */
	uint64_t rows;
	struct checksum checksum;
};

enum difference_kind { DIFFERENCE_ONLY_FIRST, DIFFERENCE_ONLY_SECOND, DIFFERENCE_FIELDS };

struct difference {
	enum difference_kind kind;
	char *key;
	char *fields; /* "label,lastModified"; NULL unless the rows differ in fields */
};

struct range_difference {
	char *first, *last; /* over the rows of both tables */
	uint64_t rows[2];
};

struct comparison { /* zero-initialise it */
	uint64_t rows[2];
	struct checksum checksums[2];
	uint64_t only_first, only_second, different;
	uint64_t doubled; /* rows of either table with the same primary key as the row before */
	struct difference differences[COMPARE_LISTED];
	size_t difference_count; /* number of listed ones */
	struct range_difference ranges[COMPARE_LISTED];
	uint64_t ranges_different;
};

struct compare_options {
	const struct schema *schema;
	const size_t *fields; /* the compared fields of the schema */
	size_t field_count;
	const struct reader_ops *ops[2];
	struct reader *readers[2]; /* opened and checked; the second may be NULL: compare with NEXT,
				      or with nothing */
	uint64_t range_rows;
	/* Returns the next saved range, or -1 if there are no more. The callee owns the keys of
	 * RANGE; they are valid until the next call. NEXT is NULL if no ranges were saved. */
	int (*next)(void *context, struct range *range);
	/* Is called with each range of the first table when the range is complete. May be NULL. */
	void (*complete)(void *context, const struct range *range);
	void *context;
	struct progress_turn *progress;
};

/* Returns OUTCOME_INVALID if a database returned its rows in another order, which *REASON
 * explains; OUTCOME_RETRY also after a signal; otherwise the reader's outcome. */
enum outcome compare_tables(const struct compare_options *options, struct comparison *c,
			    const char **reason);
/* True if there is any difference. */
bool comparison_differs(const struct comparison *c, bool two_sides);
void comparison_free(struct comparison *c);

/* Lists all fields of S in the order of their names, which does not depend on the schema's
 * source. FIELDS must have room for all of them. */
void compare_all_fields(const struct schema *s, size_t *fields);

#endif
