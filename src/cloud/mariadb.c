/* SPDX-License-Identifier: MIT */
/*
 * The target over MariaDB's protocol: session, transaction, the record of what was applied,
 * look-ups.  The merge itself is mariadb_merge.c.
 *
 * There are two sessions, so that records can be loaded at one while the other merges: one
 * works, the other one rests or is loaded.  Each belongs to one thread at a time.
 */
#include "config.h"

#include "cloud/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cloud/mariadb_copy.h"
#include "cloud/mariadb_merge.h"
#include "cloud/mariadb_session.h"
#include "cloud/seqset.h"

/* A batch may take longer than a call is allowed to. */
#define IO_TIMEOUT_FACTOR 10
#define REASON_SIZE	  512
#define SESSIONS	  2

static const char sql_columns[] = "SELECT COLUMN_NAME FROM information_schema.COLUMNS"
				  " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";
static const char sql_record[] = "INSERT INTO campaign_applied (log_id, seqs, applied_at)"
				 " VALUES (?, ?, UTC_TIMESTAMP(3))";
static const char sql_recorded[] = "SELECT seqs FROM campaign_applied WHERE log_id = ? ORDER BY id";
static const char sql_forget[] = "DELETE FROM campaign_applied WHERE log_id = ?";

struct target {
	unsigned lane;
	struct session sessions[SESSIONS];
	unsigned working;
	bool loaded;   /* the resting one is, for the batch that comes next */
	struct db *db; /* of the one that works */
	struct copy *copy;
	const struct schema *slow_schema; /* of the last warning */
	size_t slow_field;
	unsigned refused_by; /* the error's number, if the last merge was */
	char reason[REASON_SIZE];
};

static void set_reason(struct target *t, const char *text)
{
	log_escape(t->reason, sizeof(t->reason), text);
}

/* For the database's own failures. */
static enum outcome checked(struct target *t, enum outcome rc)
{
	if (rc != OUTCOME_OK)
		set_reason(t, db_error(t->db));
	return rc;
}

static struct session *resting(struct target *t)
{
	return &t->sessions[1 - t->working];
}

static void mariadb_close(struct target **t)
{
	if (*t == NULL)
		return;
	copy_free(&(*t)->copy);
	for (unsigned i = 0; i < SESSIONS; i++)
		session_close(&(*t)->sessions[i]);
	free(*t);
	*t = NULL;
}

/* A server that has no second session left does with one, which then has both locks: the last
 * COMMIT of a killed run may be in either. */
static enum outcome open_sessions(struct target *t, const struct db_login *login)
{
	unsigned number = t->lane * SESSIONS;
	enum outcome rc;

	if ((rc = session_open(&t->sessions[0], login, number)) != OUTCOME_OK)
		return rc;
	t->db = t->sessions[0].db;
	if (session_open(&t->sessions[1], login, number + 1) == OUTCOME_OK)
		return OUTCOME_OK;
	return session_lock(&t->sessions[0], number + 1, number + 1);
}

static enum outcome mariadb_open(const struct conf *conf, unsigned lane, struct target **out)
{
	struct db_login login = {
	    .option_file = conf->sync_option_file,
	    .group = conf->cloud_group,
	    .label = "cloud",
	    .connect_timeout_s = conf->connect_timeout_s,
	    .io_timeout_s = conf->io_timeout_s * IO_TIMEOUT_FACTOR,
	};
	struct target *t = xcalloc(1, sizeof(*t));
	enum outcome rc;

	t->lane = lane;
	rc = open_sessions(t, &login);
	if (rc == OUTCOME_OK)
		*out = t;
	else
		mariadb_close(&t);
	return rc;
}

static bool mariadb_alive(const struct target *t)
{
	return db_alive(t->db);
}

/* Whoever works there holds a lock.  The first lane asks, so the others' have the next numbers. */
static enum outcome mariadb_await_others(struct target *t, unsigned lanes)
{
	unsigned last = lanes * SESSIONS - 1;
	enum outcome rc;

