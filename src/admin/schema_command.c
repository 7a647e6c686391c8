/* SPDX-License-Identifier: MIT */
/*
 * schema deploy, list, show. A deployment creates or alters the cloud table, the staging log,
 * its reject table and its view. Only after that it publishes the source and increments
 * schema_version, so a worker never sees a schema whose tables do not exist (R5.12a). It drops
 * only the empty log, the reject table and the view of a schema that is no longer staged
 * (R5.19).
 */
#include "config.h"
#include "admin/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/table.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "db/classify.h"
#include "schema/ddl.h"
#include "schema/row.h"
#include "schema/source.h"

struct candidate {
	const char *file;
	char *text;
	size_t length;
	struct schema *schema;
};

/* The schemas that a link may refer to: deployed ones, and those in other files of the same
 * command. */
struct known {
	const struct candidate *candidates;
	size_t count;
	const struct registry *registry;
};

static const struct schema *lookup(void *context, const char *id)
{
	const struct known *k = context;

	for (size_t i = 0; i < k->count; i++)
		if (k->candidates[i].schema != NULL && strcmp(k->candidates[i].schema->id, id) == 0)
			return k->candidates[i].schema;
	return registry_find(k->registry, id, NULL);
}

static void print_lines(const char *file, const char *word, const char *lines)
{
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");

		if (n > 0)
			fprintf(stderr, "%s: %s%.*s\n", file, word, (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}

static int compile(struct candidate *c, struct known *known, bool final)
{
	struct buf errors = BUF_INIT, warnings = BUF_INIT;
	struct schema *s = schema_compile(c->text, c->length, lookup, known, &errors, &warnings);

	if (s == NULL)
		print_lines(c->file, "", buf_text(&errors));
	else if (final)
		print_lines(c->file, "warning: ", buf_text(&warnings));
	schema_free(&c->schema);
	c->schema = s;
	buf_free(&errors);
	buf_free(&warnings);
	return s != NULL ? 0 : -1;
}

/* Compiles every file twice. The second time it finds the schemas of all other files, so the
 * order of the files does not matter. */
static int compile_all(struct candidate *all, size_t count, const struct registry *registry)
{
	struct known known = {all, count, registry};
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		if ((all[i].text = admin_read_file(all[i].file, &all[i].length)) == NULL ||
		    compile(&all[i], &known, false) < 0)
			rc = -1;
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct schema *first = all[i].schema; /* freed later: others may link to it */

		all[i].schema = NULL;
		rc |= compile(&all[i], &known, true);
		schema_free(&first);
	}
	return rc;
}

static const char sql_columns[] =
    "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION";

/* Reads the columns of TABLE; *COUNT is 0 if it does not exist. */
static int read_columns(struct db *db, const char *table, struct arena *arena,
			struct ddl_column **out, size_t *count)
{
	struct db_value params[] = {db_text(table)};
	struct db_rows *rows = NULL;
	struct ddl_column *columns;
	size_t n = 0;

	if (db_run(db, sql_columns, params, 1, &rows, NULL) != OUTCOME_OK)
		return -1;
	columns = arena_zalloc(arena, (db_rows_count(rows) + 1) * sizeof(*columns));
	while (db_rows_next(rows)) {
		columns[n].name = arena_strdup(arena, db_rows_text(rows, 0));
		columns[n].type = arena_strdup(arena, db_rows_text(rows, 1));
		columns[n++].nullable = strcmp(db_rows_text(rows, 2), "YES") == 0;
	}
	db_rows_free(&rows);
	*out = columns;
	*count = n;
	return 0;
}

/* Reports the failure of a statement. The server may find a row too wide that R5.20 allows: the
 * table has columns of fields that were removed from the source, or the server has smaller
 * pages. */
static void complain_of_table(struct db *db, const struct schema *s, const char *table,
			      const char *file)
{
	if (db_is_too_wide(db_errno(db)))
		admin_complain("%s: table %s has no room for the %zu fields of %s beside the"
			       " columns that it has already: remove fields, or drop columns of"
			       " the table that left the source",
			       file, table, s->field_count, s->id);
	else
		admin_complain("%s: table %s: %s", file, table, db_error(db));
}

/* Adds the indexes of keys that were declared after the table was created. */
static int settle_indexes(struct db *db, const struct schema *s, const char *table,
			  const char *file)
{
	struct buf sql = BUF_INIT;
	int rc = 0;

	ddl_add_indexes(&sql, s);
	if (sql.length > 0 && db_exec(db, buf_text(&sql)) != OUTCOME_OK) {
		admin_complain("%s: indexes of table %s: %s", file, table, db_error(db));
		rc = -1;
	}
	buf_free(&sql);
	return rc;
}

/* Creates the table or alters it to match S. Sets *MADE if it was created. */
static int settle_table(struct db *db, const struct schema *s, enum ddl_table which,
			const char *table, const char *file, bool *made)
{
	struct arena *arena = arena_new();
	struct buf sql = BUF_INIT, errors = BUF_INIT;
	struct ddl_column *columns = NULL;
	size_t count = 0;
	int rc = read_columns(db, table, arena, &columns, &count);

	if (rc == 0 && count == 0)
		ddl_create(&sql, s, which);
	else if (rc == 0 && (rc = ddl_alter(&sql, s, which, columns, count, &errors)) < 0)
		print_lines(file, "", buf_text(&errors));
	if (rc == 0 && sql.length > 0 && db_exec(db, buf_text(&sql)) != OUTCOME_OK) {
		complain_of_table(db, s, table, file);
		rc = -1;
	}
	if (rc == 0 && count > 0 && which == DDL_ENTITY)
		rc = settle_indexes(db, s, table, file);
	if (made != NULL)
		*made = rc == 0 && count == 0;
	buf_free(&sql);
	buf_free(&errors);
	arena_free(&arena);
	return rc;
}

static bool table_has_rows(struct db *db, const char *table)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	bool has;

	buf_add(&sql, "SELECT 1 FROM ");
	db_quote_name(&sql, table);
	buf_add(&sql, " LIMIT 1");
	/* After an error the answer is true, so that no row can be lost. */
	has = db_run(db, buf_text(&sql), NULL, 0, &rows, NULL) != OUTCOME_OK || db_rows_next(rows);
	db_rows_free(&rows);
	buf_free(&sql);
	return has;
}

