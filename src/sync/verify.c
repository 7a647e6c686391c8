/* SPDX-License-Identifier: MIT */
/* Compares the tables of the chosen schemas; see verify.h. */
#include "config.h"

#include "sync/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "schema/registry.h"
#include "sync/compare.h"
#include "sync/ends.h"
#include "sync/interrupt.h"
#include "sync/named.h"
#include "sync/progress.h"
#include "sync/verify_export.h"
#include "sync/verify_report.h"

#define MESSAGE_SIZE 512

static const char sql_rejects[] = "SELECT COUNT(*) FROM campaign_reject WHERE schema_id = ?";
static const char with_staging[] = "staging";
static const char was_interrupted[] = "interrupted";

/* Milliseconds to wait before a comparison that lost its connection is repeated. */
static const unsigned waits_ms[] = {100, 500, 2000, 4000};

struct verify {
	const struct conf *conf;
	const struct options *options;
	struct ends ends; /* only the staging session and the lock are used */
	struct registry *registry;
	struct export_writer *writer;	/* with --export */
	struct export_reader *expected; /* with --against-export */
	struct progress *progress;
	bool away; /* a database could not be reached for long: no further retries */
	struct verify_result *results;
	size_t count;
};

/* One comparison: the cloud database's table with the table in GROUP, or with table EXPORTED of
 * the export. If neither is set, the task only counts the rows and computes the checksum. */
struct task {
	struct verify *v;
	const struct schema *schema;
	struct verify_result *result;
	const char *group;
	const struct reader_ops *ops; /* of GROUP */
	int exported;		      /* -1: none */
	struct export_writer *writer; /* receives the ranges; NULL: they are not written */
	size_t *fields;
	size_t field_count;
	struct reader *readers[2];
};

static void fail(struct verify_result *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct verify_result *r, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	free(r->message);
	r->message = xstrdup(text);
	r->verdict = VERIFY_FAILED;
}

/* ---- one comparison ---- */

static enum outcome open_one(struct task *t, int side, const struct reader_ops *ops,
			     const char *group)
{
	enum outcome rc = ops->open(t->v->conf, group, &t->readers[side]);

	if (rc != OUTCOME_OK) {
		fail(t->result, "the database of [%s] cannot be opened", group);
		return rc;
	}
	if ((rc = ops->check(t->readers[side], t->schema)) != OUTCOME_OK)
		fail(t->result, "%s", ops->reason(t->readers[side]));
	return rc;
}

/* Opens new sessions for each comparison. Closing them also discards the unread rows of a table. */
static enum outcome open_readers(struct task *t)
{
	enum outcome rc;

	rc = open_one(t, 0, t->v->ends.ops->reader, t->v->conf->cloud_group);
	return rc == OUTCOME_OK && t->group != NULL ? open_one(t, 1, t->ops, t->group) : rc;
}

static enum outcome count_rows(struct task *t, uint64_t *rows)
{
	const struct reader_ops *ops = t->v->ends.ops->reader;
	enum outcome rc;

	*rows = 0;
	if (!progress_wants_total(t->v->progress))
		return OUTCOME_OK;
	if ((rc = ops->count(t->readers[0], t->schema, rows)) != OUTCOME_OK)
		fail(t->result, "%s", ops->reason(t->readers[0]));
	return rc;
}

static enum outcome compare(struct task *t)
{
	struct progress_turn turn;
	struct compare_options o = {
	    .schema = t->schema,
	    .fields = t->fields,
	    .field_count = t->field_count,
	    .ops = {t->v->ends.ops->reader, t->ops},
	    .readers = {t->readers[0], t->readers[1]},
	    .range_rows = t->v->options->range_rows,
	    .progress = &turn,
	};
	const char *reason = "";
	uint64_t rows = 0;
	enum outcome rc;

	if ((rc = count_rows(t, &rows)) != OUTCOME_OK)
		return rc;
	if (t->exported >= 0) {
		if (export_reader_begin(t->v->expected, (size_t)t->exported) < 0) {
			fail(t->result, "the export cannot be read any more");
			return OUTCOME_INVALID;
		}
		o.next = export_reader_next;
		o.context = t->v->expected;
	} else if (t->writer != NULL) {
		export_writer_begin(t->writer, t->schema, t->fields, t->field_count);
		o.complete = export_writer_range;
		o.context = t->writer;
	}
	progress_begin(t->v->progress, &turn, t->schema->id, rows);
	rc = compare_tables(&o, &t->result->comparison, &reason);
	progress_end(&turn);
	if (rc == OUTCOME_OK && t->writer != NULL)
		export_writer_end(t->writer);
	if (rc != OUTCOME_OK)
		fail(t->result, "%s", reason);
	return rc;
}