	if (lanes < 2)
		return OUTCOME_OK;
	if ((rc = session_lock(&t->sessions[0], SESSIONS, last)) == OUTCOME_OK)
		rc = session_unlock(&t->sessions[0], SESSIONS, last);
	return checked(t, rc);
}

/* A column that the schema does not know is somebody else's, and left alone. */
static void take_column(const struct schema *s, const char *name, bool *seen)
{
	for (size_t i = 0; i < s->field_count; i++) {
		if (strcasecmp(s->fields[i].column, name) == 0)
			seen[i] = true;
	}
}

static enum outcome judge_columns(struct target *t, const struct schema *s, const bool *seen,
				  size_t found)
{
	for (size_t i = 0; i < s->field_count && found > 0; i++) {
		if (seen[i])
			continue;
		snprintf(t->reason, sizeof(t->reason),
			 "table %s has no column %s: deploy the schema again", s->table,
			 s->fields[i].column);
		return OUTCOME_INVALID;
	}
	if (found > 0)
		return OUTCOME_OK;
	snprintf(t->reason, sizeof(t->reason), "there is no table %s: deploy the schema", s->table);
	return OUTCOME_INVALID;
}

static enum outcome mariadb_check(struct target *t, const struct schema *s)
{
	bool *seen = xcalloc(s->field_count + 1, sizeof(*seen));
	struct db_value table = db_text(s->table);
	struct db_rows *rows = NULL;
	size_t found = 0;
	enum outcome rc;

	rc = checked(t, db_run(t->db, sql_columns, &table, 1, &rows, NULL));
	if (rc == OUTCOME_OK) {
		for (; db_rows_next(rows); found++)
			take_column(s, db_rows_text(rows, 0), seen);
		rc = judge_columns(t, s, seen, found);
	}
	db_rows_free(&rows);
	free(seen);
	return rc;
}

static enum outcome mariadb_begin(struct target *t)
{
	return checked(t, db_begin(t->db));
}

/* Likewise; a record that is too large was never sent. */
static enum outcome fitting(struct target *t, enum outcome rc, bool too_large)
{
	if (!too_large)
		return checked(t, rc);
	set_reason(t, "the record does not fit into max_allowed_packet of the server");
	return rc;
}

/* Once for a key list, though each session has a scratch table for it. */
static void warn_of_slow_key(struct target *t, struct scratch *scratch)
{
	const struct schema *s = scratch->schema;

	if (scratch->entity_indexed || scratch->warned)
		return;
	scratch->warned = true;
	if (t->slow_schema == s && t->slow_field == scratch->key[0])
		return;
	t->slow_schema = s;
	t->slow_field = scratch->key[0];
	log_warn("%s: reconciling on %s%s without an index reads the whole table for every "
		 "batch: declare it as key or dbindex",
		 s->id, s->fields[scratch->key[0]].xpath, scratch->key_count > 1 ? ", ..." : "");
}

/* "Cannot delete or update a parent row", with the constraint's name and without. */
static bool mariadb_referenced(const struct target *t)
{
	return t->refused_by == 1451 || t->refused_by == 1217;
}

static enum outcome mariadb_merge(struct target *t, const struct schema *s, const size_t *key,
				  size_t key_count, const struct merge_record *records,
				  size_t count, struct merge_counts *counts)
{
	struct scratch *scratch = NULL;
	bool too_large = false;
	enum outcome rc;

	t->reason[0] = '\0';
	t->refused_by = 0;
	rc = session_scratch(&t->sessions[t->working], s, key, key_count, &scratch);
	if (rc != OUTCOME_OK)
		return checked(t, rc);
	warn_of_slow_key(t, scratch);
	rc = mariadb_merge_set(scratch, records, count, counts, &too_large);
	/* Only in the class of integrity: a trigger may raise any number. */
	if (rc == OUTCOME_REJECTED && !too_large && strncmp(db_sqlstate(t->db), "23", 2) == 0)
		t->refused_by = db_errno(t->db);
	return fitting(t, rc, too_large);
}

