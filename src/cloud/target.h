/* SPDX-License-Identifier: MIT */
/*
 * The interface of a target, the cloud database that receives the replicated rows.  The sync, which
 * calls it, contains no SQL dialect.  The first implementation uses MariaDB's protocol (mariadb.c);
 * a second one with ODBC and ANSI MERGE is planned.
 *
 * One batch is one transaction: begin, any number of merges in order, record, commit.  One thread
 * uses a target; only `load` may run in a second thread at the same time.
 */
#ifndef CAMPAIGN_CLOUD_TARGET_H
#define CAMPAIGN_CLOUD_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/outcome.h"
#include "cloud/digest.h"
#include "cloud/reader.h"
#include "db/db.h"
#include "schema/model.h"

/*
 * If CONF says so for the schema, every written row stores the time and the run that wrote it, and
 * a deletion marks the row instead of removing it.  All operations below treat a marked row as
 * deleted: no operation finds, reads or counts it, and its primary key is free (R10.12).
 *
 * One folded record: the net effect of a run of changes with the same key list and the same
 * key values (sync/fold.h).  A merge does the following for each record, in this order:
 *   1. `delete`: it deletes every row that has the key;
 *   2. otherwise it sets the columns marked in `update` in every row that has the key (if several
 *      cloud rows have one key, it changes all of them: R10.4);
 *   3. if `insert` is set, and no row has the key or `delete` is set: it inserts a row with the
 *      columns marked in `given`, with defaults in the other columns (GetDate() is `at`), and with
 *      the primary key from its cell, either a candidate or supplied by the change.
 */
struct merge_record {
	const struct db_value *cells; /* one per schema field; last value wins */
	const unsigned char *update;  /* bit mask, one bit per field */
	const unsigned char
	    *given; /* bit mask: fields that the first insert or a later change names */
	bool delete;
	bool insert;
	const char *at; /* UTC time of the inserting change, "YYYY-MM-DD HH:MM:SS.ffffff" */
};

struct merge_counts {
	uint64_t inserted, updated, deleted;
	uint64_t several; /* keys that matched more than one cloud row: R10.4 */
	uint64_t refused; /* rows that the target refused in a copy; only copy_end sets it */
};

/* Exact _seq numbers as ranges of consecutive integers, in ascending order. */
struct seq_range {
	uint64_t first, last;
};

struct target;

