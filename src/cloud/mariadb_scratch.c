/* SPDX-License-Identifier: MIT */
/* Creates and loads the scratch table; see mariadb_scratch.h. */
#include "config.h"

#include "cloud/mariadb_scratch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "cloud/mask.h"
#include "schema/ddl.h"

#define LOAD_ROWS     1000
#define NUMBER_TEXT   24 /* a 64-bit number and its NUL */
#define FIXED_COLUMNS 4	 /* n, del, ins, at */
#define PACKET_SLACK  4096
#define CELL_NAME     24

#define INDEX_FIELDS 4 /* this many fields of INDEX_PREFIX characters fit into an index */
#define INDEX_PREFIX 191

/* Adds an index on at most INDEX_FIELDS of the fields, at most INDEX_PREFIX characters each. */
static void add_key(const struct scratch *t, struct buf *sql, char name, const size_t *fields,
		    size_t count)
{
	for (size_t i = 0; i < count && i < INDEX_FIELDS; i++) {
		const struct field *f = &t->schema->fields[fields[i]];
		bool long_text =
		    f->type == XTK_BLOB ||
		    (xtk_type_is_text(f->type) && (f->varchar == 0 || f->varchar > INDEX_PREFIX));

		if (i == 0)
			buf_addf(sql, ", KEY %c (", name);
		buf_addf(sql, "%sc%zu", i > 0 ? ", " : "", fields[i]);
		if (long_text)
			buf_addf(sql, "(%d)", INDEX_PREFIX);
	}
	if (count > 0)
		buf_add_char(sql, ')');
}

static bool has_index(const struct scratch *t)
{
	return !t->entity_indexed || !t->pk_indexed;
}

/* Adds the scratch table's indexes.  If the entity has no index for the key or the primary key, the
 * scratch table gets one, and a merge reads the entity once from end to end. */
static void add_keys(const struct scratch *t, struct buf *sql)
{
	size_t pk = (size_t)t->schema->pk;

	if (!t->entity_indexed)
		add_key(t, sql, 'k', t->key, t->key_count);
	if (!t->pk_indexed)
		add_key(t, sql, 'p', &pk, 1);
	if (t->ordered)
		buf_add(sql, ", PRIMARY KEY (o)");
}

/*
 * Aria writes no undo log, which halves the time of loading, and empties a table at once; a
 * rollback need not restore the scratch table's rows.  Aria's index keys are shorter than InnoDB's,
 * so a scratch table with an index uses InnoDB.  The server may replace the engine by a fixed one
 * (enforce_storage_engine), and InnoDB may refuse tables without a primary key
 * (innodb_force_primary_key).
 */
static void create_sql(const struct scratch *t, struct buf *sql)
{
	buf_addf(sql,
		 "SET STATEMENT sql_mode = 'STRICT_ALL_TABLES' FOR"
		 " CREATE TEMPORARY TABLE %s (n INT UNSIGNED NOT NULL, del TINYINT NOT NULL,"
		 " ins TINYINT NOT NULL, at DATETIME(6) NULL",
		 t->name);
	for (size_t w = 0; w < t->words; w++)
		buf_addf(sql, ", u%zu BIGINT UNSIGNED NOT NULL, g%zu BIGINT UNSIGNED NOT NULL", w,
			 w);
	for (size_t i = 0; i < t->schema->field_count; i++) {
		buf_addf(sql, ", c%zu ", i);
		ddl_column_type(sql, t->schema, i, DDL_LOG);
	}
	if (t->ordered)
		buf_add(sql, ", o BIGINT UNSIGNED NOT NULL AUTO_INCREMENT");
	add_keys(t, sql);
	buf_addf(sql, ") ENGINE=%s DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin",
		 has_index(t) ? "InnoDB" : "Aria TRANSACTIONAL=0");
}

static enum outcome open_bulk(struct scratch *t)
{
	enum db_cell *kinds = xcalloc(t->columns, sizeof(*kinds));
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_addf(&sql, "INSERT INTO %s VALUES (", t->name);
	for (size_t i = 0; i < t->columns; i++)
		buf_add(&sql, i == 0 ? "?" : ",?");
	buf_add(&sql, t->ordered ? ",NULL)" : ")");
	for (size_t i = 0; i < t->schema->field_count; i++) {
		if (t->schema->fields[i].type == XTK_BLOB)
			kinds[FIXED_COLUMNS + 2 * t->words + i] = DB_CELL_BINARY;
	}
	rc = db_bulk_open(t->db, buf_text(&sql), kinds, t->columns, &t->bulk);
	buf_free(&sql);
	free(kinds);
	return rc;
}

/* *FORCED: the server creates every table with one engine, whatever the statement names
 * (enforce_storage_engine). */
