/* SPDX-License-Identifier: MIT */
/*
 * A set of _seq numbers, exactly: which changes a batch holds, which of them the target has
 * applied.  Two numbers share a range only if every number between them was added, so a set
 * never stands for a change that nobody read (R10.6).  Knows no database.
 */
#ifndef CAMPAIGN_CLOUD_SEQSET_H
#define CAMPAIGN_CLOUD_SEQSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cloud/target.h"

struct seqset { /* zero-initialise it */
	struct seq_range *ranges;
	size_t count, size;
};

/* A number that is one above the last one added prolongs its range. */
void seqset_add(struct seqset *set, uint64_t number);
uint64_t seqset_total(const struct seqset *set); /* how many numbers */
bool seqset_contains(const struct seqset *set, uint64_t number);
void seqset_clear(struct seqset *set); /* keeps the memory */
void seqset_free(struct seqset *set);

/* "5-9,11,14-20"; the empty set is "". */
void seqset_format(struct buf *out, const struct seq_range *ranges, size_t count);
/* Adds what TEXT lists.  -1, and SET as it was, if TEXT has another form. */
int seqset_parse(const char *text, struct seqset *set);

#endif
