/* SPDX-License-Identifier: MIT */
/*
 * A statement belongs to a table *and* a list of columns: after a deployment, calls that began
 * under the old schema and calls under the new one may be in one batch, each with its own columns.
 *
 * Rows that fit one execution are inserted and committed by it, in one round trip; larger sets are
 * inserted between BEGIN and COMMIT.  If the connection breaks during the former, the outcome is
 * unknown whenever it breaks; during the latter it is unknown only while COMMIT is on its way.  But
 * COMMIT takes most of the time in either case, and without the two further round trips a server
 * with few clients takes 1.5 times as many calls.
 */
#include "config.h"

#include "staging/inserter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"

#define uthash_malloc(size)   xmalloc(size)
#define uthash_fatal(message) abort()
#include <uthash.h>

/* A prepared statement uses memory of the server; beyond this number the oldest is closed. */
#define MAX_STATEMENTS 256

/* Bytes that the protocol adds: to a value its length and an indicator, to a statement its header
 * and the types of its parameters. */
#define CELL_OVERHEAD	   10
#define STATEMENT_OVERHEAD 1024
#define COLUMN_OVERHEAD	   2

/* _operation, _key, _fields, _links, _operator, _address precede the schema's columns. */
#define OWN_COLUMNS 6

struct statement {
	char *signature; /* the table, the columns and their kinds */
	char *sql;
	enum db_cell *kinds;
	size_t columns;
	struct db_bulk *bulk; /* NULL until it was opened */
	UT_hash_handle hh;
};

struct row {
	const struct change *change;
	struct statement *statement; /* NULL after the row was inserted */
	size_t bytes;
};

struct inserter {
	size_t batch_rows;
	size_t batch_bytes;
	struct statement *statements; /* by signature; uthash keeps the order of insertion */
	struct row *rows;
	size_t row_count, row_size;
	size_t row_bytes;	/* of all rows */
	struct db_value *cells; /* of the execution that is being filled */
	size_t cell_size;
	struct buf signature;
};

struct inserter *inserter_new(size_t batch_rows, size_t batch_bytes)
{
	struct inserter *ins = xcalloc(1, sizeof(*ins));

	ins->batch_rows = batch_rows > 0 ? batch_rows : 1;
	ins->batch_bytes = batch_bytes;
	return ins;
}

static void statement_drop(struct inserter *ins, struct statement *st)
{
	HASH_DEL(ins->statements, st);
	db_bulk_free(&st->bulk);
	free(st->signature);
	free(st->sql);
	free(st->kinds);
	free(st);
}

void inserter_forget(struct inserter *ins)
{
	struct statement *st, *next;

	inserter_clear(ins);
	HASH_ITER (hh, ins->statements, st, next) {
		statement_drop(ins, st);
	}
}

void inserter_free(struct inserter **holder)
{
	struct inserter *ins = *holder;

	if (ins == NULL)
		return;
	inserter_forget(ins);
	buf_free(&ins->signature);
	free(ins->cells);
	free(ins->rows);
	free(ins);
	*holder = NULL;
}

void inserter_clear(struct inserter *ins)
{
	ins->row_count = 0;
	ins->row_bytes = 0;
}

/* ---- statements ---- */

static void write_signature(struct buf *out, const struct schema *schema)
{
	buf_clear(out);
	buf_add(out, schema->log_table);
	for (size_t i = 0; i < schema->field_count; i++) {
		buf_add(out, schema->fields[i].type == XTK_BLOB ? "\nB" : "\nT");
		buf_add(out, schema->fields[i].column);
	}
}

static struct statement *statement_new(const char *signature, const struct schema *schema)
{
	struct statement *st = xcalloc(1, sizeof(*st));
	struct buf sql = BUF_INIT;

