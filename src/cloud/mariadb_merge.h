/* SPDX-License-Identifier: MIT */
/* The merge of one set of records at MariaDB: part of mariadb.c, nobody else's. */
#ifndef CAMPAIGN_CLOUD_MARIADB_MERGE_H
#define CAMPAIGN_CLOUD_MARIADB_MERGE_H

#include "cloud/mariadb_marks.h"
#include "cloud/mariadb_scratch.h"

/* Carries out what target.h says of merge, with the scratch table's schema and key, inside a
 * savepoint. */
enum outcome mariadb_merge_set(struct scratch *scratch, const struct marks *marks,
			       const struct merge_record *records, size_t count,
			       struct merge_counts *counts, bool *too_large);

/* The statements of such a merge on no rows at all. */
enum outcome mariadb_merge_nothing(struct scratch *scratch, const struct marks *marks,
				   const struct merge_record *records, size_t count);

/* Carries out what target.h says of read. */
enum outcome mariadb_read_set(struct scratch *scratch, const struct marks *marks,
			      const struct merge_record *records, size_t count, size_t field,
			      void (*row)(void *context, size_t record, struct db_value value),
			      void *context, bool *too_large);

#endif