/* Executes VERB on the log and the reject table of S in one statement. */
static bool exec_on_both(struct db *staging, const char *verb, const struct schema *s,
			 const char *suffix)
{
	struct buf sql = BUF_INIT;
	bool done;

	buf_add(&sql, verb);
	db_quote_name(&sql, s->log_table);
	buf_addf(&sql, "%s, ", suffix);
	db_quote_name(&sql, s->reject_table);
	buf_add(&sql, suffix);
	done = db_exec(staging, buf_text(&sql)) == OUTCOME_OK;
	if (!done)
		admin_complain("%s: %s", s->id, db_error(staging));
	buf_free(&sql);
	return done;
}

static bool drop_view(struct db *staging, const char *view)
{
	struct buf sql = BUF_INIT;
	bool done;

	buf_add(&sql, "DROP VIEW IF EXISTS ");
	db_quote_name(&sql, view);
	done = db_exec(staging, buf_text(&sql)) == OUTCOME_OK;
	buf_free(&sql);
	return done;
}

/*
 * R5.19: drops the staging log after autoStg was removed, if no change is pending or rejected.
 * The lock waits for open transactions and blocks new ones, so a change that a call reported as
 * stored cannot arrive between the check and the drop.
 */
static int drop_log(struct db *staging, const struct schema *old, const char *file)
{
	bool pending, dropped;

	if (!exec_on_both(staging, "LOCK TABLES ", old, " WRITE"))
		return -1;
	pending =
	    table_has_rows(staging, old->log_table) || table_has_rows(staging, old->reject_table);
	dropped = !pending && exec_on_both(staging, "DROP TABLE ", old, "");
	if (db_exec(staging, "UNLOCK TABLES") != OUTCOME_OK)
		return -1;
	if (pending)
		admin_complain(
		    "%s: %s has changes that are pending or rejected; replicate or drop them"
		    " before autoStg is removed",
		    file, old->id);
	return dropped && drop_view(staging, old->staging_view) ? 0 : -1;
}

/* R7.11: the first number is greater than any in the cloud table. */
static int make_sequence(struct db *staging, struct db *cloud, const struct schema *s)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	int64_t first = 1;
	int rc = -1;

	buf_add(&sql, "SELECT COALESCE(MAX(");
	db_quote_name(&sql, s->fields[s->pk].column);
	buf_add(&sql, "), 0) + 1 FROM ");
	db_quote_name(&sql, s->table);
	if (db_run(cloud, buf_text(&sql), NULL, 0, &rows, NULL) == OUTCOME_OK) {
		if (db_rows_next(rows) && db_rows_int(rows, 0) > 0)
			first = db_rows_int(rows, 0);
		buf_clear(&sql);
		ddl_sequence(&sql, s, (unsigned long long)first);
		rc = db_exec(staging, buf_text(&sql)) == OUTCOME_OK ? 0 : -1;
	}
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

