/* SPDX-License-Identifier: MIT */
/*
 * The room that a row has in a table of MariaDB, and how the fields of a schema share it
 * (docs/protocol.md R5.20).  All tables of a schema have the same types, so the one with the
 * most columns of our own decides: the staging log.
 */
#ifndef CAMPAIGN_SCHEMA_ROW_H
#define CAMPAIGN_SCHEMA_ROW_H

#include "base/buf.h"
#include "schema/model.h"

/* A VARCHAR of this many characters is one that InnoDB can store outside a row's page. */
#define ROW_MOVABLE 64

/* Decides for each field whether its column is a VARCHAR: sets field.varchar.  The schema's
 * fields, keys and indexes are complete. */
void row_plan(struct schema *s);

/* Whether the tables of S take every record that has its values at full length; -1 with a line
 * in ERRORS if not.  DEPLOYED is the schema as it is deployed, or NULL: one that was too wide
 * already may stay so, with a line in WARNINGS.  WARNINGS (may be NULL) also tells when a record
 * could be too wide because many of its texts are short. */
int row_check(const struct schema *s, const struct schema *deployed, struct buf *errors,
	      struct buf *warnings);

#endif
