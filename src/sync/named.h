/* SPDX-License-Identifier: MIT */
/* The schemas that --schema names. */
#ifndef CAMPAIGN_SYNC_NAMED_H
#define CAMPAIGN_SYNC_NAMED_H

#include "schema/registry.h"

/* NULL if ID is not deployed, or neither staged nor copied; stderr then says so. */
const struct schema *named_schema(const struct registry *r, const char *id);

#endif
