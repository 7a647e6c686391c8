/* SPDX-License-Identifier: MIT */
/* Deployed schemas without a database: the built-in ones, and some that use every feature. */
#ifndef CAMPAIGN_TESTS_FUZZ_SCHEMAS_H
#define CAMPAIGN_TESTS_FUZZ_SCHEMAS_H

#include "schema/model.h"
#include "staging/change.h"

/* Call it once, before the first input. */
void schemas_load(void);

/* Like registry_find: ID is a source id, a staging id, or an alias of 5.5. */
const struct schema *schemas_find(const char *id, bool *staging);
/* The same for schema_compile's lookup and for record_ops. */
const struct schema *schemas_lookup(void *context, const char *id);
/* The ids of the staged schemas. */
extern const char *const schemas_staged[];
extern const size_t schemas_staged_count;

/* Checks that C may be staged: docs/protocol.md R5.17, R8.2, R8.6 and staging/change.h. */
void schemas_check_change(const struct change *c);

#endif
