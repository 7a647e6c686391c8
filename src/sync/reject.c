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
/* If it is repeated after a COMMIT without an answer, its rows exist already. */
static const char sql_store[] =
    "INSERT INTO campaign_reject (schema_id, seq, record, held, reason, rejected_at)"
    " VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE seq = VALUES(seq)";
#define STORE_COLUMNS 5

struct record { /* a record that has rejects */
	unsigned char identity[FOLD_IDENTITY_SIZE];
	uint64_t seq; /* the number of its first reject */
	bool kept;    /* remains known after the current batch */
	UT_hash_handle hh;
};

struct reject {
	uint64_t seq;
	unsigned char identity[FOLD_IDENTITY_SIZE];
	bool held;
	char *reason;
};

struct list {
	struct reject *rejects;
	size_t count, size;
};

struct rejects {
	const struct schema *schema;
	struct record *records;
	struct list batch, doubts;
};

struct rejects *rejects_new(const struct schema *s)
{
	struct rejects *r = xcalloc(1, sizeof(*r));

	r->schema = s;
	return r;
}

static void clear_list(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->rejects[i].reason);
	l->count = 0;
}

static void add_to_list(struct list *l, const struct reject *reject)
{
	if (l->count == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->rejects = xrealloc(l->rejects, l->size, sizeof(*l->rejects));
	}
	l->rejects[l->count++] = *reject;
}

static void move_list(struct list *to, struct list *from)
{
	for (size_t i = 0; i < from->count; i++)
		add_to_list(to, &from->rejects[i]);
	from->count = 0;
}

static void clear_records(struct rejects *r, bool all)
{
	struct record *record, *next;

	HASH_ITER (hh, r->records, record, next) {
		if (!all && record->kept)
			continue;
		HASH_DEL(r->records, record);
		free(record);
	}
}

void rejects_free(struct rejects **r)
{
	if (*r == NULL)
		return;
	clear_list(&(*r)->batch);
	clear_list(&(*r)->doubts);
	clear_records(*r, true);
	free((*r)->batch.rejects);
	free((*r)->doubts.rejects);
	free(*r);
	*r = NULL;
}

static struct record *find_record(const struct rejects *r, const unsigned char *identity)
{
	struct record *record;

	HASH_FIND(hh, r->records, identity, FOLD_IDENTITY_SIZE, record);
	return record;
}

static void add_record(struct rejects *r, const unsigned char *identity, uint64_t seq, bool kept)
{
	struct record *record = find_record(r, identity);

	if (record != NULL)
		return;
	record = xcalloc(1, sizeof(*record));
	memcpy(record->identity, identity, FOLD_IDENTITY_SIZE);
	record->seq = seq;
	record->kept = kept;
	HASH_ADD(hh, r->records, identity, FOLD_IDENTITY_SIZE, record);
}

enum outcome rejects_load(struct rejects *r, struct db *db)
{
	struct db_value id = db_text(r->schema->id);
	struct db_rows *rows = NULL;
	enum outcome rc;

	clear_list(&r->batch);
	clear_list(&r->doubts);
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
	struct reject reject = {.seq = c->seq, .held = held};

	reject.reason = reason;
	memcpy(reject.identity, c->identity, FOLD_IDENTITY_SIZE);
	add_to_list(&r->batch, &reject);
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
	clear_list(&r->batch);
	clear_records(r, false);
}

static void keep_records(struct rejects *r)
{
	struct record *record, *next;

	HASH_ITER (hh, r->records, record, next)
		record->kept = true;
}

void rejects_doubt(struct rejects *r)
{
	move_list(&r->doubts, &r->batch);
	keep_records(r);
}

void rejects_confirm(struct rejects *r)
{
	move_list(&r->batch, &r->doubts);
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
	for (size_t i = 0; i < r->batch.count && rc == OUTCOME_OK; i++) {
		const struct reject *reject = &r->batch.rejects[i];
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
	size_t count = r->batch.count;
	struct seqset set = {0};
	uint64_t *numbers;
	enum outcome rc;

	if (count == 0)
		return OUTCOME_OK;
	numbers = xcalloc(count, sizeof(*numbers));
	for (size_t i = 0; i < count; i++)
		numbers[i] = r->batch.rejects[i].seq;
	qsort(numbers, count, sizeof(*numbers), by_number);
	for (size_t i = 0; i < count; i++)
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
	keep_records(r);
	clear_list(&r->batch);
}
