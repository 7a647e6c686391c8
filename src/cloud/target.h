/* SPDX-License-Identifier: MIT */
/*
 * Where replicated rows go.  The sync above this line knows no dialect; MariaDB's protocol is
 * the first implementation (mariadb.c), ODBC with ANSI MERGE is planned.
 *
 * One batch is one transaction: begin, merge any number of times in order, record, commit.
 * One thread uses a target, but for `load`.
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
 * Where CONF says so for the schema, a row that is written tells when and by which run, and a row
 * that is deleted is marked instead.  A marked row is as good as gone for all that follows here: no
 * operation finds, reads or counts it, and its primary key is free (R10.12).
 *
 * One folded record: the net effect of a run of changes with the same key list and the same
 * key values (sync/fold.h).  Semantics, in this order:
 *   1. delete: every row that has the key goes;
 *   2. otherwise every row that has the key gets the columns marked in `update` (several
 *      cloud rows with one key are all changed: R10.4);
 *   3. if `insert` and no row has the key (or `delete`): a row is inserted with the columns
 *      marked in `given`, defaults elsewhere (GetDate() is `at`), and the primary key of
 *      its cell, candidate or supplied.
 */
struct merge_record {
	const struct db_value *cells; /* one per schema field; last value wins */
	const unsigned char *update;  /* bit mask, one bit per field */
	const unsigned char *given;   /* bit mask: fields named at or after the first insert */
	bool delete;
	bool insert;
	const char *at; /* UTC of the change that inserts, "YYYY-MM-DD HH:MM:SS.ffffff" */
};

struct merge_counts {
	uint64_t inserted, updated, deleted;
	uint64_t several; /* keys that matched more than one cloud row: R10.4 */
	uint64_t refused; /* of a copy */
};

/* Exact _seq numbers as ranges of consecutive integers, ascending. */
struct seq_range {
	uint64_t first, last;
};

struct target;

struct target_ops {
	const char *name;
	/* Reads whole tables of such a database, to compare them. */
	const struct reader_ops *reader;
	/* LANE: from 0; no two targets of a run that are open at a time have the same.  RUN: its
	 * number, which rows tell (R10.12); 0 if nothing is committed.  CONF outlives the target.
	 */
	enum outcome (*open)(const struct conf *conf, unsigned lane, uint64_t run,
			     struct target **out);
	void (*close)(struct target **t);
	bool (*alive)(const struct target *t);
	/* Waits until nothing of an earlier run, with up to LANES lanes, is under way there; T is
	 * lane 0, and the only one that is open.  RETRY: it takes too long. */
	enum outcome (*await_others)(struct target *t, unsigned lanes);
	/* The table is there and has S's columns, and those that CONF asks for; OUTCOME_INVALID
	 * with a reason if not. */
	enum outcome (*check)(struct target *t, const struct schema *s);
	/*
	 * Pipelining.  `load` brings RECORDS to the target while another thread is busy with the
	 * batch before; `turn`, between two batches and with no other thread at work, makes use
	 * of it: the first merge after it need not bring the very same RECORDS again.  `unload`:
	 * they have changed since.  All of it saves time only; a merge brings what is not there.
	 */
	void (*load)(struct target *t, const struct schema *s, const size_t *key, size_t key_count,
		     const struct merge_record *records, size_t count);
	void (*turn)(struct target *t);
	void (*unload)(struct target *t);
	enum outcome (*begin)(struct target *t);
	/* KEY: indexes of the key's fields.  REJECTED: at least one record is refused for
	 * good; BUG: refused, or impossible, for a reason that is not known here.  Nothing of
	 * the call has taken effect then, and the transaction goes on: the caller tries again
	 * with fewer. */
	enum outcome (*merge)(struct target *t, const struct schema *s, const size_t *key,
			      size_t key_count, const struct merge_record *records, size_t count,
			      struct merge_counts *counts);
	/* After a merge of these records that ended in BUG: OK if such a merge is possible as long
	 * as there are no rows, so that rows are to blame; else BUG, with the reason. */
	enum outcome (*possible)(struct target *t, const struct schema *s, const size_t *key,
				 size_t key_count, const struct merge_record *records,
				 size_t count);
	/* The last merge was refused because other rows refer to one of its rows. */
	bool (*referenced)(const struct target *t);
	/* In the open transaction: these numbers of the log LOG_ID are applied. */
	enum outcome (*record)(struct target *t, const char *log_id, const struct seq_range *ranges,
			       size_t count);
	enum outcome (*commit)(struct target *t);
	void (*rollback)(struct target *t);
	/* What was recorded for LOG_ID and not forgotten; *RANGES is the caller's to free. */
	enum outcome (*recorded)(struct target *t, const char *log_id, struct seq_range **ranges,
				 size_t *count);
	/* Outside a transaction, or inside one: forgets what is recorded for LOG_ID. */
	enum outcome (*forget)(struct target *t, const char *log_id);
	/* The rows of S that the records' keys find, and what stands in FIELD there: ROW is called
	 * for each, with the number of its record; what VALUE points to is gone afterwards. */
	enum outcome (*read)(struct target *t, const struct schema *s, const size_t *key,
			     size_t key_count, const struct merge_record *records, size_t count,
			     size_t field,
			     void (*row)(void *context, size_t record, struct db_value value),
			     void *context);
	/* Deletes the rows of S in which the number FIELD is not 0. */
	enum outcome (*purge)(struct target *t, const struct schema *s, size_t field,
			      uint64_t *deleted);
	/* The latest FIELD among the rows of S: xstrdup'ed, NULL for none. */
	enum outcome (*latest)(struct target *t, const struct schema *s, size_t field,
			       char **latest);
	enum outcome (*digest)(struct target *t, const struct schema *s, size_t field,
			       struct digest *out);
	/*
	 * Copying a table (R10.7), in the open transaction: begin, rows as often as needed (CELLS
	 * is ROWS x fields of S), end.  Rows with the primary key of a copied one become like it,
	 * others are inserted; WHOLE: rows that were not copied go.  COUNTS tells what differed,
	 * and how many rows of a WHOLE copy are refused, which stay as they were: `reason` names
	 * one. REJECTED, BUG: nothing has taken effect, and the transaction goes on.
	 */
	enum outcome (*copy_begin)(struct target *t, const struct schema *s);
	enum outcome (*copy_rows)(struct target *t, const struct db_value *cells, size_t rows);
	enum outcome (*copy_end)(struct target *t, bool whole, struct merge_counts *counts);
	/* The primary key of the row of S whose KEY fields have VALUES; *FOUND false if there
	 * is none.  OUT is xstrdup'ed.  For links that replication resolves (R7.7). */
	enum outcome (*lookup)(struct target *t, const struct schema *s, const size_t *key,
			       const struct db_value *values, size_t key_count, char **out,
			       bool *found);
	/* Why the last call failed, for rejects and logs. */
	const char *(*reason)(const struct target *t);
};

extern const struct target_ops target_mariadb;

#endif
