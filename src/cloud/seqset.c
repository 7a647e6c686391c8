/* SPDX-License-Identifier: MIT */
/* Exact sets of _seq numbers; see seqset.h. */
#include "config.h"

#include "cloud/seqset.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"

static void add_range(struct seqset *set, uint64_t first, uint64_t last)
{
	if (set->count == set->size) {
		set->size = set->size == 0 ? 16 : set->size * 2;
		set->ranges = xrealloc(set->ranges, set->size, sizeof(*set->ranges));
	}
	assert(set->ranges != NULL); /* size is not 0, so memory is allocated */
	set->ranges[set->count++] = (struct seq_range){first, last};
}

void seqset_add(struct seqset *set, uint64_t number)
{
	struct seq_range *last = set->count > 0 ? &set->ranges[set->count - 1] : NULL;

	if (last != NULL && last->last != UINT64_MAX && number == last->last + 1)
		last->last = number;
	else
		add_range(set, number, number);
}

uint64_t seqset_total(const struct seqset *set)
{
	uint64_t total = 0;

	for (size_t i = 0; i < set->count; i++)
		total += set->ranges[i].last - set->ranges[i].first + 1;
	return total;
}

bool seqset_contains(const struct seqset *set, uint64_t number)
{
	for (size_t i = 0; i < set->count; i++) {
		if (number >= set->ranges[i].first && number <= set->ranges[i].last)
			return true;
	}
	return false;
}

void seqset_clear(struct seqset *set)
{
	set->count = 0;
}

void seqset_free(struct seqset *set)
{
	free(set->ranges);
	*set = (struct seqset){0};
}

void seqset_format(struct buf *out, const struct seq_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		buf_addf(out, "%" PRIu64, ranges[i].first);
		if (ranges[i].last != ranges[i].first)
			buf_addf(out, "-%" PRIu64, ranges[i].last);
	}
}

/* Checks the first character because strtoull also accepts blanks and signs. */
static int parse_number(const char **text, uint64_t *out)
{
	char *end;

	if (**text < '0' || **text > '9')
		return -1;
	errno = 0;
	*out = strtoull(*text, &end, 10);
	if (errno != 0)
		return -1;
	*text = end;
	return 0;
}

static int parse_range(const char **text, struct seq_range *out)
{
	if (parse_number(text, &out->first) < 0)
		return -1;
	out->last = out->first;
	if (**text != '-')
		return 0;
	(*text)++;
	if (parse_number(text, &out->last) < 0)
		return -1;
	return out->last >= out->first ? 0 : -1;
}

int seqset_parse(const char *text, struct seqset *set)
{
	size_t before = set->count;
	struct seq_range range;

	if (*text == '\0')
		return 0;
	for (;;) {
		if (parse_range(&text, &range) < 0)
			break;
		add_range(set, range.first, range.last);
		if (*text == '\0')
			return 0;
		if (*text++ != ',')
			break;
	}
	set->count = before;
	return -1;
}
