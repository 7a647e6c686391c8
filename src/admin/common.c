/* SPDX-License-Identifier: MIT */
/* Functions that several commands of campaign-admin use. */
#include "config.h"
#include "admin/admin.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/table.h"
#include "base/alloc.h"
#include "staging/move.h"

void admin_complain(const char *format, ...)
{
	va_list ap;

	fputs("campaign-admin: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static struct db *open_database(const struct admin *a, const char *group, const char *label,
				const char *session_variables)
{
	struct db_login login = {.option_file = a->conf->admin_option_file,
				 .group = group,
				 .label = label,
				 .connect_timeout_s = a->conf->connect_timeout_s,
				 /* DDL on a large table is slow */
				 .io_timeout_s = 3600,
				 .session_variables = session_variables};
	struct db *db = NULL;

	if (db_open(&login, &db) == OUTCOME_OK)
		return db;
	admin_complain("cannot connect to the %s database: see group [%s] of %s", label, group,
		       a->conf->admin_option_file);
	return NULL;
}

struct db *admin_open_staging(const struct admin *a)
{
	return open_database(a, a->conf->staging_group, "staging", NULL);
}

struct db *admin_open_cloud(const struct admin *a)
{
	return open_database(a, a->conf->cloud_group, "cloud", a->conf->cloud_session_variables);
}

const char *admin_data_dir(void)
{
	const char *dir = getenv("CAMPAIGN_INGEST_DATADIR");

	return dir != NULL && *dir != '\0' ? dir : PKGDATADIR;
}

char *admin_read_file(const char *path, size_t *length)
{
	struct buf text = BUF_INIT;
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL) {
		admin_complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	do {
		n = fread(buf_reserve(&text, 65536), 1, 65536, f);
		buf_took(&text, n);
	} while (n > 0 && text.length < (size_t)64 * 1024 * 1024);
	if (ferror(f)) {
		admin_complain("%s: %s", path, strerror(errno));
		fclose(f);
		buf_free(&text);
		return NULL;
	}
	fclose(f);
	buf_add(&text, "");
	if (length != NULL)
		*length = text.length;
	return buf_steal(&text);
}

enum outcome admin_bump(struct db *staging, const char *name)
{
	struct db_value params[] = {db_text(name)};

	return db_run(staging, "UPDATE campaign_state SET value = value + 1 WHERE name = ?", params,
		      1, NULL, NULL);
}

const struct schema *admin_staged_schema(const struct registry *r, const char *id)
{
	const struct schema *s = registry_find(r, id, NULL);

	if (s == NULL)
		admin_complain("there is no schema \"%s\"", id);
	else if (!s->staged)
		admin_complain("schema %s is not staged (autoStg)", s->id);
	return s != NULL && s->staged ? s : NULL;
}

enum outcome admin_move_changes(struct db *staging, const char *from, const char *to,
				const char *where)
{
	struct buf columns = BUF_INIT, sql = BUF_INIT;
	enum outcome rc;

	rc = move_columns(staging, from, to, &columns);
	buf_add(&sql, "INSERT INTO ");
	db_quote_name(&sql, to);
	buf_addf(&sql, " (%s) SELECT %s FROM ", buf_text(&columns), buf_text(&columns));
	db_quote_name(&sql, from);
	buf_addf(&sql, " WHERE %s", where);
	if (rc == OUTCOME_OK && (rc = db_exec(staging, buf_text(&sql))) == OUTCOME_OK) {
		buf_clear(&sql);
		buf_add(&sql, "DELETE FROM ");
		db_quote_name(&sql, from);
		buf_addf(&sql, " WHERE %s", where);
		rc = db_exec(staging, buf_text(&sql));
	}
	buf_free(&sql);
	buf_free(&columns);
	return rc;
}

int admin_print_query(struct admin *a, const char *sql, const struct table_column *columns,
		      size_t count, const char *empty)
{
	struct db *db = admin_open_staging(a);
	struct db_rows *rows = NULL;
	struct table *t;

	if (db == NULL || db_run(db, sql, NULL, 0, &rows, NULL) != OUTCOME_OK) {
		db_close(&db);
		return ADMIN_FAILED;
	}
	t = table_new(columns, count);
	while (db_rows_next(rows))
		for (size_t c = 0; c < count; c++)
			table_add(t, db_rows_text(rows, c));
	table_print(&t, a->json, empty);
	db_rows_free(&rows);
	db_close(&db);
	return ADMIN_DONE;
}
