/* SPDX-License-Identifier: MIT */
/*
 * The target over MariaDB's protocol: sessions, transactions, the record of applied changes,
 * look-ups.  mariadb_merge.c contains the merge.
 *
 * A target has two sessions: the working session merges while another thread loads records into
 * the resting session.  Each session belongs to one thread at a time.
 */
#include "config.h"

#include "cloud/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cloud/mariadb_copy.h"
#include "cloud/mariadb_marks.h"
#include "cloud/mariadb_merge.h"
#include "cloud/mariadb_session.h"
#include "cloud/seqset.h"

#define REASON_SIZE 512
#define SESSIONS    2

static const char sql_record[] = "INSERT INTO campaign_applied (log_id, seqs, applied_at)"
				 " VALUES (?, ?, UTC_TIMESTAMP(3))";
static const char sql_recorded[] = "SELECT seqs FROM campaign_applied WHERE log_id = ? ORDER BY id";
static const char sql_forget[] = "DELETE FROM campaign_applied WHERE log_id = ?";

struct slow_key { /* a key whose missing index was logged: its schema and first field */
	const struct schema *schema;
	size_t field;
};

struct target {
	const struct conf *conf;
	unsigned lane;
	uint64_t run;
	struct session sessions[SESSIONS];
	unsigned working; /* index of the working session */
	bool loaded;	  /* the resting session holds the records of the next batch */
	struct db *db;	  /* of the working session */
	struct copy *copy;
	struct marks **marks; /* of the tables used so far */
	size_t marks_count;
	const struct schema *checked; /* the schema that was checked last */
	struct slow_key *slow;
	size_t slow_count;
	unsigned refused_by; /* error number of the last merge if integrity refused it, else 0 */
	char reason[REASON_SIZE];
};

static void set_reason(struct target *t, const char *text)
{
	log_escape(t->reason, sizeof(t->reason), text);
}

/* Passes RC on; on failure takes the reason from the working session's last error. */
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
	for (size_t i = 0; i < (*t)->marks_count; i++)
		marks_free(&(*t)->marks[i]);
	free((*t)->marks);
	for (unsigned i = 0; i < SESSIONS; i++)
		session_close(&(*t)->sessions[i]);
	free((*t)->slow);
	free(*t);
	*t = NULL;
}

/* If the server has no second session left, the target works with one session, which then holds
 * both locks: the last COMMIT of a killed run may be under way in either session. */
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

static enum outcome mariadb_open(const struct conf *conf, unsigned lane, uint64_t run,
				 struct target **out)
{
	struct db_login login = {
	    .option_file = conf->sync_option_file,
	    .group = conf->cloud_group,
	    .label = "cloud",
	    .connect_timeout_s = conf->connect_timeout_s,
	    .io_timeout_s = conf_batch_timeout_s(conf),
	    .session_variables = conf->cloud_session_variables,
	};
	struct target *t = xcalloc(1, sizeof(*t));
	enum outcome rc;

	t->conf = conf;
	t->lane = lane;
	t->run = run;
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

/* Every session at the target holds a numbered lock.  Waits until those of all other workers
 * (numbers SESSIONS to last) are free. */
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

/* Returns the row columns of S's table.  The first call per schema reads them. */
static enum outcome marks_of(struct target *t, const struct schema *s, const struct marks **out)
{
	const struct mariadb_table *table = NULL;
	struct marks *m = NULL;
	enum outcome rc;

