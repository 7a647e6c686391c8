/* SPDX-License-Identifier: MIT */
/*
 * Merges one set of records at MariaDB with a few statements, whatever its size:
 *
 *   load     the records into the scratch table, array-bound
 *   delete   the rows of records that delete
 *   mark     the records that have found a row
 *   update   the rows found, only the columns that a record names
 *   insert   rows for the inserting records that have found none
 *
 * Deletions may mark rows instead (mariadb_marks.h); then a record that inserts with the primary
 * key of a marked row overwrites that row.
 *
 * A merge omits steps that have nothing to do; often it only loads and inserts.
 */
#include "config.h"

#include "cloud/mariadb_merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cloud/mariadb_unique.h"
#include "cloud/mask.h"

/* The SQL expression of a version-4 UUID (R5.8); UUID() returns version 1. */
static const char sql_new_uuid[] =
    "LOWER(CONCAT_WS('-', HEX(RANDOM_BYTES(4)), HEX(RANDOM_BYTES(2)),"
    " CONCAT('4', SUBSTR(HEX(RANDOM_BYTES(2)), 2)),"
    " CONCAT(SUBSTR('89AB', 1 + FLOOR(RAND() * 4), 1), SUBSTR(HEX(RANDOM_BYTES(2)), 2)),"
    " HEX(RANDOM_BYTES(6))))";

/* The state of one merge. */
struct merge {
	struct scratch *scratch;
	const struct schema *schema;
	const struct marks *marks;
	const struct merge_record *records;
	size_t count;
	bool deletes, updates, inserts, all_insert;
	bool all_update;	       /* every record that does not delete updates a field */
	unsigned char *updated;	       /* mask: fields that any record updates */
	unsigned char *always_updated; /* mask: fields that every record of merge_update updates */
	unsigned char *given;	       /* mask: fields that any inserting record gives */
	unsigned char *always;	       /* mask: fields that every inserting record gives */
};

static void add_column(struct buf *sql, const char *table, const struct schema *s, size_t field)
{
	buf_addf(sql, "%s.", table);
	db_quote_name(sql, s->fields[field].column);
}

static enum outcome run_sql(const struct merge *m, const char *sql, uint64_t *affected)
{
	return db_run(m->scratch->db, sql, NULL, 0, NULL, affected);
}

static bool key_has_null(const struct merge *m, size_t field)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->records[i].cells[field].text == NULL)
			return true;
	}
	return false;
}

/* Adds the join of scratch table t and entity e on the key.  It compares a key field with "<=>"
 * only if a record has NULL there (allowEmptyPart), because "=" uses an index better. */
static void add_join(const struct merge *m, struct buf *sql)
{
	const struct scratch *t = m->scratch;

	scratch_add_tables(sql, t, t->entity_indexed);
	for (size_t i = 0; i < t->key_count; i++) {
		buf_add(sql, i > 0 ? " AND " : "");
		scratch_add_equal(sql, t, t->key[i], key_has_null(m, t->key[i]) ? "<=>" : "=");
	}
	marks_add_seen(m->marks, sql, " AND ");
}

static void add_bit(struct buf *sql, char mask, size_t field)
{
	buf_addf(sql, "t.%c%zu & %" PRIu64, mask, field / SCRATCH_WORD_BITS,
		 UINT64_C(1) << field % SCRATCH_WORD_BITS);
}

/* Returns the SQL value of an empty field in the entity's table, or NULL for SQL NULL.  Numbers are
 * never null there, nor is text with notNull (R5.11, R6.2).  A date with notNull has no empty
 * value; the server refuses its row. */
static const char *empty_value(const struct field *f)
{
	if (xtk_type_is_number(f->type))
		return "0";
	return f->not_null && xtk_type_is_text(f->type) ? "''" : NULL;
}

/* Adds the cell of FIELD with NULL replaced by the field's empty value. */
static void add_cell(struct buf *sql, const struct schema *s, size_t field)
{
	const char *empty = empty_value(&s->fields[field]);

	if (empty != NULL)
		buf_addf(sql, "IFNULL(t.c%zu, %s)", field, empty);
	else
		buf_addf(sql, "t.c%zu", field);
}

/* True if at most one row can have the key: the key includes the primary key, and the table keeps
 * that unique. */
