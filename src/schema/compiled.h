/* SPDX-License-Identifier: MIT */
/*
 * The documents that describe a deployed schema to clients: its source, the compiled schema and the
 * staging schema (docs/protocol.md R5.13 to R5.17, 5.6).
 */
#ifndef CAMPAIGN_SCHEMA_COMPILED_H
#define CAMPAIGN_SCHEMA_COMPILED_H

#include "base/arena.h"
#include "base/buf.h"
#include "schema/model.h"

#define COMPILED_MD5_SIZE 33 /* hexadecimal, with its NUL */

enum compiled_kind {
	COMPILED_SOURCE,  /* srcSchema */
	COMPILED_SCHEMA,  /* schema */
	COMPILED_STAGING, /* schema; only for a staged schema: R5.15 */
};

/* A document that is being written: all of it except the end tag of its root.  The caller may
 * append further children of the root to `text`. */
struct compiled {
	struct buf text;
	size_t md5_at; /* offset in `text` of the attribute md5, which compiled_finish inserts */
};

void compiled_begin(struct compiled *c, const struct schema *s, enum compiled_kind kind);
/* Begins the document of a schema that is not deployed.  ATTRIBUTES are those of the root as XML,
 * with a leading blank. */
void compiled_begin_plain(struct compiled *c, const char *attributes);

/* Closes ROOT ("schema", "srcSchema"), appends the document with its md5 (R5.13) to OUT, without
 * an XML declaration, and frees the memory of C. */
void compiled_finish(struct compiled *c, const char *root, struct buf *out,
		     char md5[COMPILED_MD5_SIZE]);

#endif