	for (size_t i = 0; i < t->marks_count; i++) {
		if (t->marks[i]->schema == s) {
			*out = t->marks[i];
			return OUTCOME_OK;
		}
	}
	rc = session_table(&t->sessions[t->working], s, &table);
	if (rc == OUTCOME_OK)
		rc = marks_read(t->db, s, conf_rows_of(t->conf, s->id), t->run,
				mariadb_table_pk_unique(table), &m);
	if (rc != OUTCOME_OK)
		return checked(t, rc);
	t->marks = xrealloc(t->marks, t->marks_count + 1, sizeof(struct marks *));
	t->marks[t->marks_count++] = m;
	*out = m;
	return OUTCOME_OK;
}

/* Like marks_of, for operations that write: INVALID if the table must not be written. */
static enum outcome marks_to_write(struct target *t, const struct schema *s,
				   const struct marks **out)
{
	enum outcome rc;

	if ((rc = marks_of(t, s, out)) != OUTCOME_OK || (*out)->lacks == NULL)
		return rc;
	set_reason(t, (*out)->lacks);
	return OUTCOME_INVALID;
}

/* Returns S's table as SESSION read it.  INVALID: no merge into the table is possible. */
static enum outcome find_table(struct target *t, struct session *session, const struct schema *s,
			       const struct mariadb_table **table)
{
	enum outcome rc;

	if ((rc = checked(t, session_table(session, s, table))) != OUTCOME_OK)
		return rc;
	if (mariadb_table_problem(*table) == NULL)
		return OUTCOME_OK;
	set_reason(t, mariadb_table_problem(*table));
	return OUTCOME_INVALID;
}

/* Warns of a table without an index on its primary key.  Each batch looks for the primary keys of
 * the records that it inserts, and reads the whole table if no index helps. */
static void warn_of_lost_key(const struct schema *s, const struct mariadb_table *table)
{
	struct buf sql = BUF_INIT;
	size_t pk = (size_t)s->pk;

	if (s->pk < 0 || mariadb_table_serves(table, &pk, 1))
		return;
	mariadb_table_add_remedy(&sql, table, &pk, 1);
	log_warn("%s: table %s has no index that finds its primary key %s, so every batch reads "
		 "the whole table: %s",
		 s->id, s->table, s->fields[pk].column, buf_text(&sql));
	buf_free(&sql);
}

static enum outcome mariadb_check(struct target *t, const struct schema *s)
{
	const struct mariadb_table *table = NULL;
	const struct marks *marks = NULL;
	enum outcome rc;

