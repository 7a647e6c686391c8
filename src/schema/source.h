/* SPDX-License-Identifier: MIT */
/* srcSchema XML -> struct schema: docs/protocol.md 5.2 to 5.4 (R5.1 to R5.18). */
#ifndef CAMPAIGN_SCHEMA_SOURCE_H
#define CAMPAIGN_SCHEMA_SOURCE_H

#include "base/buf.h"
#include "schema/model.h"

/*
 * Tells how another schema's internal key is typed, for foreign keys (R5.9).  Returns the
 * compiled target, or NULL when it is not known (the key then counts as a uuid).
 */
typedef const struct schema *schema_lookup(void *context, const char *id);

/*
 * Compiles LENGTH bytes of source.  Returns NULL with one or more lines in ERRORS, each
 * naming the element or attribute that is wrong.  WARNINGS (may be NULL) gets lines about
 * things that are accepted but probably not meant.
 */
struct schema *schema_compile(const char *source, size_t length, schema_lookup *find, void *context,
			      struct buf *errors, struct buf *warnings);

#endif
