/* SPDX-License-Identifier: MIT */
/*
 * The space of a row in a MariaDB table, and how the fields of a schema share it
 * (docs/protocol.md R5.20). A column has the same type in all tables of a schema, so the table
 * with the most columns of our own decides: the staging log.
 */
#ifndef CAMPAIGN_SCHEMA_ROW_H
#define CAMPAIGN_SCHEMA_ROW_H

#include "base/buf.h"
#include "schema/model.h"

/* InnoDB can store a VARCHAR of this many characters outside of a row's page. */
#define ROW_MOVABLE 64

/* Decides for each field whether its column is a VARCHAR, and sets field.varchar. The schema's
 * fields, keys and indexes must be complete. */
void row_plan(struct schema *s);

/* Returns 0 if the tables of S accept every record with all values at full length; otherwise -1
 * with a line in ERRORS. DEPLOYED is the deployed schema, or NULL. If it is too wide already, S
 * may be too wide as well, with a line in WARNINGS. WARNINGS (may be NULL) also gets a line if a
 * record could be too wide because many of its texts are short. */
int row_check(const struct schema *s, const struct schema *deployed, struct buf *errors,
	      struct buf *warnings);

#endif