	st->signature = xstrdup(signature);
	st->columns = OWN_COLUMNS + schema->field_count;
	st->kinds = xcalloc(st->columns, sizeof(*st->kinds));
	buf_add(&sql, "INSERT INTO ");
	db_quote_name(&sql, schema->log_table);
	buf_add(&sql, " (_operation,_key,_fields,_links,_operator,_address");
	for (size_t i = 0; i < schema->field_count; i++) {
		buf_add_char(&sql, ',');
		db_quote_name(&sql, schema->fields[i].column);
		if (schema->fields[i].type == XTK_BLOB)
			st->kinds[OWN_COLUMNS + i] = DB_CELL_BINARY;
	}
	buf_add(&sql, ") VALUES (?");
	for (size_t i = 1; i < st->columns; i++)
		buf_add(&sql, ",?");
	buf_add_char(&sql, ')');
	st->sql = buf_steal(&sql);
	return st;
}

static struct statement *statement_for(struct inserter *ins, const struct schema *schema)
{
	struct statement *st;

	write_signature(&ins->signature, schema);
	HASH_FIND_STR(ins->statements, buf_text(&ins->signature), st);
	if (st == NULL) {
		st = statement_new(buf_text(&ins->signature), schema);
		HASH_ADD_KEYPTR(hh, ins->statements, st->signature, strlen(st->signature), st);
	}
	return st;
}

/* Call it only while no row points to a statement. */
static void trim_statements(struct inserter *ins)
{
	while (HASH_COUNT(ins->statements) > MAX_STATEMENTS)
		statement_drop(ins, ins->statements);
}

/* ---- rows ---- */

static size_t bytes_of(const struct change *change)
{
	size_t columns = OWN_COLUMNS + change->schema->field_count;
	size_t bytes = columns * CELL_OVERHEAD + 1 + strlen(change->key) + strlen(change->fields) +
		       (change->links != NULL ? strlen(change->links) : 0) +
		       strlen(change->operator) + strlen(change->address);

	for (size_t i = 0; i < change->schema->field_count; i++)
		bytes += change->cells[i].length;
	return bytes;
}

void inserter_add(struct inserter *ins, const struct change *changes, size_t count)
{
	if (ins->row_count == 0)
		trim_statements(ins);
	if (ins->row_size - ins->row_count < count) {
		ins->row_size = 2 * (ins->row_count + count);
		ins->rows = xrealloc(ins->rows, ins->row_size, sizeof(*ins->rows));
	}
	for (size_t i = 0; i < count; i++) {
		const struct row *before =
		    ins->row_count > 0 ? &ins->rows[ins->row_count - 1] : NULL;
		struct row *row = &ins->rows[ins->row_count++];

		row->change = &changes[i];
		/* Equal pointers mean equal schemas, because the calls hold their schemas. */
		if (before != NULL && before->change->schema == changes[i].schema)
			row->statement = before->statement;
		else
			row->statement = statement_for(ins, changes[i].schema);
		row->bytes = bytes_of(&changes[i]);
		ins->row_bytes += row->bytes;
	}
}

static void write_cells(struct db_value *to, const struct change *change)
{
	static const char *const digits[] = {"0", "1", "2", "3", "4"};

	to[0] = db_text(digits[change->operation]);
	to[1] = db_text(change->key);
	to[2] = db_text(change->fields);
	to[3] = db_text(change->links);
	to[4] = db_text(change->operator);
	to[5] = db_text(change->address);
	for (size_t i = 0; i < change->schema->field_count; i++)
		to[OWN_COLUMNS + i] = change->cells[i];
}

static enum outcome open_statement(struct db *db, struct statement *st)
{
	if (st->bulk != NULL)
		return OUTCOME_OK;
	return db_bulk_open(db, st->sql, st->kinds, st->columns, &st->bulk);
}

static enum outcome execute(struct db *db, struct statement *st, const struct db_value *cells,
			    size_t rows)
{
	enum outcome rc;

	if (rows == 0)
		return OUTCOME_OK;
	if ((rc = open_statement(db, st)) != OUTCOME_OK)
		return rc;
	return db_bulk_execute(st->bulk, cells, rows);
}