static int settle_staged(struct db *staging, struct db *cloud, const struct schema *s,
			 const char *file, bool *log_made)
{
	struct buf sql = BUF_INIT;
	int rc = settle_table(cloud, s, DDL_ENTITY, s->table, file, NULL);

	if (rc == 0)
		rc = settle_table(staging, s, DDL_LOG, s->log_table, file, log_made);
	if (rc == 0)
		rc = settle_table(staging, s, DDL_REJECT, s->reject_table, file, NULL);
	if (rc == 0 && s->sequence != NULL)
		rc = make_sequence(staging, cloud, s);
	if (rc == 0) {
		ddl_view(&sql, s);
		if (db_exec(staging, buf_text(&sql)) != OUTCOME_OK) {
			admin_complain("%s: view %s: %s", file, s->staging_view, db_error(staging));
			rc = -1;
		}
	}
	buf_free(&sql);
	return rc;
}

static const char sql_publish[] =
    "INSERT INTO campaign_schema (id, source, builtin, log_id, deployed_at)"
    " VALUES (?, ?, ?, UUID(), UTC_TIMESTAMP(3))"
    " ON DUPLICATE KEY UPDATE source = VALUES(source), builtin = VALUES(builtin),"
    " deployed_at = VALUES(deployed_at), log_id = IF(?, VALUES(log_id), log_id)";

static int publish(struct db *staging, const struct candidate *c, bool builtin, bool log_made)
{
	struct db_value params[] = {db_text(c->schema->id),
				    {c->text, c->length},
				    db_text(builtin ? "1" : "0"),
				    db_text(log_made ? "1" : "0")};

	if (db_begin(staging) == OUTCOME_OK &&
	    db_run(staging, sql_publish, params, 4, NULL, NULL) == OUTCOME_OK &&
	    admin_bump(staging, "schema_version") == OUTCOME_OK &&
	    (builtin ||
	     admin_audit(staging, "schema deploy", c->schema->id, c->file) == OUTCOME_OK) &&
	    db_commit(staging) == OUTCOME_OK)
		return 0;
	db_rollback(staging);
	return -1;
}

static int deploy(const struct admin *a, struct db *staging, struct db *cloud,
		  const struct candidate *c, const struct schema *old, bool builtin)
{
	const struct schema *s = c->schema;
	bool log_made = false;
	int rc = 0;

	if (old != NULL && old->staged && !s->staged && drop_log(staging, old, c->file) < 0)
		return -1;
	if (s->staged) {
		rc = settle_staged(staging, cloud, s, c->file, &log_made);
	} else {
		if (s->local)
			rc = settle_table(staging, s, DDL_ENTITY, s->table, c->file, NULL);
		if (rc == 0 && (!s->local || s->replicated))
			rc = settle_table(cloud, s, DDL_ENTITY, s->table, c->file, NULL);
	}
	if (rc == 0 && (!s->local || s->replicated))
		rc = row_columns_settle(a, cloud, s);
	/* Grants come before publication: from then on calls write to the tables. */
	if (rc == 0)
		rc = grants_on_schema(a, staging, s);
	return rc == 0 ? publish(staging, c, builtin, log_made) : -1;
}

/* Reports a table that another schema uses: both would overwrite each other's rows. The cause is
 * a shared sqltable, or ids such as a_b:c and a:b_c. */
static bool shares_table(const struct candidate *c, const struct schema *other)
{
	if (other == NULL || strcmp(other->id, c->schema->id) == 0 ||
	    strcasecmp(other->table, c->schema->table) != 0)
		return false;
	admin_complain("%s: table %s belongs to %s already: give another sqltable", c->file,
		       c->schema->table, other->id);
	return true;
}

static int check_tables(const struct candidate *all, size_t count, const struct registry *registry)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++)
			if (shares_table(&all[i], all[j].schema))
				return -1;
		for (size_t j = 0; j < registry_count(registry); j++)
			if (shares_table(&all[i], registry_at(registry, j)))
				return -1;
	}
	return 0;
}

/* Checks the width of rows before any table is created, so that a schema that is too wide leaves
 * no partial tables. */
static int check_rows(const struct candidate *all, size_t count, const struct registry *registry)
{
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		const struct schema *old = registry_find(registry, all[i].schema->id, NULL);
		struct buf errors = BUF_INIT, warnings = BUF_INIT;

		rc |= row_check(all[i].schema, old, &errors, &warnings);
		print_lines(all[i].file, "", buf_text(&errors));
		print_lines(all[i].file, "warning: ", buf_text(&warnings));
		buf_free(&errors);
		buf_free(&warnings);
	}
	return rc;
}