	rc = find_table(t, &t->sessions[t->working], s, &table);
	if (rc == OUTCOME_OK && t->checked != s)
		warn_of_lost_key(s, table);
	t->checked = s;
	return rc == OUTCOME_OK ? marks_to_write(t, s, &marks) : rc;
}

static enum outcome mariadb_begin(struct target *t)
{
	return checked(t, db_begin(t->db));
}

/* Like checked.  A record that is TOO_LARGE was not sent, so the session has no error for it. */
static enum outcome fitting(struct target *t, enum outcome rc, bool too_large)
{
	if (!too_large)
		return checked(t, rc);
	set_reason(t, "the record does not fit into max_allowed_packet of the server");
	return rc;
}

static bool key_has_pk(const struct scratch *scratch)
{
	for (size_t i = 0; i < scratch->key_count; i++) {
		if ((int)scratch->key[i] == scratch->schema->pk)
			return true;
	}
	return false;
}

/* Warns once per schema and first key field that no index serves the key, although each session has
 * its own scratch table for it.  For keys with the primary key, warn_of_lost_key has warned. */
static void warn_of_slow_key(struct target *t, struct scratch *scratch)
{
	const struct schema *s = scratch->schema;
	struct buf sql = BUF_INIT;

	if (scratch->entity_indexed || scratch->warned || key_has_pk(scratch))
		return;
	scratch->warned = true;
	for (size_t i = 0; i < t->slow_count; i++) {
		if (t->slow[i].schema == s && t->slow[i].field == scratch->key[0])
			return;
	}
	t->slow = xrealloc(t->slow, t->slow_count + 1, sizeof(*t->slow));
	t->slow[t->slow_count++] = (struct slow_key){s, scratch->key[0]};
	mariadb_table_add_remedy(&sql, scratch->table, scratch->key, scratch->key_count);
	log_warn("%s: reconciling on %s%s without an index reads the whole table for every "
		 "batch: %s",
		 s->id, s->fields[scratch->key[0]].xpath, scratch->key_count > 1 ? ", ..." : "",
		 sql.length > 0 ? buf_text(&sql) : "declare it as key or dbindex");
	buf_free(&sql);
}

static enum outcome find_scratch(struct target *t, struct session *session, const struct schema *s,
				 const size_t *key, size_t key_count, struct scratch **out)
{
	const struct mariadb_table *table = NULL;
	enum outcome rc;

	if ((rc = find_table(t, session, s, &table)) != OUTCOME_OK)
		return rc;
	return checked(t, session_scratch(session, table, key, key_count, out));
}

/* Error 1451 or 1217, "Cannot delete or update a parent row", with and without the constraint's
 * name. */
static bool mariadb_referenced(const struct target *t)
{
	return t->refused_by == 1451 || t->refused_by == 1217;
}

static enum outcome mariadb_merge(struct target *t, const struct schema *s, const size_t *key,
				  size_t key_count, const struct merge_record *records,
				  size_t count, struct merge_counts *counts)
{
	const struct marks *marks = NULL;
	struct scratch *scratch = NULL;
	bool too_large = false;
	enum outcome rc;

	t->reason[0] = '\0';
	t->refused_by = 0;
	if ((rc = marks_to_write(t, s, &marks)) != OUTCOME_OK)
		return rc;
	rc = find_scratch(t, &t->sessions[t->working], s, key, key_count, &scratch);
	if (rc != OUTCOME_OK)
		return rc;
	warn_of_slow_key(t, scratch);
	rc = mariadb_merge_set(scratch, marks, records, count, counts, &too_large);
	/* Only for SQLSTATE class 23, integrity: a trigger may raise any error number. */
	if (rc == OUTCOME_REJECTED && !too_large && scratch->refusal[0] == '\0' &&
	    strncmp(db_sqlstate(t->db), "23", 2) == 0)
		t->refused_by = db_errno(t->db);
	rc = fitting(t, rc, too_large);
	if (rc == OUTCOME_REJECTED && scratch->refusal[0] != '\0')
		set_reason(t, scratch->refusal);
	return rc;
}

static enum outcome mariadb_possible(struct target *t, const struct schema *s, const size_t *key,
				     size_t key_count, const struct merge_record *records,
				     size_t count)
{
	const struct marks *marks = NULL;
	struct scratch *scratch = NULL;
	enum outcome rc;

	if ((rc = marks_of(t, s, &marks)) != OUTCOME_OK)
		return rc;
	rc = find_scratch(t, &t->sessions[t->working], s, key, key_count, &scratch);
	if (rc != OUTCOME_OK)
		return rc;
	rc = mariadb_merge_nothing(scratch, marks, records, count);
	/* REJECTED is about data, so the statements are possible; the merge's reason is kept. */
	return rc == OUTCOME_REJECTED ? OUTCOME_OK : checked(t, rc);
}

/* Best effort: ignores errors here.  The working session's merge reports them. */
static void mariadb_load(struct target *t, const struct schema *s, const size_t *key,
			 size_t key_count, const struct merge_record *records, size_t count)
{
	struct session *session = resting(t);
	const struct mariadb_table *table = NULL;
	struct scratch *scratch = NULL;

	t->loaded = session->db != NULL && db_alive(session->db) &&
		    session_table(session, s, &table) == OUTCOME_OK &&
		    mariadb_table_problem(table) == NULL &&
		    session_scratch(session, table, key, key_count, &scratch) == OUTCOME_OK &&
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
	const struct marks *marks = NULL;
	struct scratch *scratch = NULL;
	bool too_large = false;
	enum outcome rc;

	if ((rc = marks_of(t, s, &marks)) != OUTCOME_OK)
		return rc;
	rc = find_scratch(t, &t->sessions[t->working], s, key, key_count, &scratch);
	if (rc != OUTCOME_OK)
		return rc;
	rc = mariadb_read_set(scratch, marks, records, count, field, row, context, &too_large);
	return fitting(t, rc, too_large);
}

static enum outcome mariadb_purge(struct target *t, const struct schema *s, size_t field,
				  uint64_t *deleted)
{
	const struct marks *marks = NULL;
	struct buf sql = BUF_INIT;
	enum outcome rc;

	if ((rc = marks_to_write(t, s, &marks)) != OUTCOME_OK)
		return rc;
	buf_add(&sql, marks->soft ? "UPDATE " : "DELETE e FROM ");
	db_quote_name(&sql, s->table);
	buf_add(&sql, " e");
	if (marks->soft) {
		buf_add(&sql, " SET ");
		marks_add_deleted(marks, &sql);
	}
	buf_add(&sql, " WHERE e.");
	db_quote_name(&sql, s->fields[field].column);
	buf_add(&sql, " <> 0");
	marks_add_seen(marks, &sql, " AND ");
	rc = checked(t, db_run(t->db, buf_text(&sql), NULL, 0, NULL, deleted));
	buf_free(&sql);
	return rc;
}

static enum outcome mariadb_latest(struct target *t, const struct schema *s, size_t field,
				   char **latest)
{
	const struct marks *marks = NULL;
	struct buf sql = BUF_INIT;
	struct db_rows *found = NULL;
	enum outcome rc;

	*latest = NULL;
	if ((rc = marks_of(t, s, &marks)) != OUTCOME_OK)
		return rc;
	buf_add(&sql, "SELECT MAX(");
	db_quote_name(&sql, s->fields[field].column);
	buf_add(&sql, ") FROM ");
	db_quote_name(&sql, s->table);
	buf_add(&sql, " e");
	marks_add_seen(marks, &sql, " WHERE ");
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
	const struct marks *marks = NULL;
	struct buf where = BUF_INIT;
	enum outcome rc;

	if ((rc = marks_of(t, s, &marks)) != OUTCOME_OK)
		return rc;
	marks_add_seen(marks, &where, " WHERE ");
	rc = checked(t, digest_read(t->db, s, field, buf_text(&where), out));
	buf_free(&where);
	return rc;
}

static enum outcome mariadb_copy_begin(struct target *t, const struct schema *s)
{
	const struct mariadb_table *table = NULL;
	const struct marks *marks = NULL;
	enum outcome rc;