static size_t largest_row(const struct db *db, const struct statement *st)
{
	uint64_t packet = db_max_packet(db);
	size_t overhead = STATEMENT_OVERHEAD + COLUMN_OVERHEAD * st->columns;

	return packet > overhead ? packet - overhead : 0;
}

/* Makes CELLS large enough for the rows from FIRST on that fit one execution. */
static void reserve_cells(struct inserter *ins, const struct statement *st, size_t first)
{
	size_t rows = ins->row_count - first;

	if (rows > ins->batch_rows)
		rows = ins->batch_rows;
	if (ins->cell_size < rows * st->columns) {
		ins->cell_size = rows * st->columns;
		ins->cells = xrealloc(ins->cells, ins->cell_size, sizeof(*ins->cells));
	}
}

/* The most bytes of rows in one execution. */
static size_t byte_limit(const struct inserter *ins, const struct db *db,
			 const struct statement *st)
{
	size_t most = largest_row(db, st);
	size_t limit = ins->batch_bytes > 0 ? ins->batch_bytes : most / 2;

	return limit < most ? limit : most;
}

/* Inserts all rows of ST from FIRST on, in as few executions as the limits allow. */
static enum outcome insert_rows_of(struct inserter *ins, struct db *db, struct statement *st,
				   size_t first, bool *too_big)
{
	size_t most = largest_row(db, st);
	size_t limit = byte_limit(ins, db, st);
	size_t waiting = 0;
	size_t bytes = 0;

	reserve_cells(ins, st, first);
	for (size_t i = first; i < ins->row_count; i++) {
		struct row *row = &ins->rows[i];
		enum outcome rc;

		if (row->statement != st)
			continue;
		if (row->bytes > most) {
			log_warn("%s: a record of %zu bytes does not fit max_allowed_packet",
				 row->change->schema->log_table, row->bytes);
			*too_big = true;
			return OUTCOME_REJECTED;
		}
		if (waiting == ins->batch_rows || (waiting > 0 && bytes + row->bytes > limit)) {
			if ((rc = execute(db, st, ins->cells, waiting)) != OUTCOME_OK)
				return rc;
			waiting = 0;
			bytes = 0;
		}
		write_cells(&ins->cells[waiting++ * st->columns], row->change);
		bytes += row->bytes;
		row->statement = NULL;
	}
	return execute(db, st, ins->cells, waiting);
}

static bool fits_one(const struct inserter *ins, const struct db *db)
{
	const struct statement *st = ins->rows[0].statement;

	if (ins->row_count > ins->batch_rows || ins->row_bytes > byte_limit(ins, db, st))
		return false;
	for (size_t i = 1; i < ins->row_count; i++) {
		if (ins->rows[i].statement != st)
			return false;
	}
	return true;
}

static enum outcome commit_one(struct inserter *ins, struct db *db)
{
	struct statement *st = ins->rows[0].statement;
	enum outcome rc;

	if ((rc = open_statement(db, st)) != OUTCOME_OK)
		return rc;
	reserve_cells(ins, st, 0);
	for (size_t i = 0; i < ins->row_count; i++)
		write_cells(&ins->cells[i * st->columns], ins->rows[i].change);
	return db_bulk_commit(st->bulk, ins->cells, ins->row_count);
}

enum outcome inserter_commit(struct inserter *ins, struct db *db, bool *too_big)
{
	enum outcome rc;

	*too_big = false;
	if (ins->row_count == 0)
		return OUTCOME_OK;
	if (fits_one(ins, db))
		return commit_one(ins, db);
	if ((rc = db_begin(db)) != OUTCOME_OK)
		return rc;
	for (size_t i = 0; i < ins->row_count; i++) {
		if (ins->rows[i].statement == NULL)
			continue;
		rc = insert_rows_of(ins, db, ins->rows[i].statement, i, too_big);
		if (rc != OUTCOME_OK)
			return rc;
	}
	return db_commit(db);
}