static bool key_is_unique(const struct merge *m)
{
	if (!mariadb_table_pk_unique(m->scratch->table))
		return false;
	for (size_t i = 0; i < m->scratch->key_count; i++) {
		if ((int)m->scratch->key[i] == m->schema->pk)
			return true;
	}
	return false;
}

/* Runs the SELECT made of WHAT, the join and REST, and returns its first column as a number. */
static enum outcome number(const struct merge *m, const char *what, const char *rest, uint64_t *out)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	buf_add(&sql, what);
	add_join(m, &sql);
	buf_add(&sql, rest);
	rc = db_run(m->scratch->db, buf_text(&sql), NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		*out = (uint64_t)db_rows_int(rows, 0);
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

/* True if a record may find several rows.  A record with an empty key list finds none. */
static bool finds_several(const struct merge *m)
{
	return m->scratch->key_count > 0 && !key_is_unique(m);
}

/* R10.4: if several rows have one key, the merge changes all of them.  Counts such keys of the
 * records that WHERE selects. */
static enum outcome count_several(const struct merge *m, const char *where,
				  struct merge_counts *counts)
{
	struct buf rest = BUF_INIT;
	uint64_t more = 0, several = 0;
	enum outcome rc;

	rc = number(m, "SELECT COUNT(*) - COUNT(DISTINCT t.n) FROM ", where, &more);
	if (rc == OUTCOME_OK && more > 0) {
		buf_addf(&rest, "%s GROUP BY t.n HAVING COUNT(*) > 1) s", where);
		rc = number(m, "SELECT COUNT(*) FROM (SELECT t.n FROM ", buf_text(&rest), &several);
		buf_free(&rest);
	}
	counts->several += several;
	return rc;
}

static enum outcome merge_delete(const struct merge *m, struct merge_counts *counts)
{
	struct buf sql = BUF_INIT;
	uint64_t affected = 0;
	enum outcome rc;

	buf_add(&sql, m->marks->soft ? "UPDATE " : "DELETE e FROM ");
	add_join(m, &sql);
	if (m->marks->soft) {
		buf_add(&sql, " SET ");
		marks_add_deleted(m->marks, &sql);
	}
	buf_add(&sql, " WHERE t.del = 1");
	rc = run_sql(m, buf_text(&sql), &affected);
	counts->deleted += affected;
	buf_free(&sql);
	return rc;
}

/* Adds the new value of FIELD.  A record that does not name the field gets the expression KEPT, or
 * the row's current value if KEPT is NULL. */
static void add_updated(const struct merge *m, struct buf *sql, size_t field, const char *kept)
{
	bool updated = mask_has(m->updated, field);
	bool always = updated && mask_has(m->always_updated, field);

	if (updated && !always) {
		buf_add(sql, "IF(");
		add_bit(sql, 'u', field);
		buf_add(sql, ", ");
	}
	if (updated)
		add_cell(sql, m->schema, field);
	if (updated && !always)
		buf_add(sql, mariadb_table_collate(m->scratch->table, field));
	if (always)
		return;
	buf_add(sql, updated ? ", " : "");
	if (kept != NULL)
		buf_add(sql, kept);
	else
		add_column(sql, "e", m->schema, field);
	buf_add(sql, updated ? ")" : "");
}

/* Adds the WHERE clause of an update: records that update a field, or, if rows store when they were
 * written, all records that do not delete. */
static void add_update_condition(const struct merge *m, struct buf *sql)
{
	if (m->marks->loaded)
		buf_add(sql, " WHERE t.del = 0");
	for (size_t w = 0; w < m->scratch->words && !m->marks->loaded; w++)
		buf_addf(sql, "%s t.u%zu <> 0", w == 0 ? " WHERE (" : " OR", w);
	if (m->scratch->words > 0 && !m->marks->loaded)
		buf_add_char(sql, ')');
}

/* Adds the SET clause of an update.  It also assigns columns with ON UPDATE, which the server would
 * change otherwise. */
static void add_assignments(const struct merge *m, struct buf *sql)
{
	const struct schema *s = m->schema;
	const char *separator = " SET ";

	for (size_t i = 0; i < s->field_count; i++) {
		if (!mask_has(m->updated, i) && !mariadb_table_changes_alone(m->scratch->table, i))
			continue;
		buf_add(sql, separator);
		separator = ", ";
		add_column(sql, "e", s, i);
		buf_add(sql, " = ");
		add_updated(m, sql, i, NULL);
	}
	marks_add_written(m->marks, sql, separator);
}

static enum outcome merge_update(const struct merge *m, struct merge_counts *counts)
{
	struct buf sql = BUF_INIT;
	uint64_t affected = 0;
	enum outcome rc;

	buf_add(&sql, "UPDATE ");
	add_join(m, &sql);
	add_assignments(m, &sql);
	add_update_condition(m, &sql);
	rc = run_sql(m, buf_text(&sql), &affected);
	counts->updated += affected;
	buf_free(&sql);
	return rc;
}

/* Clears `ins` of the records that have found a row, so that they insert none; *FOUND counts them.
 * Must run after the deletion, so that a record that deletes and writes anew (R8.8) inserts. */
static enum outcome mark_found(const struct merge *m, uint64_t *found)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	if (m->scratch->key_count == 0)
		return OUTCOME_OK;
	buf_add(&sql, "UPDATE ");
	add_join(m, &sql);
	buf_add(&sql, " SET t.ins = 0");
	rc = run_sql(m, buf_text(&sql), found);
	buf_free(&sql);
	return rc;
}