static enum outcome engine_is_forced(struct db *db, bool *forced)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(db, "SELECT @@enforce_storage_engine IS NOT NULL", NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		*forced = db_rows_int(rows, 0) != 0;
	db_rows_free(&rows);
	return rc;
}

/* Creating a temporary table does not commit the transaction.  A primary key slows Aria down, so an
 * Aria table has one only if the server may replace Aria by InnoDB. */
static enum outcome create(struct scratch *t)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	t->ordered = has_index(t);
	if (!t->ordered && (rc = engine_is_forced(t->db, &t->ordered)) != OUTCOME_OK)
		return rc;
	buf_addf(&sql, "DROP TEMPORARY TABLE IF EXISTS %s", t->name);
	rc = db_exec(t->db, buf_text(&sql));
	buf_clear(&sql);
	create_sql(t, &sql);
	if (rc == OUTCOME_OK)
		rc = db_exec(t->db, buf_text(&sql));
	buf_free(&sql);
	return rc;
}

static enum outcome open_probe(struct scratch *t, unsigned number)
{
	char *name = xasprintf("campaign_probe_%u", number);
	enum outcome rc = probe_open(t->db, t->table, name, &t->probe);

	free(name);
	return rc;
}

enum outcome scratch_open(struct db *db, const struct mariadb_table *table, const size_t *key,
			  size_t key_count, unsigned number, struct scratch **out)
{
	const struct schema *s = mariadb_table_schema(table);
	struct scratch *t = xcalloc(1, sizeof(*t));
	size_t pk = s->pk >= 0 ? (size_t)s->pk : 0;
	enum outcome rc;

	t->db = db;
	t->schema = s;
	t->table = table;
	t->key = xcalloc(key_count + 1, sizeof(*t->key));
	memcpy(t->key, key, key_count * sizeof(*t->key));
	t->key_count = key_count;
	t->entity_indexed = key_count == 0 || mariadb_table_serves(table, key, key_count);
	t->pk_indexed =
	    s->pk < 0 || mariadb_table_pk_unique(table) || mariadb_table_serves(table, &pk, 1);
	t->name = xasprintf("`campaign_scratch_%u`", number);
	t->words = (s->field_count + SCRATCH_WORD_BITS - 1) / SCRATCH_WORD_BITS;
	t->columns = FIXED_COLUMNS + 2 * t->words + s->field_count;
	rc = create(t);
	if (rc == OUTCOME_OK)
		rc = open_bulk(t);
	if (rc == OUTCOME_OK)
		rc = open_probe(t, number);
	if (rc == OUTCOME_OK)
		*out = t;
	else
		scratch_free(&t);
	return rc;
}

void scratch_free(struct scratch **scratch)
{
	if (*scratch == NULL)
		return;
	probe_free(&(*scratch)->probe);
	db_bulk_free(&(*scratch)->bulk);
	free((*scratch)->key);
	free((*scratch)->name);
	free(*scratch);
	*scratch = NULL;
}

bool scratch_is_for(const struct scratch *t, const struct schema *s, const size_t *key,
		    size_t key_count)
{
	return t->schema == s && t->key_count == key_count &&
	       memcmp(t->key, key, key_count * sizeof(*key)) == 0;
}

static uint64_t mask_word(const unsigned char *mask, size_t size, size_t word)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 8 && word * 8 + i < size; i++)
		value |= (uint64_t)mask[word * 8 + i] << (8 * i);
	return value;
}

static struct db_value number(struct arena *arena, uint64_t value)
{
	char *text = arena_alloc(arena, NUMBER_TEXT);
	int length = snprintf(text, NUMBER_TEXT, "%" PRIu64, value);

	return (struct db_value){text, (size_t)length};
}

/* Fills ROW with record R, whose index is N.  Returns the size of the row in bytes. */
static size_t load_row(const struct scratch *t, struct arena *arena, const struct merge_record *r,
		       size_t n, struct db_value *row)
{
	size_t size = mask_size(t->schema), bytes = 0;
	struct db_value *v = row;

	*v++ = number(arena, n);
	*v++ = db_text(r->delete ? "1" : "0");
	*v++ = db_text(r->insert ? "1" : "0");
	*v++ = db_text(r->at);
	for (size_t w = 0; w < t->words; w++) {
		*v++ = number(arena, r->delete ? 0 : mask_word(r->update, size, w));
		*v++ = number(arena, mask_word(r->given, size, w));
	}
	for (size_t i = 0; i < t->schema->field_count; i++)
		*v++ = r->cells[i];
	for (size_t i = 0; i < t->columns; i++)
		bytes += row[i].length + 9;
	return bytes;
}

/* Returns the field by which records are sorted before they are loaded, or -1.  In this order the
 * merge finds and writes neighbours in the entity's index one after the other. */
