/* SPDX-License-Identifier: MIT */
/* Compiles srcSchema XML to struct schema: docs/protocol.md 5.2 to 5.4 (R5.1 to R5.18). */
#ifndef CAMPAIGN_SCHEMA_SOURCE_H
#define CAMPAIGN_SCHEMA_SOURCE_H

#include "base/buf.h"
#include "schema/model.h"

/*
 * Returns the compiled schema with this id, or NULL if it is not known.  The compiler needs the
 * targets of links for the types of foreign keys (R5.9); the foreign key to an unknown target is a
 * uuid.
 */
typedef const struct schema *schema_lookup(void *context, const char *id);

/*
 * Compiles LENGTH bytes of source.  On errors returns NULL with one or more lines in ERRORS, each
 * of which names the wrong element or attribute.  WARNINGS (may be NULL) gets lines about
 * declarations that are accepted but have no effect or are probably wrong.
 */
struct schema *schema_compile(const char *source, size_t length, schema_lookup *find, void *context,
			      struct buf *errors, struct buf *warnings);

#endif