/* Adds the value of a field that no change names: R5.12, R6.1.  A constant becomes a parameter. */
static void add_default(struct buf *sql, const struct field *f, struct db_value *params,
			size_t *param_count)
{
	switch (f->default_kind) {
	case DEFAULT_CONSTANT:
		buf_add_char(sql, '?');
		params[(*param_count)++] = db_text(f->default_text);
		break;
	case DEFAULT_GETDATE:
		buf_addf(sql, "CAST(t.at AS %s)",
			 f->type == XTK_DATE   ? "DATE"
			 : f->type == XTK_TIME ? "TIME"
					       : "DATETIME(3)");
		break;
	case DEFAULT_NEWUUID:
		buf_add(sql, sql_new_uuid);
		break;
	case DEFAULT_NONE:
		buf_add(sql, empty_value(f) != NULL ? empty_value(f) : "NULL");
		break;
	}
}

/* Adds the value that an inserted row gets in FIELD.  The primary key always comes from the cell
 * and never from a default: the server refuses a row without one. */
static void add_inserted(const struct merge *m, struct buf *sql, size_t field,
			 struct db_value *params, size_t *param_count)
{
	const struct schema *s = m->schema;

	if ((int)field == s->pk) {
		buf_addf(sql, "t.c%zu", field);
	} else if (mask_has(m->always, field)) {
		add_cell(sql, s, field);
	} else if (!mask_has(m->given, field)) {
		add_default(sql, &s->fields[field], params, param_count);
	} else {
		buf_add(sql, "IF(");
		add_bit(sql, 'g', field);
		buf_add(sql, ", ");
		add_cell(sql, s, field);
		buf_add(sql, ", ");
		add_default(sql, &s->fields[field], params, param_count);
		buf_add_char(sql, ')');
	}
}

static enum outcome merge_insert(const struct merge *m, struct merge_counts *counts)
{
	const struct schema *s = m->schema;
	struct db_value *params = xcalloc(s->field_count + 1, sizeof(*params));
	struct buf sql = BUF_INIT;
	size_t param_count = 0;
	uint64_t affected = 0;
	enum outcome rc;

	buf_add(&sql, "INSERT INTO ");
	db_quote_name(&sql, s->table);
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, i == 0 ? " (" : ", ");
		db_quote_name(&sql, s->fields[i].column);
	}
	marks_add_insert_columns(m->marks, &sql);
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, i == 0 ? ") SELECT " : ", ");
		add_inserted(m, &sql, i, params, &param_count);
	}
	marks_add_insert_values(m->marks, &sql);
	buf_addf(&sql, " FROM %s t WHERE t.ins = 1", m->scratch->name);
	rc = db_run(m->scratch->db, buf_text(&sql), params, param_count, NULL, &affected);
	counts->inserted += affected;
	buf_free(&sql);
	free(params);
	return rc;
}

/* Adds "UPDATE t STRAIGHT_JOIN e ON ... SET ", which joins records with the marked rows that have
 * their primary key. */
static void add_revived(const struct merge *m, struct buf *sql)
{
	const struct schema *s = m->schema;

	buf_addf(sql, "UPDATE %s t STRAIGHT_JOIN ", m->scratch->name);
	db_quote_name(sql, s->table);
	buf_add(sql, " e ON ");
	add_column(sql, "e", s, (size_t)s->pk);
	buf_addf(sql, " = t.c%d", s->pk);
	marks_add_hidden(m->marks, sql, " AND ");
	buf_add(sql, " SET ");
}