static enum outcome mariadb_possible(struct target *t, const struct schema *s, const size_t *key,
				     size_t key_count, const struct merge_record *records,
				     size_t count)
{
	struct scratch *scratch = NULL;
	enum outcome rc;

	rc = session_scratch(&t->sessions[t->working], s, key, key_count, &scratch);
	if (rc == OUTCOME_OK)
		rc = mariadb_merge_nothing(scratch, records, count);
	/* A refusal speaks of data; the merge's own reason stays. */
	return rc == OUTCOME_REJECTED ? OUTCOME_OK : checked(t, rc);
}

/* Says nothing of what goes wrong: the working session's merge will. */
static void mariadb_load(struct target *t, const struct schema *s, const size_t *key,
			 size_t key_count, const struct merge_record *records, size_t count)
{
	struct session *session = resting(t);
	struct scratch *scratch = NULL;

	t->loaded = session->db != NULL && db_alive(session->db) &&
		    session_scratch(session, s, key, key_count, &scratch) == OUTCOME_OK &&
		    scratch_load_ahead(scratch, records, count) == OUTCOME_OK;
}

static void mariadb_unload(struct target *t)
{
	session_forget_loaded(&t->sessions[t->working]);
}

static void mariadb_turn(struct target *t)
{
	mariadb_unload(t);
	if (!t->loaded)
		return;
	t->loaded = false;
	t->working = 1 - t->working;
	t->db = t->sessions[t->working].db;
}

static enum outcome mariadb_read(struct target *t, const struct schema *s, const size_t *key,
				 size_t key_count, const struct merge_record *records, size_t count,
				 size_t field,
				 void (*row)(void *context, size_t record, struct db_value value),
				 void *context)
{
	struct scratch *scratch = NULL;
	bool too_large = false;
	enum outcome rc;

	rc = session_scratch(&t->sessions[t->working], s, key, key_count, &scratch);
	if (rc != OUTCOME_OK)
		return checked(t, rc);
	rc = mariadb_read_set(scratch, records, count, field, row, context, &too_large);
	return fitting(t, rc, too_large);
}

static enum outcome mariadb_purge(struct target *t, const struct schema *s, size_t field,
				  uint64_t *deleted)
{
	struct buf sql = BUF_INIT;
	enum outcome rc;

	buf_add(&sql, "DELETE FROM ");
	db_quote_name(&sql, s->table);
	buf_add(&sql, " WHERE ");
	db_quote_name(&sql, s->fields[field].column);
	buf_add(&sql, " <> 0");
	rc = checked(t, db_run(t->db, buf_text(&sql), NULL, 0, NULL, deleted));
	buf_free(&sql);
	return rc;
}

static enum outcome mariadb_latest(struct target *t, const struct schema *s, size_t field,
				   char **latest)
{
	struct buf sql = BUF_INIT;
	struct db_rows *found = NULL;
	enum outcome rc;

	*latest = NULL;
	buf_add(&sql, "SELECT MAX(");
	db_quote_name(&sql, s->fields[field].column);
	buf_add(&sql, ") FROM ");
	db_quote_name(&sql, s->table);
	rc = checked(t, db_run(t->db, buf_text(&sql), NULL, 0, &found, NULL));
	if (rc == OUTCOME_OK && db_rows_next(found) && db_rows_text(found, 0) != NULL)
		*latest = xstrdup(db_rows_text(found, 0));
	db_rows_free(&found);
	buf_free(&sql);
	return rc;
}

static enum outcome mariadb_digest(struct target *t, const struct schema *s, size_t field,
				   struct digest *out)
{
	return checked(t, digest_read(t->db, s, field, out));
}

static enum outcome mariadb_copy_begin(struct target *t, const struct schema *s)
{
	copy_free(&t->copy);
	return checked(t, copy_open(t->db, s, &t->copy));
}

static enum outcome mariadb_copy_rows(struct target *t, const struct db_value *cells, size_t rows)
{
	bool too_large = false;
	enum outcome rc = copy_add(t->copy, cells, rows, &too_large);

	return fitting(t, rc, too_large);
}

static enum outcome mariadb_copy_end(struct target *t, bool whole, struct merge_counts *counts)
{
	enum outcome rc = checked(t, copy_apply(t->copy, whole, counts));