struct target_ops {
	const char *name;
	/* The reader for databases of the same kind; it reads whole tables for comparison. */
	const struct reader_ops *reader;
	/* LANE: the worker's number, from 0; targets of a run that are open at the same time have
	 * different lanes.  RUN: the run's number, which rows store (R10.12); 0 if the caller
	 * commits nothing.  CONF must outlive the target. */
	enum outcome (*open)(const struct conf *conf, unsigned lane, uint64_t run,
			     struct target **out);
	void (*close)(struct target **t);
	bool (*alive)(const struct target *t);
	/* Waits until no session of an earlier run, which had up to LANES lanes, is at work at the
	 * target.  T is lane 0 and the only open target of this run.  RETRY: the wait timed out. */
	enum outcome (*await_others)(struct target *t, unsigned lanes);
	/* Checks that the table exists and has S's columns and the columns that CONF asks for;
	 * OUTCOME_INVALID with a reason if not. */
	enum outcome (*check)(struct target *t, const struct schema *s);
	/*
	 * Pipelining.  `load` sends RECORDS to the target while another thread merges the previous
	 * batch.  `turn` makes the loaded records available to the next merge: the first merge
	 * after it with the same RECORDS pointer and count does not send them again.  The caller
	 * calls `turn` between two batches, while no other thread uses the target.  `unload`
	 * discards the loaded records because they have changed since.  All three only save time:
	 * a merge sends records that are not loaded.
	 */
	void (*load)(struct target *t, const struct schema *s, const size_t *key, size_t key_count,
		     const struct merge_record *records, size_t count);
	void (*turn)(struct target *t);
	void (*unload)(struct target *t);
	enum outcome (*begin)(struct target *t);
	/* KEY: indexes of the fields of the reconciliation key.  REJECTED: the target permanently
	 * refuses at least one record.  BUG: the merge is refused or impossible for an unknown
	 * reason.  After REJECTED and BUG the call has had no effect and the transaction stays
	 * open: the caller tries again with fewer records. */
	enum outcome (*merge)(struct target *t, const struct schema *s, const size_t *key,
			      size_t key_count, const struct merge_record *records, size_t count,
			      struct merge_counts *counts);
	/* Called after a merge of these records returned BUG.  OK: the statements of the merge
	 * work on no rows, so the data caused the failure.  BUG, with the reason: the statements
	 * fail without rows as well. */
	enum outcome (*possible)(struct target *t, const struct schema *s, const size_t *key,
				 size_t key_count, const struct merge_record *records,
				 size_t count);
	/* True if the last merge was refused because other rows refer to one of its rows. */
	bool (*referenced)(const struct target *t);
	/* Records in the open transaction that RANGES of the log LOG_ID are applied. */
	enum outcome (*record)(struct target *t, const char *log_id, const struct seq_range *ranges,
			       size_t count);
	enum outcome (*commit)(struct target *t);
	void (*rollback)(struct target *t);
	/* Returns the ranges recorded for LOG_ID and not forgotten.  The caller frees *RANGES. */
	enum outcome (*recorded)(struct target *t, const char *log_id, struct seq_range **ranges,
				 size_t *count);
	/* Deletes all that is recorded for LOG_ID, inside or outside a transaction. */
	enum outcome (*forget)(struct target *t, const char *log_id);
	/* Calls ROW for every row of S that has the key of a record, with the index of the record
	 * and the row's value of FIELD.  VALUE is valid only during the call. */
	enum outcome (*read)(struct target *t, const struct schema *s, const size_t *key,
			     size_t key_count, const struct merge_record *records, size_t count,
			     size_t field,
			     void (*row)(void *context, size_t record, struct db_value value),
			     void *context);
	/* Deletes all rows of S whose numeric FIELD is not 0. */
	enum outcome (*purge)(struct target *t, const struct schema *s, size_t field,
			      uint64_t *deleted);
	/* Returns the largest value of FIELD in S's table: xstrdup'ed, NULL if there is none. */
	enum outcome (*latest)(struct target *t, const struct schema *s, size_t field,
			       char **latest);
	enum outcome (*digest)(struct target *t, const struct schema *s, size_t field,
			       struct digest *out);
	/*
	 * Copies a table (R10.7) in the open transaction: copy_begin, any number of copy_rows
	 * (CELLS is ROWS x fields of S), copy_end.  copy_end updates rows that have the primary key
	 * of a copied row and inserts the other copied rows; if WHOLE, it deletes all rows that
	 * were not copied.  COUNTS counts the differences, and the rows of a WHOLE copy that the
	 * target refused: they stay as they were, and `reason` names one of them.  After REJECTED
	 * and BUG the copy has had no effect and the transaction stays open.
	 */
	enum outcome (*copy_begin)(struct target *t, const struct schema *s);
	enum outcome (*copy_rows)(struct target *t, const struct db_value *cells, size_t rows);
	enum outcome (*copy_end)(struct target *t, bool whole, struct merge_counts *counts);
	/* Returns the primary key of the row of S whose KEY fields have VALUES, xstrdup'ed in OUT;
	 * *FOUND is false if no row has them.  Used for links that replication resolves (R7.7). */
	enum outcome (*lookup)(struct target *t, const struct schema *s, const size_t *key,
			       const struct db_value *values, size_t key_count, char **out,
			       bool *found);
	/* Returns why the last call failed, for rejects and logs. */
	const char *(*reason)(const struct target *t);
};

extern const struct target_ops target_mariadb;

#endif