static int sort_field(const struct scratch *t, const struct merge_record *records, size_t count)
{
	for (size_t i = 0; i < count && t->schema->pk >= 0; i++) {
		if (records[i].insert)
			return t->schema->pk;
	}
	return t->key_count > 0 ? (int)t->key[0] : -1;
}

struct place { /* one record in the sorted order */
	struct db_value value;
	size_t record;
};

/* Approximates the order of the index, whatever the field's type.  The order affects only the speed
 * and not the result. */
static int by_value(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	size_t shorter = x->value.length < y->value.length ? x->value.length : y->value.length;
	int order = shorter > 0 ? memcmp(x->value.text, y->value.text, shorter) : 0;

	if (order == 0 && x->value.length != y->value.length)
		order = x->value.length < y->value.length ? -1 : 1;
	return order != 0 ? order : (x->record > y->record) - (x->record < y->record);
}

static struct place *sort_records(const struct scratch *t, const struct merge_record *records,
				  size_t count)
{
	struct place *places = xcalloc(count + 1, sizeof(*places));
	int field = sort_field(t, records, count);

	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){field >= 0 ? records[i].cells[field] : DB_NULL, i};
	if (field >= 0)
		qsort(places, count, sizeof(*places), by_value);
	return places;
}

static enum outcome load_rows(const struct scratch *t, struct arena *arena, struct db_value *cells,
			      const struct merge_record *records, const struct place *places,
			      size_t count, bool *too_large)
{
	size_t limit = (size_t)db_max_packet(t->db) - PACKET_SLACK;
	size_t rows = 0, bytes = 0;
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; i < count && rc == OUTCOME_OK; i++) {
		struct db_value *row = cells + rows * t->columns;
		size_t n = places[i].record;
		size_t more = load_row(t, arena, &records[n], n, row);

		if (more > limit) { /* the server would close the connection on such a packet */
			*too_large = true;
			return OUTCOME_REJECTED;
		}
		if (rows > 0 && bytes + more > limit) {
			rc = db_bulk_execute(t->bulk, cells, rows);
			memmove(cells, row, t->columns * sizeof(*row));
			rows = 0;
			bytes = 0;
		}
		rows++;
		bytes += more;
		if (rc == OUTCOME_OK && rows == LOAD_ROWS) {
			rc = db_bulk_execute(t->bulk, cells, rows);
			rows = 0;
			bytes = 0;
		}
	}
	return rc == OUTCOME_OK && rows > 0 ? db_bulk_execute(t->bulk, cells, rows) : rc;
}

static enum outcome load(struct scratch *t, const struct merge_record *records, size_t count,
			 bool *too_large)
{
	struct db_value *cells = xcalloc(LOAD_ROWS * t->columns, sizeof(*cells));
	struct place *places = sort_records(t, records, count);
	struct arena *arena = arena_new();
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_addf(&sql, "DELETE FROM %s", t->name); /* TRUNCATE would commit */
	rc = db_exec(t->db, buf_text(&sql));
	if (rc == OUTCOME_OK)
		rc = load_rows(t, arena, cells, records, places, count, too_large);
	buf_free(&sql);
	arena_free(&arena);
	free(places);
	free(cells);
	return rc;
}

enum outcome scratch_load(struct scratch *t, const struct merge_record *records, size_t count,
			  bool *too_large)
{
	bool there = t->ahead == records && t->ahead_count == count;

	t->ahead = NULL; /* the merge or the next load changes the table */
	return there ? OUTCOME_OK : load(t, records, count, too_large);
}

enum outcome scratch_load_ahead(struct scratch *t, const struct merge_record *records, size_t count)
{
	bool too_large = false;
	enum outcome rc;

	t->ahead = NULL;
	if ((rc = load(t, records, count, &too_large)) != OUTCOME_OK)
		return rc;
	t->ahead = records;
	t->ahead_count = count;
	return OUTCOME_OK;
}

void scratch_forget_loaded(struct scratch *t)
{
	t->ahead = NULL;
}

void scratch_add_tables(struct buf *sql, const struct scratch *t, bool indexed)
{
	if (indexed)
		buf_addf(sql, "%s t STRAIGHT_JOIN ", t->name);
	db_quote_name(sql, t->schema->table);
	buf_add(sql, " e");
	if (!indexed)
		buf_addf(sql, " STRAIGHT_JOIN %s t", t->name);
	buf_add(sql, " ON ");
}

void scratch_add_equal(struct buf *sql, const struct scratch *t, size_t field, const char *op)
{
	char cell[CELL_NAME];

	snprintf(cell, sizeof(cell), "t.c%zu", field);
	mariadb_table_add_equal(sql, t->table, field, op, cell, false);
}
