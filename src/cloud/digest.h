/* SPDX-License-Identifier: MIT */
/* Compares two copies of a table: whether they have the same primary keys and times of change. */
#ifndef CAMPAIGN_CLOUD_DIGEST_H
#define CAMPAIGN_CLOUD_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "db/db.h"
#include "schema/model.h"

struct digest {
	uint64_t rows, sum;
};

/* Computes the digest of S's table from the primary key and the field TIME of each row.  WHERE: "",
 * or an SQL WHERE clause in which "e" is the table. */
enum outcome digest_read(struct db *db, const struct schema *s, size_t time, const char *where,
			 struct digest *out);
bool digest_equal(const struct digest *a, const struct digest *b);

#endif
