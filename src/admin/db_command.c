/* SPDX-License-Identifier: MIT */
/*
 * db init and db upgrade: apply the numbered migrations of both databases, and create the
 * server's secret and the built-in schemas. Both may be repeated at any time; completed steps
 * are skipped. They do not create the databases themselves; an administrator of the server does
 * that (on shared hosting: the panel).
 */
#include "config.h"
#include "admin/admin.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/uuid.h"
#include "session/token.h"

static const char sql_migration_table[] =
    "CREATE TABLE IF NOT EXISTS campaign_migration (version INT NOT NULL PRIMARY KEY,"
    " name VARCHAR(128) NOT NULL, applied_at DATETIME(3) NOT NULL)"
    " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin";

/* For scandir: selects names like "0001_base.sql". */
static int is_sql(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && strcmp(e->d_name + n - 4, ".sql") == 0 && atoi(e->d_name) > 0;
}

static int is_xml(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && strcmp(e->d_name + n - 4, ".xml") == 0;
}

/* Executes a script. A statement ends with a semicolon at the end of a line. Lines that begin
 * with -- are comments. */
static enum outcome run_script(struct db *db, const char *text)
{
	struct buf statement = BUF_INIT;
	enum outcome rc = OUTCOME_OK;

	while (*text != '\0' && rc == OUTCOME_OK) {
		size_t n = strcspn(text, "\n");

		if (strncmp(text, "--", 2) != 0 && n > 0) {
			buf_add_n(&statement, text, n);
			buf_add_char(&statement, '\n');
			if (text[n - 1] == ';') {
				statement.data[statement.length - 2] = ' ';
				rc = db_exec(db, buf_text(&statement));
				buf_clear(&statement);
			}
		}
		text += n + (text[n] == '\n');
	}
	buf_free(&statement);
	return rc;
}

static int current_version(struct db *db, long *version)
{
	struct db_rows *rows = NULL;

	if (db_exec(db, sql_migration_table) != OUTCOME_OK ||
	    db_run(db, "SELECT COALESCE(MAX(version), 0) FROM campaign_migration", NULL, 0, &rows,
		   NULL) != OUTCOME_OK)
		return -1;
	*version = db_rows_next(rows) ? (long)db_rows_int(rows, 0) : 0;
	db_rows_free(&rows);
	return 0;
}

static int apply(struct db *db, const char *which, const char *path, const char *name)
{
	char version[16];
	struct db_value params[2];
	char *text = admin_read_file(path, NULL);
	enum outcome rc;

	if (text == NULL)
		return -1;
	snprintf(version, sizeof(version), "%d", atoi(name));
	params[0] = db_text(version);
	params[1] = db_text(name);
	rc = run_script(db, text);
	free(text);
	if (rc == OUTCOME_OK)
		rc = db_run(db, "INSERT INTO campaign_migration VALUES (?, ?, UTC_TIMESTAMP(3))",
			    params, 2, NULL, NULL);
	if (rc != OUTCOME_OK) {
		admin_complain("%s: migration %s failed: %s", which, name, db_error(db));
		return -1;
	}
	printf("%s database: applied %s\n", which, name);
	return 0;
}

/* Applies the missing migrations. WHICH is "staging" or "cloud", which is also the name of the
 * folder below sql/. */
static int migrate(struct db *db, const char *which)
{
	struct dirent **names = NULL;
	char *dir = xasprintf("%s/sql/%s", admin_data_dir(), which);
	long version = 0;
	int count = scandir(dir, &names, is_sql, alphasort), rc = 0;

	if (count <= 0) {
		admin_complain("%s: no migrations there (%s)", dir,
			       count < 0 ? strerror(errno) : "empty");
		rc = -1;
	} else if (current_version(db, &version) < 0) {
		rc = -1;
	} else if (version > atoi(names[count - 1]->d_name)) {
		admin_complain("the %s database is of a newer version (%ld) than this program",
			       which, version);
		rc = -1;
	}
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]->d_name);

		if (rc == 0 && atoi(names[i]->d_name) > version)
			rc = apply(db, which, path, names[i]->d_name);
		free(path);
		free(names[i]);
	}
	free(names);
	free(dir);
	return rc;
}

