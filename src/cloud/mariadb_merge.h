/* SPDX-License-Identifier: MIT */
/* Merges one set of records at MariaDB.  Private to mariadb.c. */
#ifndef CAMPAIGN_CLOUD_MARIADB_MERGE_H
#define CAMPAIGN_CLOUD_MARIADB_MERGE_H

#include "cloud/mariadb_marks.h"
#include "cloud/mariadb_scratch.h"

/* Implements merge of target.h inside a savepoint, with the schema and key of the scratch table. */
enum outcome mariadb_merge_set(struct scratch *scratch, const struct marks *marks,
			       const struct merge_record *records, size_t count,
			       struct merge_counts *counts, bool *too_large);

/* Runs the statements of such a merge with an empty scratch table. */
enum outcome mariadb_merge_nothing(struct scratch *scratch, const struct marks *marks,
				   const struct merge_record *records, size_t count);

/* Implements read of target.h. */
enum outcome mariadb_read_set(struct scratch *scratch, const struct marks *marks,
			      const struct merge_record *records, size_t count, size_t field,
			      void (*row)(void *context, size_t record, struct db_value value),
			      void *context, bool *too_large);

#endif