	copy_free(&t->copy);
	if ((rc = find_table(t, &t->sessions[t->working], s, &table)) != OUTCOME_OK)
		return rc;
	if ((rc = marks_to_write(t, s, &marks)) != OUTCOME_OK)
		return rc;
	return checked(t, copy_open(t->db, table, marks, &t->copy));
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

	if ((rc == OUTCOME_OK && counts->refused > 0) ||
	    (rc == OUTCOME_REJECTED && t->copy->refusal[0] != '\0'))
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

/* If several rows have the key, always returns the smallest primary key. */
static enum outcome mariadb_lookup(struct target *t, const struct schema *s, const size_t *key,
				   const struct db_value *values, size_t key_count, char **out,
				   bool *found)
{
	const struct marks *marks = NULL;
	struct db_value *params;
	const struct mariadb_table *table = NULL;
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	size_t param_count = 0;
	enum outcome rc;

	*found = false;
	if (s->pk < 0)
		return OUTCOME_OK; /* without a primary key a link has no target */
	if ((rc = marks_of(t, s, &marks)) != OUTCOME_OK)
		return rc;
	rc = checked(t, session_table(&t->sessions[t->working], s, &table));
	if (rc != OUTCOME_OK)
		return rc;
	params = xcalloc(2 * key_count + 1, sizeof(*params));
	buf_add(&sql, "SELECT ");
	db_quote_name(&sql, s->fields[s->pk].column);
	buf_add(&sql, " FROM ");
	db_quote_name(&sql, s->table);
	buf_add(&sql, " e");
	for (size_t i = 0; i < key_count; i++) {
		size_t n;

		buf_add(&sql, i == 0 ? " WHERE " : " AND ");
		n = mariadb_table_add_equal(&sql, table, key[i], "=", "?", true);
		while (n-- > 0)
			params[param_count++] = values[i];
	}
	marks_add_seen(marks, &sql, key_count > 0 ? " AND " : " WHERE ");
	buf_add(&sql, " ORDER BY 1 LIMIT 1");
	rc = checked(t, db_run(t->db, buf_text(&sql), params, param_count, &rows, NULL));
	if (rc == OUTCOME_OK && db_rows_next(rows)) {
		*out = xstrdup(db_rows_text(rows, 0));
		*found = true;
	}
	db_rows_free(&rows);
	buf_free(&sql);
	free(params);
	return rc;
}

static const char *mariadb_reason(const struct target *t)
{
	return t->reason;
}

const struct target_ops target_mariadb = {
    .name = "mariadb",
    .reader = &reader_mariadb,
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
