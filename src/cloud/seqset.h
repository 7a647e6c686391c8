/* SPDX-License-Identifier: MIT */
/*
 * An exact set of _seq numbers: the changes that a batch holds, or those that the target has
 * applied.  Two numbers share a range only if every number between them was added, so a set never
 * includes a change that was not read (R10.6).  The module does not use a database.
 */
#ifndef CAMPAIGN_CLOUD_SEQSET_H
#define CAMPAIGN_CLOUD_SEQSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cloud/target.h"

struct seqset { /* the caller zero-initialises it */
	struct seq_range *ranges;
	size_t count, size;
};

/* Adds NUMBER.  If it is one above the last number added, it extends that number's range. */
void seqset_add(struct seqset *set, uint64_t number);
uint64_t seqset_total(const struct seqset *set); /* the count of numbers */
bool seqset_contains(const struct seqset *set, uint64_t number);
void seqset_clear(struct seqset *set); /* keeps the memory */
void seqset_free(struct seqset *set);

/* Appends RANGES as text, e.g. "5-9,11,14-20"; the empty set is "". */
void seqset_format(struct buf *out, const struct seq_range *ranges, size_t count);
/* Adds the ranges that TEXT lists.  Returns -1 and leaves SET unchanged if TEXT is malformed. */
int seqset_parse(const char *text, struct seqset *set);

#endif