static enum outcome try_once(struct task *t)
{
	enum outcome rc;

	comparison_free(&t->result->comparison);
	if ((rc = open_readers(t)) == OUTCOME_OK)
		rc = compare(t);
	t->v->ends.ops->reader->close(&t->readers[0]);
	if (t->ops != NULL)
		t->ops->close(&t->readers[1]);
	return rc;
}

/* If the lock was lost, another run may have changed one of the two tables. */
static enum outcome check_lock(struct task *t)
{
	enum outcome rc = run_lock_check(t->v->ends.lock);

	if (rc != OUTCOME_OK)
		fail(t->result, "the lock was lost, and a run may have changed the tables");
	return rc;
}

static void carry_out(struct task *t)
{
	struct verify_result *r = t->result;
	bool two = t->group != NULL || t->exported >= 0;
	char *note = r->message;
	enum outcome rc = OUTCOME_RETRY;
	size_t waits = t->v->away ? 0 : sizeof(waits_ms) / sizeof(waits_ms[0]);

	r->message = NULL;
	for (size_t i = 0; i <= waits && rc == OUTCOME_RETRY && !interrupted(); i++) {
		if (i > 0)
			interrupt_pause(waits_ms[i - 1]);
		rc = try_once(t);
	}
	t->v->away |= rc == OUTCOME_RETRY;
	if (rc == OUTCOME_OK)
		rc = check_lock(t);
	if (rc != OUTCOME_OK) {
		if (interrupted())
			fail(r, "%s", was_interrupted);
		free(note);
		log_error("%s: %s", r->schema, r->message);
		return;
	}
	free(r->message); /* the message of a failed try */
	r->message = note;
	if (comparison_differs(&r->comparison, two))
		r->verdict = VERIFY_DIFFERS;
	else
		r->verdict = two ? VERIFY_EQUAL : VERIFY_COUNTED;
}

/* ---- choosing what to compare ---- */

static struct verify_result *add_result(struct verify *v, const char *schema, const char *with)
{
	struct verify_result *r;

	v->results = xrealloc(v->results, v->count + 1, sizeof(*v->results));
	r = &v->results[v->count++];
	*r = (struct verify_result){.with = with};
	r->schema = xstrdup(schema);
	return r;
}

