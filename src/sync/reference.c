/* SPDX-License-Identifier: MIT */
/*
 * Copies reference tables; see reference.h.
 *
 * Copying twice is harmless, so after a COMMIT without an answer no look-up is necessary.
 */
#include "config.h"

#include "sync/reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"

/* A row may be committed after a copied row and yet have an older time, if its transaction took
 * long. So the copy begins earlier by this interval; copying a row twice changes nothing. */
#define OVERLAP "INTERVAL 10 MINUTE"

/* Limits of the rows in memory. */
#define CHUNK_ROWS  1000
#define CHUNK_BYTES (4 << 20)

struct copying {
	const struct reference_options *o;
	struct merge_counts found;
	bool at_staging; /* the failure came from the staging database */
};

/* Returns the field that identifies new rows, -1 if there is none. */
static int time_field(const struct schema *s)
{
	int field = schema_field_by_xpath(s, "@lastModified");

	if (field < 0 || s->pk < 0)
		return -1; /* a partial copy needs a primary key */
	switch (s->fields[field].type) {
	case XTK_DATETIME:
	case XTK_DATETIMETZ:
	case XTK_DATETIMENOTZ:
		return field;
	default:
		return -1;
	}
}

static void add_select(const struct schema *s, struct buf *sql)
{
	buf_add(sql, "SELECT ");
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(sql, i > 0 ? ", " : "");
		db_quote_name(sql, s->fields[i].column);
	}
	buf_add(sql, " FROM ");
	db_quote_name(sql, s->table);
}

/* Reads up to one chunk of rows from the stream into ARENA. */
static size_t take_rows(struct db_rows *rows, struct arena *arena, struct db_value *cells,
			size_t columns)
{
	size_t count = 0, bytes = 0;

	while (count < CHUNK_ROWS && bytes < CHUNK_BYTES && db_rows_next(rows)) {
		for (size_t i = 0; i < columns; i++) {
			struct db_value v = db_rows_value(rows, i);

			if (v.text != NULL)
				v.text = arena_strndup(arena, v.text, v.length);
			bytes += v.length;
			cells[count * columns + i] = v;
		}
		count++;
	}
	return count;
}

static enum outcome pour(struct copying *c, struct db_rows *rows)
{
	const struct ends *e = c->o->ends;
	size_t columns = c->o->schema->field_count, count;
	struct db_value *cells = xcalloc(CHUNK_ROWS * columns + 1, sizeof(*cells));
	struct arena *arena = arena_new();
	enum outcome rc = OUTCOME_OK;

	while (rc == OUTCOME_OK && (count = take_rows(rows, arena, cells, columns)) > 0) {
		rc = e->ops->copy_rows(e->target, cells, count);
		arena_reset(arena);
	}
	if (rc == OUTCOME_OK && db_rows_outcome(rows) != OUTCOME_OK) {
		c->at_staging = true;
		rc = db_rows_outcome(rows);
	}
	arena_free(&arena);
	free(cells);
	return rc;
}

/* Copies the rows whose time is not before LATEST minus OVERLAP, and the rows without a time.
 * LATEST is NULL: the whole table. */
static enum outcome copy(struct copying *c, int field, const char *latest)
{
	const struct ends *e = c->o->ends;
	const struct schema *s = c->o->schema;
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	add_select(s, &sql);
	if (latest != NULL) {
		buf_add(&sql, " WHERE ");
		db_quote_name(&sql, s->fields[field].column);
		buf_add(&sql, " >= ");
		db_quote_text(e->db, &sql, latest, strlen(latest));
		buf_add(&sql, " - " OVERLAP " OR ");
		db_quote_name(&sql, s->fields[field].column);
		buf_add(&sql, " IS NULL");
	}
	if ((rc = e->ops->copy_begin(e->target, s)) == OUTCOME_OK) {
		rc = db_stream(e->db, buf_text(&sql), &rows);
		c->at_staging = rc != OUTCOME_OK;
	}
	if (rc == OUTCOME_OK)
		rc = pour(c, rows);
	db_rows_free(&rows);
	buf_free(&sql);
	return rc == OUTCOME_OK ? e->ops->copy_end(e->target, latest == NULL, &c->found) : rc;
}