static enum outcome overwrite(const struct merge *m, uint64_t *affected)
{
	const struct schema *s = m->schema;
	struct db_value *params = xcalloc(s->field_count + 1, sizeof(*params));
	struct buf sql = BUF_INIT;
	size_t param_count = 0;
	enum outcome rc;

	add_revived(m, &sql);
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(&sql, i > 0 ? ", " : "");
		add_column(&sql, "e", s, i);
		buf_add(&sql, " = ");
		add_inserted(m, &sql, i, params, &param_count);
	}
	marks_add_anew(m->marks, &sql);
	buf_add(&sql, " WHERE t.ins = 2");
	rc = db_run(m->scratch->db, buf_text(&sql), params, param_count, NULL, affected);
	buf_free(&sql);
	free(params);
	return rc;
}

/* R10.10: checks that columns whose type is not as deployed store the updated values exactly. */
static enum outcome try_updates(const struct merge *m)
{
	struct scratch *t = m->scratch;
	struct buf values = BUF_INIT, from = BUF_INIT, kept = BUF_INIT;
	bool tried = false;
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; t->probe != NULL && i < probe_count(t->probe); i++) {
		size_t field = probe_field(t->probe, i);

		tried |= mask_has(m->updated, field);
		buf_clear(&kept);
		probe_add_unwritten(&kept, t->probe, field);
		buf_add(&values, i == 0 ? "" : ", ");
		add_updated(m, &values, field, buf_text(&kept));
	}
	if (tried) {
		add_join(m, &from);
		add_update_condition(m, &from);
		rc = probe_try(t->probe, buf_text(&values), buf_text(&from), NULL, 0, false,
			       t->refusal, sizeof(t->refusal));
	}
	buf_free(&kept);
	buf_free(&from);
	buf_free(&values);
	return rc;
}

/* The same check for inserted values, of the records whose column ins is INS: 1 inserts a row, 2
 * overwrites a marked row (R10.12). */
static enum outcome try_inserts(const struct merge *m, int ins)
{
	struct scratch *t = m->scratch;
	struct db_value *params = xcalloc(m->schema->field_count + 1, sizeof(*params));
	struct buf values = BUF_INIT, from = BUF_INIT;
	size_t param_count = 0;
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; t->probe != NULL && i < probe_count(t->probe); i++) {
		buf_add(&values, i == 0 ? "" : ", ");
		add_inserted(m, &values, probe_field(t->probe, i), params, &param_count);
	}
	buf_addf(&from, "%s t WHERE t.ins = %d", t->name, ins);
	if (t->probe != NULL)
		rc = probe_try(t->probe, buf_text(&values), buf_text(&from), params, param_count,
			       true, t->refusal, sizeof(t->refusal));
	buf_free(&from);
	buf_free(&values);
	free(params);
	return rc;
}

/*
 * Handles records that insert with the primary key of a marked row: the row gets all values that a
 * new row would have.  It is not removed, because rows of other tables may refer to it (foreign
 * keys).  If two records claim the same row, the merge is refused with both; when the caller merges
 * them one at a time, the second is refused.
 */
static enum outcome merge_revive(const struct merge *m, struct merge_counts *counts)
{
	struct buf sql = BUF_INIT;
	uint64_t claims = 0, affected = 0;
	enum outcome rc;

	if (!m->marks->hides || m->schema->pk < 0)
		return OUTCOME_OK;
	add_revived(m, &sql);
	buf_add(&sql, "t.ins = 2 WHERE t.ins = 1");
	rc = run_sql(m, buf_text(&sql), &claims);
	buf_free(&sql);
	if (rc != OUTCOME_OK || claims == 0)
		return rc;
	m->scratch->finds = true;
	if ((rc = try_inserts(m, 2)) != OUTCOME_OK)
		return rc;
	if ((rc = overwrite(m, &affected)) != OUTCOME_OK)
		return rc;
	counts->inserted += affected;
	return affected == claims ? OUTCOME_OK : OUTCOME_REJECTED;
}

static enum outcome insert_left(const struct merge *m, struct merge_counts *counts)
{
	enum outcome rc;

	if ((rc = unique_check(m->scratch)) != OUTCOME_OK)
		return rc;
	if ((rc = try_inserts(m, 1)) != OUTCOME_OK)
		return rc;
	return merge_insert(m, counts);
}