/* Creates the initial state. The counters start at 1, so that the first look of a worker always
 * finds a change. */
static int make_state(struct db *db)
{
	unsigned char secret[SERVER_SECRET_BYTES];
	char hex[2 * SERVER_SECRET_BYTES + 1], id[40], uuid[37];
	struct db_value params[2];
	size_t n = 1;

	secret_new(secret);
	secret_text(hex, secret);
	uuid_text(uuid);
	id[0] = 'u';
	for (const char *s = uuid; n < 17; s++)
		if (*s != '-')
			id[n++] = (char)(*s >= 'a' ? *s - 'a' + 'A' : *s);
	id[n] = '\0';
	params[0] = db_text(hex);
	params[1] = db_text(id);
	return db_run(
		   db,
		   "INSERT IGNORE INTO campaign_state (name, value) VALUES ('schema_version', '1'),"
		   " ('auth_version', '1'), ('secret', ?), ('database_id', ?)",
		   params, 2, NULL, NULL) == OUTCOME_OK
		   ? 0
		   : -1;
}

static int deploy_builtin(struct admin *a)
{
	struct dirent **names = NULL;
	char *dir = xasprintf("%s/sql/schemas", admin_data_dir());
	int count = scandir(dir, &names, is_xml, alphasort), status;
	char **files;

	if (count <= 0) {
		admin_complain("%s: no built-in schemas there", dir);
		free(names);
		free(dir);
		return ADMIN_FAILED;
	}
	files = xcalloc((size_t)count, sizeof(*files));
	for (int i = 0; i < count; i++) {
		files[i] = xasprintf("%s/%s", dir, names[i]->d_name);
		free(names[i]);
	}
	status = schema_deploy_files(a, files, (size_t)count, true, true);
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	free(names);
	free(dir);
	return status;
}

/* Executes both commands. WHAT is the name of the command. */
static int bring_up(struct admin *a, const char *what)
{
	struct db *staging = admin_open_staging(a);
	struct db *cloud = staging != NULL ? admin_open_cloud(a) : NULL;
	int status = ADMIN_FAILED;

	if (cloud != NULL && migrate(staging, "staging") == 0 && migrate(cloud, "cloud") == 0 &&
	    make_state(staging) == 0 && grants_on_base(a, staging) == 0 &&
	    admin_audit(staging, what, "both databases", PACKAGE_VERSION) == OUTCOME_OK)
		status = ADMIN_DONE;
	db_close(&cloud);
	db_close(&staging);
	if (status == ADMIN_DONE)
		status = deploy_builtin(a);
	if (status == ADMIN_DONE && row_columns_settle_all(a) < 0)
		status = ADMIN_FAILED;
	if (status == ADMIN_DONE)
		puts("both databases are ready");
	return status;
}

int db_init_command(struct admin *a, int argc, char **argv)
{
	(void)argv;
	return argc > 0 ? ADMIN_USAGE : bring_up(a, "db init");
}

int db_upgrade_command(struct admin *a, int argc, char **argv)
{
	struct db *staging;
	struct db_rows *rows = NULL;
	bool there;

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	if ((staging = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	there = db_run(staging, "SHOW TABLES LIKE 'campaign\\_migration'", NULL, 0, &rows, NULL) ==
		    OUTCOME_OK &&
		db_rows_next(rows);
	db_rows_free(&rows);
	db_close(&staging);
	if (!there) {
		admin_complain("nothing to upgrade: run `campaign-admin db init` first");
		return ADMIN_FAILED;
	}
	return bring_up(a, "db upgrade");
}