static enum outcome compare(struct copying *c, size_t field, bool *equal)
{
	const struct ends *e = c->o->ends;
	const struct schema *s = c->o->schema;
	struct digest here, there;
	enum outcome rc;

	rc = digest_read(e->db, s, field, "", &here);
	c->at_staging = rc != OUTCOME_OK;
	if (rc == OUTCOME_OK)
		rc = e->ops->digest(e->target, s, field, &there);
	*equal = rc == OUTCOME_OK && digest_equal(&here, &there);
	return rc;
}

/* The target may refuse a row of a partial copy because of a row that was removed from staging;
 * only a whole copy removes it. After a successful partial copy the tables differ only if rows
 * were removed, were added with an old time, or were refused in an earlier run. */
static enum outcome copy_what_is_new(struct copying *c, int field, const char *latest)
{
	bool equal = false;
	enum outcome rc;

	rc = copy(c, field, latest);
	if (rc == OUTCOME_OK)
		rc = compare(c, (size_t)field, &equal);
	else if ((rc == OUTCOME_REJECTED || rc == OUTCOME_BUG) && !c->at_staging)
		rc = OUTCOME_OK;
	return rc == OUTCOME_OK && !equal ? copy(c, field, NULL) : rc;
}

static enum outcome copy_what_is_needed(struct copying *c)
{
	const struct ends *e = c->o->ends;
	const struct schema *s = c->o->schema;
	int field = time_field(s);
	char *latest = NULL;
	enum outcome rc;

	if (field < 0)
		return copy(c, -1, NULL);
	if ((rc = e->ops->latest(e->target, s, (size_t)field, &latest)) != OUTCOME_OK)
		return rc;
	rc = latest == NULL ? copy(c, field, NULL) : copy_what_is_new(c, field, latest);
	free(latest);
	return rc;
}

/* A dry run executes the whole copy and rolls it back. */
static enum outcome try_to_copy(void *context)
{
	struct copying *c = context;
	const struct ends *e = c->o->ends;
	enum outcome rc;

	c->found = (struct merge_counts){0};
	c->at_staging = false;
	if ((rc = run_lock_check(c->o->ends->lock)) != OUTCOME_OK)
		return rc;
	if ((rc = e->ops->begin(e->target)) != OUTCOME_OK)
		return rc;
	rc = copy_what_is_needed(c);
	if (rc == OUTCOME_OK && !c->o->dry_run)
		return e->ops->commit(e->target);
	e->ops->rollback(e->target);
	return rc;
}

enum outcome reference_copy(const struct reference_options *options, const char **reason)
{
	struct copying c = {.o = options};
	const struct ends *e = options->ends;
	struct run_counts *counts = options->counts;
	int64_t start = clock_monotonic_ms();
	enum outcome rc;

	rc = ends_persist(options->ends, try_to_copy, &c, &counts->retries);
	counts->milliseconds += (uint64_t)(clock_monotonic_ms() - start);
	if (rc == OUTCOME_OK) {
		counts->inserted += c.found.inserted;
		counts->updated += c.found.updated;
		counts->deleted += c.found.deleted;
		counts->merged += c.found.inserted + c.found.updated + c.found.deleted;
		counts->rejected = c.found.refused;
		counts->changes = counts->merged + counts->rejected;
		if (c.found.refused == 0)
			return OUTCOME_OK;
		rc = OUTCOME_REJECTED;
	}
	if (c.at_staging)
		*reason =
		    e->db != NULL ? db_error(e->db) : "the staging database cannot be reached";
	else
		*reason = e->target != NULL ? e->ops->reason(e->target)
					    : "the cloud database cannot be reached";
	return rc;
}