	if (rc == OUTCOME_OK && counts->refused > 0)
		set_reason(t, t->copy->refusal);
	copy_free(&t->copy);
	return rc;
}

static enum outcome mariadb_record(struct target *t, const char *log_id,
				   const struct seq_range *ranges, size_t count)
{
	struct buf text = BUF_INIT;
	struct db_value params[2];
	enum outcome rc;

	seqset_format(&text, ranges, count);
	params[0] = db_text(log_id);
	params[1] = (struct db_value){buf_text(&text), text.length};
	rc = checked(t, db_run(t->db, sql_record, params, 2, NULL, NULL));
	buf_free(&text);
	return rc;
}

static enum outcome mariadb_commit(struct target *t)
{
	return checked(t, db_commit(t->db));
}

static void mariadb_rollback(struct target *t)
{
	db_rollback(t->db);
}

static enum outcome mariadb_recorded(struct target *t, const char *log_id,
				     struct seq_range **ranges, size_t *count)
{
	struct db_value param = db_text(log_id);
	struct seqset set = {0};
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = checked(t, db_run(t->db, sql_recorded, &param, 1, &rows, NULL));
	while (rc == OUTCOME_OK && db_rows_next(rows)) {
		if (seqset_parse(db_rows_text(rows, 0), &set) < 0) {
			set_reason(t, "campaign_applied: seqs is malformed");
			log_error("cloud: %s", t->reason);
			rc = OUTCOME_BUG;
		}
	}
	db_rows_free(&rows);
	if (rc != OUTCOME_OK) {
		seqset_free(&set);
		return rc;
	}
	*ranges = set.ranges;
	*count = set.count;
	return OUTCOME_OK;
}

static enum outcome mariadb_forget(struct target *t, const char *log_id)
{
	struct db_value param = db_text(log_id);

	return checked(t, db_run(t->db, sql_forget, &param, 1, NULL, NULL));
}

/* Of several rows with this key the one with the smallest primary key is meant, always. */
static enum outcome mariadb_lookup(struct target *t, const struct schema *s, const size_t *key,
				   const struct db_value *values, size_t key_count, char **out,
				   bool *found)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	*found = false;
	if (s->pk < 0)
		return OUTCOME_OK; /* nothing to point to */
	buf_add(&sql, "SELECT ");
	db_quote_name(&sql, s->fields[s->pk].column);
	buf_add(&sql, " FROM ");
	db_quote_name(&sql, s->table);
	for (size_t i = 0; i < key_count; i++) {
		buf_add(&sql, i == 0 ? " WHERE " : " AND ");
		db_quote_name(&sql, s->fields[key[i]].column);
		buf_add(&sql, " = ?");
	}
	buf_add(&sql, " ORDER BY 1 LIMIT 1");
	rc = checked(t, db_run(t->db, buf_text(&sql), values, key_count, &rows, NULL));
	if (rc == OUTCOME_OK && db_rows_next(rows)) {
		*out = xstrdup(db_rows_text(rows, 0));
		*found = true;
	}
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

static const char *mariadb_reason(const struct target *t)
{
	return t->reason;
}

const struct target_ops target_mariadb = {
    .name = "mariadb",
    .open = mariadb_open,
    .close = mariadb_close,
    .alive = mariadb_alive,
    .await_others = mariadb_await_others,
    .check = mariadb_check,
    .load = mariadb_load,
    .turn = mariadb_turn,
    .unload = mariadb_unload,
    .begin = mariadb_begin,
    .merge = mariadb_merge,
    .possible = mariadb_possible,
    .referenced = mariadb_referenced,
    .read = mariadb_read,
    .purge = mariadb_purge,
    .latest = mariadb_latest,
    .digest = mariadb_digest,
    .copy_begin = mariadb_copy_begin,
    .copy_rows = mariadb_copy_rows,
    .copy_end = mariadb_copy_end,
    .record = mariadb_record,
    .commit = mariadb_commit,
    .rollback = mariadb_rollback,
    .recorded = mariadb_recorded,
    .forget = mariadb_forget,
    .lookup = mariadb_lookup,
    .reason = mariadb_reason,
};
