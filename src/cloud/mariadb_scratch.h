/* SPDX-License-Identifier: MIT */
/*
 * The temporary table in which records stand while they are merged: part of
 * mariadb.c, nobody else's.  One per schema and key list in a session; made once,
 * emptied before each use, gone with the session.
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
 * Columns: n; del, ins: what the record does; at; u0.. and g0..: its masks, 64 fields a
 * word; c0..: the cells, typed as in the log, so that values compare with the entity's
 * columns, as they are deployed, without conversion; o: the order, where there is a primary key.
 */
struct scratch {
	struct db *db;
	const struct schema *schema;
	const struct mariadb_table *table;  /* the entity's */
	struct probe *probe;		    /* NULL if its columns hold everything */
	char refusal[SCRATCH_REFUSAL_SIZE]; /* of the last merge, if it is not the server's */
	size_t *key;
	size_t key_count;
	bool entity_indexed; /* the entity's table has an index that serves the key */
	bool pk_indexed;     /* and one that serves the primary key */
	bool warned;	     /* that it has none */
	char *name;	     /* quoted */
	struct db_bulk *bulk;
	bool finds;			  /* the last merge has found rows */
	const struct merge_record *ahead; /* what it was loaded with ahead, and is not merged yet */
	size_t ahead_count;
	size_t words;	/* of a mask */
	size_t columns; /* of the scratch table, but for o */
	bool ordered;	/* it has o */
};

/* NUMBER tells it from the session's others. */
enum outcome scratch_open(struct db *db, const struct mariadb_table *table, const size_t *key,
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

/*
 * Scratch table t and entity e up to ON, with the order fixed: from the scratch table into the
 * entity's index, so that the cost follows the size of the batch; without such an index (INDEXED
 * false) from the entity into the scratch table's.
 */
void scratch_add_tables(struct buf *sql, const struct scratch *t, bool indexed);
/* The two have the same in FIELD; OP is "=" or "<=>". */
void scratch_add_equal(struct buf *sql, const struct scratch *t, size_t field, const char *op);

#endif
