/* SPDX-License-Identifier: MIT */
/*
 * The temporary table in which records stand while they are merged: part of
 * mariadb.c, nobody else's.  One per schema and key list in a session; made once,
 * emptied before each use, gone with the session.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_SCRATCH_H
#define CAMPAIGN_CLOUD_MARIADB_SCRATCH_H

#include <stdbool.h>

#include "cloud/target.h"
#include "db/db.h"
#include "schema/model.h"

#define SCRATCH_WORD_BITS 64

/*
 * Columns: n; del, ins: what the record does; at; u0.. and g0..: its masks, 64 fields a
 * word; c0..: the cells, typed as in the log, so that values compare with the entity's
 * columns without conversion.
 */
struct scratch {
	struct db *db;
	const struct schema *schema;
	size_t *key;
	size_t key_count;
	bool entity_indexed; /* the entity's table has an index that serves the key */
	bool warned;	     /* that it has none */
	char *name;	     /* quoted */
	struct db_bulk *bulk;
	bool finds;			  /* the last merge has found rows */
	const struct merge_record *ahead; /* what it was loaded with ahead, and is not merged yet */
	size_t ahead_count;
	size_t words;	/* of a mask */
	size_t columns; /* of the scratch table */
};

/* NUMBER tells it from the session's others. */
enum outcome scratch_open(struct db *db, const struct schema *s, const size_t *key,
			  size_t key_count, unsigned number, struct scratch **out);
/* Before the session is closed. */
void scratch_free(struct scratch **scratch);
bool scratch_is_for(const struct scratch *t, const struct schema *s, const size_t *key,
		    size_t key_count);

/* Empties and fills it, unless it was loaded ahead with the same.  *TOO_LARGE, with REJECTED: a
 * record does not fit into a packet. */
enum outcome scratch_load(struct scratch *t, const struct merge_record *records, size_t count,
			  bool *too_large);
/* The next scratch_load need not do it.  RECORDS must not change until then, or until it is
 * forgotten. */
enum outcome scratch_load_ahead(struct scratch *t, const struct merge_record *records,
				size_t count);
void scratch_forget_loaded(struct scratch *t);

#endif
