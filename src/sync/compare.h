/* SPDX-License-Identifier: MIT */
/*
 * Compares a table with the same table of another database, or with ranges of it that were written
 * down earlier (R10.13).  Reads each table once, in the order of the primary key, and keeps one row
 * of each in memory.
 *
 * A range is what lies behind the last key of the range before it, up to and with its own last key.
 * The first table makes the ranges, unless they were written down; the last range has no end.  A
 * table without primary key is one range, and its rows are not told from each other.
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

/* Differences and ranges are kept up to this number, and counted beyond. */
#define COMPARE_LISTED 100

struct range {
	char *first, *last; /* keys; NULL: no rows, or no primary key.  Owned by who fills it in */
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
	char *first, *last; /* of the rows of both */
	uint64_t rows[2];
};

struct comparison { /* zero-initialise it */
	uint64_t rows[2];
	struct checksum checksums[2];
	uint64_t only_first, only_second, different;
	uint64_t doubled; /* rows of either with the primary key of the row before them */
	struct difference differences[COMPARE_LISTED];
	size_t difference_count; /* kept */
	struct range_difference ranges[COMPARE_LISTED];
	uint64_t ranges_different;
};

struct compare_options {
	const struct schema *schema;
	const size_t *fields; /* of the schema: those that are compared */
	size_t field_count;
	const struct reader_ops *ops[2];
	struct reader
	    *readers[2]; /* checked; the second may be NULL: compared with NEXT, or nothing */
	uint64_t range_rows;
	/* The next range that was written down.  -1: there is none.  RANGE's keys are the callee's
	 * until the next call.  NULL: nothing was. */
	int (*next)(void *context, struct range *range);
	/* Is told each range of the first table when it is complete.  NULL: nobody is. */
	void (*complete)(void *context, const struct range *range);
	void *context;
	struct progress_turn *progress;
};

/* OUTCOME_INVALID: a database gave its rows in another order, which *REASON explains; otherwise it
 * is the reader's.  RETRY also when a signal came. */
enum outcome compare_tables(const struct compare_options *options, struct comparison *c,
			    const char **reason);
/* Whether anything differs. */
bool comparison_differs(const struct comparison *c, bool two_sides);
void comparison_free(struct comparison *c);

/* The fields of S in the order of their names, which does not depend on the source's: FIELDS has
 * room for all of them. */
void compare_all_fields(const struct schema *s, size_t *fields);

#endif
