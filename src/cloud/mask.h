/* SPDX-License-Identifier: MIT */
/* Bit masks over the fields of a schema: the fields that a change names or a record updates. */
#ifndef CAMPAIGN_CLOUD_MASK_H
#define CAMPAIGN_CLOUD_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/model.h"

static inline size_t mask_size(const struct schema *s)
{
	return (s->field_count + 7) / 8;
}

static inline bool mask_has(const unsigned char *mask, size_t n)
{
	return (mask[n / 8] >> (n % 8) & 1) != 0;
}

static inline void mask_set(unsigned char *mask, size_t n)
{
	mask[n / 8] = (unsigned char)(mask[n / 8] | 1U << (n % 8));
}

#endif
