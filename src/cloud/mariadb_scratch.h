/* SPDX-License-Identifier: MIT */
/*
 * The scratch table: a temporary table that holds the records of a merge.  Private to mariadb.c.  A
 * session has one per schema and key list.  It is created once, emptied before each use, and lasts
 * until the session ends.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_SCRATCH_H
#define CAMPAIGN_CLOUD_MARIADB_SCRATCH_H

#include <stdbool.h>

#include "cloud/mariadb_probe.h"
#include "cloud/mariadb_table.h"
#include "cloud/target.h"
#include "db/db.h"
#include "schema/model.h"

#define SCRATCH_WORD_BITS    64
#define SCRATCH_REFUSAL_SIZE 512

/*
 * Columns: n, the index of the record; del and ins, whether the record deletes or inserts; at;
 * u0.. and g0.., the masks `update` and `given` in words of 64 fields; c0.., the cells, with the
 * types of the log, so that they compare with the entity's columns as deployed without conversion;
 * o, an AUTO_INCREMENT primary key, if the table has one.
 */
struct scratch {
	struct db *db;
	const struct schema *schema;
	const struct mariadb_table *table;  /* the entity's */
	struct probe *probe;		    /* NULL if its columns store all values exactly */
	char refusal[SCRATCH_REFUSAL_SIZE]; /* reason, if the server did not refuse */
	size_t *key;
	size_t key_count;
	bool entity_indexed; /* the entity's table has an index that serves the key */
	bool pk_indexed;     /* the entity's table has an index that serves the primary key */
	bool warned;	     /* warn_of_slow_key has dealt with this table */
	char *name;	     /* quoted */
	struct db_bulk *bulk;
	bool finds;			  /* the last merge found rows */
	const struct merge_record *ahead; /* records loaded ahead and not yet merged; NULL: none */
	size_t ahead_count;
	size_t words;	/* 64-bit words of a mask */
	size_t columns; /* of the scratch table, without o */
	bool ordered;	/* the scratch table has the column o */
};

/* NUMBER is unique among the scratch tables of the session. */
enum outcome scratch_open(struct db *db, const struct mariadb_table *table, const size_t *key,
			  size_t key_count, unsigned number, struct scratch **out);
/* Must be called before the session is closed. */
void scratch_free(struct scratch **scratch);
bool scratch_is_for(const struct scratch *t, const struct schema *s, const size_t *key,
		    size_t key_count);

/* Empties the table and loads RECORDS, unless the same records were loaded ahead.  If a record does
 * not fit into a packet, returns REJECTED and sets *TOO_LARGE. */
enum outcome scratch_load(struct scratch *t, const struct merge_record *records, size_t count,
			  bool *too_large);
/* Preloads the table: the next scratch_load with the same RECORDS and COUNT does nothing.  RECORDS
 * must not change until then, or until scratch_forget_loaded. */
enum outcome scratch_load_ahead(struct scratch *t, const struct merge_record *records,
				size_t count);
void scratch_forget_loaded(struct scratch *t);

/*
 * Adds the join of scratch table t and entity e up to " ON ", in a fixed order.  INDEXED: the
 * server reads the scratch table and looks up the entity's index, so that the cost depends on the
 * size of the batch.  Otherwise it reads the entity and looks up the scratch table's index.
 */
void scratch_add_tables(struct buf *sql, const struct scratch *t, bool indexed);
/* Adds the condition that t and e have the same value in FIELD.  OP is "=" or "<=>". */
void scratch_add_equal(struct buf *sql, const struct scratch *t, size_t field, const char *op);

#endif