static enum outcome count_pending(struct verify *v, const struct schema *s, uint64_t *count)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	buf_add(&sql, "SELECT COUNT(*) FROM ");
	db_quote_name(&sql, s->log_table);
	rc = db_run(v->ends.db, buf_text(&sql), NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		*count = (uint64_t)db_rows_int(rows, 0);
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

static enum outcome count_rejects(struct verify *v, const struct schema *s, uint64_t *count)
{
	struct db_value id = db_text(s->id);
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(v->ends.db, sql_rejects, &id, 1, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		*count = (uint64_t)db_rows_int(rows, 0);
	db_rows_free(&rows);
	return rc;
}

/* Adds information for the report. A failure does not end the comparison. */
static void describe(struct verify *v, const struct schema *s, struct verify_result *r)
{
	r->key = s->pk >= 0 ? xstrdup(s->fields[s->pk].name) : NULL;
	if (!s->staged || ends_open_staging(&v->ends) != OUTCOME_OK)
		return;
	if (count_pending(v, s, &r->pending) != OUTCOME_OK ||
	    count_rejects(v, s, &r->rejects) != OUTCOME_OK)
		log_warn("%s: what is pending and rejected could not be counted", s->id);
}

static int find_exported(const struct verify *v, const struct schema *s)
{
	for (size_t i = 0; i < export_reader_count(v->expected); i++) {
		if (strcmp(export_reader_table(v->expected, i)->schema, s->id) == 0)
			return (int)i;
	}
	return -1;
}

/* Names the fields that the export does not have in the result's message. They are not compared. */
static void note_new_fields(struct task *t)
{
	const struct schema *s = t->schema;
	struct buf names = BUF_INIT;
	bool known;

	for (size_t i = 0; i < s->field_count; i++) {
		known = false;
		for (size_t k = 0; k < t->field_count; k++)
			known = known || t->fields[k] == i;
		if (!known)
			buf_addf(&names, "%s%s", names.length > 0 ? "," : "", s->fields[i].name);
	}
	if (names.length > 0)
		t->result->message = xasprintf(
		    "not compared, since the export does not have them: %.400s", buf_text(&names));
	buf_free(&names);
}

/* Selects the fields over which the export's checksums were computed. */
static int take_exported_fields(struct task *t, const struct export_table *e)
{
	const struct schema *s = t->schema;
	const char *key = s->pk >= 0 ? s->fields[s->pk].name : NULL;

	if ((key == NULL) != (e->key == NULL) || (key != NULL && strcmp(key, e->key) != 0)) {
		fail(t->result, "the primary key is another one than in the export");
		return -1;
	}
	if (e->field_count > s->field_count) {
		fail(t->result, "the export has fields that the schema does not have");
		return -1;
	}
	for (size_t i = 0; i < e->field_count; i++) {
		int field = schema_field_by_name(s, e->fields[i]);

		if (field < 0 || strcmp(xtk_type_name(s->fields[field].type), e->types[i]) != 0) {
			fail(t->result,
			     "field '%s' of the export is not in the schema, or of another type",
			     e->fields[i]);
			return -1;
		}
		t->fields[i] = (size_t)field;
	}
	t->field_count = e->field_count;
	note_new_fields(t);
	return 0;
}

static void begin_task(struct task *t, struct verify *v, const struct schema *s, const char *with)
{
	*t = (struct task){.v = v, .schema = s, .exported = -1, .field_count = s->field_count};
	t->result = add_result(v, s->id, with);
	t->fields = xcalloc(s->field_count + 1, sizeof(*t->fields));
	compare_all_fields(s, t->fields);
	describe(v, s, t->result);
}

static void with_export(struct verify *v, const struct schema *s)
{
	struct task t;

	begin_task(&t, v, s, v->options->against_export);
	t.exported = find_exported(v, s);
	if (t.exported < 0)
		fail(t.result, "the export does not have this schema");
	else if (take_exported_fields(&t, export_reader_table(v->expected, (size_t)t.exported)) ==
		 0)
		carry_out(&t);
	free(t.fields);
}

static void with_group(struct verify *v, const struct schema *s, const char *group,
		       const struct reader_ops *ops, const char *with, struct export_writer *writer)
{
	struct task t;

	begin_task(&t, v, s, with);
	t.group = group;
	t.ops = ops;
	t.writer = writer;
	carry_out(&t);
	free(t.fields);
}

static void verify_schema(struct verify *v, const struct schema *s)
{
	const struct options *o = v->options;

	if (s->replicated && !s->staged)
		with_group(v, s, v->conf->staging_group, &reader_mariadb, with_staging, v->writer);
	else if (o->against == NULL && o->against_export == NULL)
		with_group(v, s, NULL, NULL, NULL, v->writer);
	if (o->against != NULL)
		with_group(v, s, o->against, v->ends.ops->reader, o->against, NULL);
	if (o->against_export != NULL)
		with_export(v, s);
}

/* ---- choosing the schemas ---- */

static enum sync_exit check_names(const struct verify *v)
{
	for (size_t i = 0; i < v->options->schema_count; i++) {
		if (named_schema(v->registry, v->options->schemas[i]) == NULL)
			return SYNC_USAGE;
	}
	return SYNC_DONE;
}

static bool wanted(const struct verify *v, const struct schema *s)
{
	for (size_t i = 0; i < v->options->schema_count; i++) {
		if (registry_find(v->registry, v->options->schemas[i], NULL) == s)
			return true;
	}
	return v->options->schema_count == 0;
}

/* Reports tables of the export that have no deployed schema. */
static void name_left_over(struct verify *v)
{
	if (v->expected == NULL || v->options->schema_count > 0)
		return;
	for (size_t i = 0; i < export_reader_count(v->expected); i++) {
		const char *id = export_reader_table(v->expected, i)->schema;
		const struct schema *s = registry_find(v->registry, id, NULL);

		if (s == NULL || !(s->staged || s->replicated))
			fail(add_result(v, id, v->options->against_export),
			     "the schema is in the export, and no longer deployed");
	}
}

static void verify_all(struct verify *v)
{
	const struct schema **order = xcalloc(2 * registry_count(v->registry) + 1, sizeof(*order));
	size_t count = registry_replicated_order(v->registry, order);

	count += registry_staged_order(v->registry, order + count);
	v->progress = progress_new("rows", v->options->quiet);
	for (size_t i = 0; i < count && !interrupted(); i++) {
		if (wanted(v, order[i]))
			verify_schema(v, order[i]);
	}
	progress_free(&v->progress);
	name_left_over(v);
	free(order);
}

/* ---- from the lock to the report ---- */

static enum sync_exit finish(struct verify *v, int64_t started_ms)
{
	enum verify_verdict verdict = verify_verdict_of(v->results, v->count);
	bool written =
	    export_writer_close(&v->writer, verdict != VERIFY_FAILED && !interrupted()) == 0;

	if (v->options->json)
		verify_report_json(v->results, v->count,
				   (uint64_t)(clock_monotonic_ms() - started_ms));
	else
		verify_report_text(v->results, v->count, v->options->quiet);
	if (interrupted())
		log_error("%s", was_interrupted);
	return verdict >= VERIFY_DIFFERS || !written || interrupted() ? SYNC_FAILED : SYNC_DONE;
}

static enum sync_exit open_files(struct verify *v)
{
	const struct options *o = v->options;

	if (o->export_to != NULL && (v->writer = export_writer_open(o->export_to)) == NULL)
		return SYNC_FAILED;
	if (o->against_export == NULL)
		return SYNC_DONE;
	if ((v->expected = export_reader_open(o->against_export)) == NULL)
		return SYNC_FAILED;
	log_info("%s was written at %s UTC", o->against_export, export_reader_time(v->expected));
	return SYNC_DONE;
}

static enum sync_exit verify_locked(struct verify *v)
{
	int64_t started_ms = clock_monotonic_ms();
	enum sync_exit status;

	if (ends_open_staging(&v->ends) != OUTCOME_OK ||
	    registry_load(v->ends.db, &v->registry) != OUTCOME_OK)
		return SYNC_FAILED;
	if ((status = check_names(v)) != SYNC_DONE || (status = open_files(v)) != SYNC_DONE)
		return status;
	verify_all(v);
	return finish(v, started_ms);
}

/* Checks the group, because a missing group would be used as a login with all defaults. */
static enum sync_exit check_group(const struct verify *v)
{
	struct db_login login = v->ends.login;

	login.group = v->options->against;
	if (login.group == NULL)
		return SYNC_DONE;
	if (strcmp(login.group, v->conf->cloud_group) == 0)
		fprintf(stderr, "campaign-sync: [%s] is the cloud database itself\n", login.group);
	else if (!db_login_configured(&login))
		fprintf(stderr, "campaign-sync: %s has no group [%s]\n", login.option_file,
			login.group);
	else
		return SYNC_DONE;
	return SYNC_USAGE;
}

static enum sync_exit verify_from_lock(struct verify *v)
{
	enum sync_exit status;
	bool held = false;

	if ((status = check_group(v)) != SYNC_DONE)
		return status;
	if (run_lock_take(v->ends.lock, &held) != OUTCOME_OK)
		return SYNC_FAILED;
	if (!held)
		return verify_locked(v);
	log_error("another run holds the lock");
	return SYNC_LOCKED;
}

enum sync_exit verify_run(const struct conf *conf, const struct options *options)
{
	struct verify v = {.conf = conf, .options = options};
	enum sync_exit status;

	ends_init(&v.ends, conf, &target_mariadb, 0);
	v.ends.lock = run_lock_new(&v.ends.login);
	status = verify_from_lock(&v);
	export_writer_close(&v.writer, false);
	export_reader_close(&v.expected);
	for (size_t i = 0; i < v.count; i++)
		verify_result_free(&v.results[i]);
	free(v.results);
	registry_release(&v.registry);
	ends_close(&v.ends);
	run_lock_free(&v.ends.lock);
	return status;
}
