/* SPDX-License-Identifier: MIT */
/* The schemas that --schema names. */
#ifndef CAMPAIGN_SYNC_NAMED_H
#define CAMPAIGN_SYNC_NAMED_H

#include "schema/registry.h"

/* Returns NULL, and prints the reason to stderr, if ID is not deployed or is neither staged nor
 * copied. */
const struct schema *named_schema(const struct registry *r, const char *id);

#endif
