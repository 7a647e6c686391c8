/* SPDX-License-Identifier: MIT */
/* Rejected and held changes; see reject.h. */
#include "config.h"

#include "sync/reject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cloud/seqset.h"
#include "sync/log_rows.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

static const char sql_load[] = "SELECT record, MIN(seq) FROM campaign_reject WHERE schema_id = ?"
			       " GROUP BY record";
/* A repetition after a COMMIT without answer finds its own rows. */
static const char sql_store[] =
    "INSERT INTO campaign_reject (schema_id, seq, record, held, reason, rejected_at)"
    " VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE seq = VALUES(seq)";
#define STORE_COLUMNS 5

struct record { /* one that has rejects */
	unsigned char identity[FOLD_IDENTITY_SIZE];
	uint64_t seq; /* of the first */
	bool stored;
	UT_hash_handle hh;
};

struct reject {
	uint64_t seq;
	unsigned char identity[FOLD_IDENTITY_SIZE];
	bool held;
	char *reason;
};

struct rejects {
	const struct schema *schema;
	struct record *records;
	struct reject *batch;
	size_t count, size;
};

struct rejects *rejects_new(const struct schema *s)
{
	struct rejects *r = xcalloc(1, sizeof(*r));

	r->schema = s;
	return r;
}

static void clear_batch(struct rejects *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->batch[i].reason);
	r->count = 0;
}

static void clear_records(struct rejects *r, bool all)
{
	struct record *record, *next;

	HASH_ITER (hh, r->records, record, next) {
		if (!all && record->stored)
			continue;
		HASH_DEL(r->records, record);
		free(record);
	}
}

void rejects_free(struct rejects **r)
{
	if (*r == NULL)
		return;
	clear_batch(*r);
	clear_records(*r, true);
	free((*r)->batch);
	free(*r);
	*r = NULL;
}

static struct record *find_record(const struct rejects *r, const unsigned char *identity)
{
	struct record *record;

	HASH_FIND(hh, r->records, identity, FOLD_IDENTITY_SIZE, record);
	return record;
}

static void add_record(struct rejects *r, const unsigned char *identity, uint64_t seq, bool stored)
{
	struct record *record = find_record(r, identity);

	if (record != NULL)
		return;
	record = xcalloc(1, sizeof(*record));
	memcpy(record->identity, identity, FOLD_IDENTITY_SIZE);
	record->seq = seq;
	record->stored = stored;
	HASH_ADD(hh, r->records, identity, FOLD_IDENTITY_SIZE, record);
}

enum outcome rejects_load(struct rejects *r, struct db *db)
{
	struct db_value id = db_text(r->schema->id);
	struct db_rows *rows = NULL;
	enum outcome rc;

	clear_batch(r);
	clear_records(r, true);
	rc = db_run(db, sql_load, &id, 1, &rows, NULL);
	while (rc == OUTCOME_OK && db_rows_next(rows)) {
		struct db_value v = db_rows_value(rows, 0);

		if (v.length == FOLD_IDENTITY_SIZE)
			add_record(r, (const unsigned char *)v.text,
				   strtoull(db_rows_text(rows, 1), NULL, 10), true);
	}
	db_rows_free(&rows);
	return rc;
}

uint64_t rejects_ahead(const struct rejects *r, const unsigned char *identity)
{
	const struct record *record = find_record(r, identity);

	return record != NULL ? record->seq : 0;
}

static void add(struct rejects *r, const struct fold_change *c, bool held, char *reason)
{
	struct reject *reject;

	if (r->count == r->size) {
		r->size = r->size == 0 ? 16 : r->size * 2;
		r->batch = xrealloc(r->batch, r->size, sizeof(*r->batch));
	}
	reject = &r->batch[r->count++];
	reject->seq = c->seq;
	memcpy(reject->identity, c->identity, FOLD_IDENTITY_SIZE);
	reject->held = held;
	reject->reason = reason;
	add_record(r, c->identity, c->seq, false);
}

void rejects_add(struct rejects *r, const struct fold_change *c, const char *reason)
{
	char safe[REJECT_REASON_SIZE];

	log_escape(safe, sizeof(safe), reason);
	add(r, c, false, xstrdup(safe));
}

void rejects_hold(struct rejects *r, const struct fold_change *c, uint64_t ahead)
{
	add(r, c, true, xasprintf("held behind rejected change %" PRIu64, ahead));
}

void rejects_undo(struct rejects *r)
{
	clear_batch(r);
	clear_records(r, false);
}

static enum outcome store_reasons(const struct rejects *r, struct db *db)
{
	static const enum db_cell kinds[STORE_COLUMNS] = {
	    DB_CELL_TEXT, DB_CELL_TEXT, DB_CELL_BINARY, DB_CELL_TEXT, DB_CELL_TEXT,
	};
	struct db_bulk *bulk = NULL;
	char seq[24];
	enum outcome rc;

	rc = db_bulk_open(db, sql_store, kinds, STORE_COLUMNS, &bulk);
	for (size_t i = 0; i < r->count && rc == OUTCOME_OK; i++) {
		const struct reject *reject = &r->batch[i];
		struct db_value row[STORE_COLUMNS];

		snprintf(seq, sizeof(seq), "%" PRIu64, reject->seq);
		row[0] = db_text(r->schema->id);
		row[1] = db_text(seq);
		row[2] =
		    (struct db_value){(const char *)reject->identity, sizeof(reject->identity)};
		row[3] = db_text(reject->held ? "1" : "0");
		row[4] = db_text(reject->reason);
		rc = db_bulk_execute(bulk, row, 1);
	}
	db_bulk_free(&bulk);
	return rc;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

enum outcome rejects_store(const struct rejects *r, struct db *db)
{
	struct seqset set = {0};
	uint64_t *numbers;
	enum outcome rc;

	if (r->count == 0)
		return OUTCOME_OK;
	numbers = xcalloc(r->count, sizeof(*numbers));
	for (size_t i = 0; i < r->count; i++)
		numbers[i] = r->batch[i].seq;
	qsort(numbers, r->count, sizeof(*numbers), by_number);
	for (size_t i = 0; i < r->count; i++)
		seqset_add(&set, numbers[i]);
	rc = log_reject(db, r->schema, set.ranges, set.count);
	if (rc == OUTCOME_OK)
		rc = store_reasons(r, db);
	seqset_free(&set);
	free(numbers);
	return rc;
}

void rejects_stored(struct rejects *r)
{
	struct record *record, *next;

	HASH_ITER (hh, r->records, record, next)
		record->stored = true;
	clear_batch(r);
}