static bool mask_empty(const unsigned char *mask, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (mask[i] != 0)
			return false;
	}
	return true;
}

static void collect(struct merge *m)
{
	size_t size = mask_size(m->schema);

	memset(m->always, 0xff, size);
	memset(m->always_updated, 0xff, size);
	m->all_insert = m->all_update = true;
	for (size_t i = 0; i < m->count; i++) {
		const struct merge_record *r = &m->records[i];

		m->deletes |= r->delete;
		m->inserts |= r->insert;
		m->all_insert &= r->insert;
		if (!r->delete &&mask_empty(r->update, size)) {
			m->all_update = false;
			if (m->marks->loaded) /* merge_update writes its row nevertheless */
				memset(m->always_updated, 0, size);
		} else if (!r->delete) {
			m->updates = true;
			for (size_t b = 0; b < size; b++) {
				m->updated[b] |= r->update[b];
				m->always_updated[b] &= r->update[b];
			}
		}
		for (size_t b = 0; b < size && r->insert; b++) {
			m->given[b] |= r->given[b];
			m->always[b] &= r->given[b];
		}
	}
}

/* True if records are left to insert.  An INSERT without rows must not be sent: if a column that
 * the schema does not know has no default, the server refuses it even without rows. */
static enum outcome any_left(const struct merge *m, bool *left)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	buf_addf(&sql, "SELECT 1 FROM %s WHERE ins = 1 LIMIT 1", m->scratch->name);
	rc = db_run(m->scratch->db, buf_text(&sql), NULL, 0, &rows, NULL);
	*left = rc == OUTCOME_OK && db_rows_next(rows);
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

static enum outcome delete_known(const struct merge *m, struct merge_counts *counts)
{
	enum outcome rc = OUTCOME_OK;

	if (finds_several(m))
		rc = count_several(m, " WHERE t.del = 1", counts);
	return rc == OUTCOME_OK ? merge_delete(m, counts) : rc;
}

/*
 * FOUND is the number of records that have found rows.  If each of these records updates, a key has
 * several rows only if the server counts more updated rows than FOUND; otherwise count_several is
 * not needed.  FOUND is reliable only if the server reads the scratch table first
 * (entity_indexed).
 */
static enum outcome update_known(const struct merge *m, uint64_t found, struct merge_counts *counts)
{
	bool all = m->all_update || m->marks->loaded;
	bool counted = all && m->scratch->entity_indexed;
	uint64_t before = counts->updated;
	enum outcome rc = OUTCOME_OK;

	if (m->updates)
		rc = try_updates(m);
	if (rc == OUTCOME_OK && (m->updates || m->marks->loaded))
		rc = merge_update(m, counts);
	if (rc != OUTCOME_OK || !finds_several(m) || (counted && counts->updated - before <= found))
		return rc;
	return count_several(m, " WHERE t.del = 0", counts);
}

/* mark_found runs before update and insert because it locks the rows that it finds: it waits for a
 * row that another session has inserted and not yet committed.  If all records insert and none has
 * found a row, only the insert remains. */
static enum outcome merge_known(const struct merge *m, struct merge_counts *counts)
{
	uint64_t found = 0;
	bool left = false;
	enum outcome rc;

	if (m->deletes && (rc = delete_known(m, counts)) != OUTCOME_OK)
		return rc;
	if ((m->inserts || m->updates) && (rc = mark_found(m, &found)) != OUTCOME_OK)
		return rc;
	if (found > 0 && (rc = update_known(m, found, counts)) != OUTCOME_OK)
		return rc;
	m->scratch->finds = found + counts->deleted > 0;
	if (m->inserts && (rc = merge_revive(m, counts)) != OUTCOME_OK)
		return rc;
	if (m->inserts && (rc = any_left(m, &left)) != OUTCOME_OK)
		return rc;
	return left ? insert_left(m, counts) : OUTCOME_OK;
}

static enum outcome savepoint(const struct merge *m)
{
	return db_exec(m->scratch->db, "SAVEPOINT campaign_merge");
}

static enum outcome back_to_savepoint(const struct merge *m)
{
	return db_exec(m->scratch->db, "ROLLBACK TO SAVEPOINT campaign_merge");
}

/* True if the target refused permanently (REJECTED) or for an unknown reason (BUG). */
static bool refused(enum outcome rc)
{
	return rc == OUTCOME_REJECTED || rc == OUTCOME_BUG;
}