static bool unchanged(const struct schema *old, const struct candidate *c)
{
	return old != NULL && strlen(old->source) == c->length &&
	       memcmp(old->source, c->text, c->length) == 0;
}

static int deploy_all(const struct admin *a, struct db *staging, struct db *cloud,
		      struct candidate *all, size_t count, const struct registry *registry,
		      bool builtin, bool quiet)
{
	for (size_t i = 0; i < count; i++) {
		const struct schema *old = registry_find(registry, all[i].schema->id, NULL);

		if (deploy(a, staging, cloud, &all[i], old, builtin) < 0)
			return -1;
		if (!quiet || !unchanged(old, &all[i]))
			printf("deployed %s%s%s\n", all[i].schema->id,
			       all[i].schema->staged ? ", staged as " : "",
			       all[i].schema->staged ? all[i].schema->staging_id : "");
	}
	return 0;
}

/* Takes a lock, because two simultaneous deployments would alter the same tables. */
static int lock_deployments(struct db *staging)
{
	struct db_rows *rows = NULL;
	int rc = -1;

	if (db_run(staging, "SELECT GET_LOCK(CONCAT('campaign-deploy:', DATABASE()), 30)", NULL, 0,
		   &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows) && db_rows_int(rows, 0) == 1)
		rc = 0;
	else
		admin_complain("another deployment is under way");
	db_rows_free(&rows);
	return rc;
}

int schema_deploy_files(struct admin *a, char **files, size_t count, bool builtin, bool quiet)
{
	struct candidate *all = xcalloc(count, sizeof(*all));
	struct registry *registry = NULL;
	struct db *staging = admin_open_staging(a);
	struct db *cloud = staging != NULL ? admin_open_cloud(a) : NULL;
	int status = ADMIN_FAILED;

	for (size_t i = 0; i < count; i++)
		all[i].file = files[i];
	if (cloud != NULL && lock_deployments(staging) == 0 &&
	    registry_load(staging, &registry) == OUTCOME_OK &&
	    compile_all(all, count, registry) == 0 && check_tables(all, count, registry) == 0 &&
	    check_rows(all, count, registry) == 0 &&
	    deploy_all(a, staging, cloud, all, count, registry, builtin, quiet) == 0)
		status = ADMIN_DONE;
	for (size_t i = 0; i < count; i++) {
		schema_free(&all[i].schema);
		free(all[i].text);
	}
	free(all);
	registry_release(&registry);
	db_close(&cloud);
	db_close(&staging);
	return status;
}

int schema_deploy_command(struct admin *a, int argc, char **argv)
{
	if (argc < 1)
		return ADMIN_USAGE;
	return schema_deploy_files(a, argv, (size_t)argc, false, false);
}

static const char *kind_of(const struct schema *s)
{
	if (s->staged)
		return "staged";
	if (s->local)
		return s->replicated ? "local, replicated" : "local";
	return "cloud";
}

int schema_list_command(struct admin *a, int argc, char **argv)
{
	static const struct table_column columns[] = {{"id", "schema", TABLE_TEXT},
						      {"kind", "kind", TABLE_TEXT},
						      {"staging", "staging schema", TABLE_TEXT},
						      {"table", "table", TABLE_TEXT},
						      {"label", "label", TABLE_TEXT}};
	struct db *staging;
	struct registry *r = NULL;
	struct table *t;

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	if ((staging = admin_open_staging(a)) == NULL || registry_load(staging, &r) != OUTCOME_OK) {
		db_close(&staging);
		return ADMIN_FAILED;
	}
	t = table_new(columns, 5);
	for (size_t i = 0; i < registry_count(r); i++) {
		const struct schema *s = registry_at(r, i);

		table_add(t, s->id);
		table_add(t, kind_of(s));
		table_add(t, s->staging_id);
		table_add(t, s->table);
		table_add(t, s->label);
	}
	table_print(&t, a->json, "no schema is deployed");
	registry_release(&r);
	db_close(&staging);
	return ADMIN_DONE;
}

int schema_show_command(struct admin *a, int argc, char **argv)
{
	struct db *staging;
	struct registry *r = NULL;
	const struct schema *s = NULL;

	if (argc != 1)
		return ADMIN_USAGE;
	if ((staging = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (registry_load(staging, &r) == OUTCOME_OK) {
		if ((s = registry_find(r, argv[0], NULL)) == NULL)
			admin_complain("there is no schema \"%s\"", argv[0]);
		else
			printf("%s%s", s->source,
			       s->source[strlen(s->source) - 1] == '\n' ? "" : "\n");
	}
	registry_release(&r);
	db_close(&staging);
	return s != NULL ? ADMIN_DONE : ADMIN_FAILED;
}