/*
 * If all records insert and their key includes a unique primary key, the server refuses the insert
 * if one of them has a row already.  So if the previous merge has found no rows, this one inserts
 * without looking for rows first.  If that insert is refused, for whatever reason, the records are
 * merged with all steps.
 */
static enum outcome merge_all(const struct merge *m, struct merge_counts *counts, bool *too_large)
{
	bool new = key_is_unique(m) && m->all_insert && !m->deletes && !m->scratch->finds;
	enum outcome rc;

	if ((rc = scratch_load(m->scratch, m->records, m->count, too_large)) != OUTCOME_OK)
		return rc;
	if (new) {
		rc = insert_left(m, counts);
		if (!refused(rc))
			return rc;
		if (back_to_savepoint(m) != OUTCOME_OK)
			return OUTCOME_RETRY;
		m->scratch->refusal[0] = '\0';
		if (m->scratch->ordered && /* the rollback also removed an InnoDB table's rows */
		    (rc = scratch_load(m->scratch, m->records, m->count, too_large)) != OUTCOME_OK)
			return rc;
	}
	return merge_known(m, counts);
}

/* Prepares M for RECORDS.  Returns the memory of M's masks, which the caller frees. */
static unsigned char *begin(struct merge *m, const struct merge_record *records, size_t count)
{
	size_t size = mask_size(m->schema);
	unsigned char *masks = xcalloc(4, size + 1);

	m->records = records;
	m->count = count;
	m->updated = masks;
	m->given = masks + size;
	m->always = masks + 2 * size;
	m->always_updated = masks + 3 * size;
	collect(m);
	return masks;
}

enum outcome mariadb_merge_set(struct scratch *scratch, const struct marks *marks,
			       const struct merge_record *records, size_t count,
			       struct merge_counts *counts, bool *too_large)
{
	struct merge m = {.scratch = scratch, .schema = scratch->schema, .marks = marks};
	struct merge_counts found = {0};
	unsigned char *masks = begin(&m, records, count);
	enum outcome rc;

	scratch->refusal[0] = '\0';
	rc = savepoint(&m);
	if (rc == OUTCOME_OK)
		rc = merge_all(&m, &found, too_large);
	if (refused(rc) && back_to_savepoint(&m) != OUTCOME_OK)
		rc = OUTCOME_RETRY;
	if (rc == OUTCOME_OK) {
		counts->inserted += found.inserted;
		counts->updated += found.updated;
		counts->deleted += found.deleted;
		counts->several += found.several;
	}
	free(masks);
	return rc;
}

enum outcome mariadb_merge_nothing(struct scratch *scratch, const struct marks *marks,
				   const struct merge_record *records, size_t count)
{
	struct merge m = {.scratch = scratch, .schema = scratch->schema, .marks = marks};
	struct merge_counts ignored = {0};
	unsigned char *masks = begin(&m, records, count);
	bool too_large = false;
	uint64_t found;
	enum outcome rc;

	rc = scratch_load(scratch, records, 0, &too_large);
	if (rc == OUTCOME_OK && m.deletes)
		rc = merge_delete(&m, &ignored);
	if (rc == OUTCOME_OK && (m.inserts || m.updates))
		rc = mark_found(&m, &found);
	if (rc == OUTCOME_OK && m.updates)
		rc = merge_update(&m, &ignored);
	if (rc == OUTCOME_OK && m.inserts)
		rc = merge_insert(&m, &ignored);
	free(masks);
	return rc;
}

enum outcome mariadb_read_set(struct scratch *scratch, const struct marks *marks,
			      const struct merge_record *records, size_t count, size_t field,
			      void (*row)(void *context, size_t record, struct db_value value),
			      void *context, bool *too_large)
{
	struct merge m = {.scratch = scratch, .schema = scratch->schema, .marks = marks};
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	m.records = records;
	m.count = count;
	if ((rc = scratch_load(scratch, records, count, too_large)) != OUTCOME_OK)
		return rc;
	buf_add(&sql, "SELECT t.n, ");
	add_column(&sql, "e", m.schema, field);
	buf_add(&sql, " FROM ");
	add_join(&m, &sql);
	rc = db_run(scratch->db, buf_text(&sql), NULL, 0, &rows, NULL);
	while (rc == OUTCOME_OK && db_rows_next(rows))
		row(context, (size_t)db_rows_int(rows, 0), db_rows_value(rows, 1));
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}
