/* SPDX-License-Identifier: MIT */
/* The audit: records the changes that commands make, and lists them (command audit). */
#include "config.h"
#include "admin/admin.h"

#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/table.h"

enum { LISTED = 1000 };

static const char sql_audit[] =
    "INSERT INTO campaign_audit (at, who, host, action, object, detail)"
    " VALUES (UTC_TIMESTAMP(3), LEFT(?, 255), LEFT(?, 255), ?, LEFT(?, 255), LEFT(?, 1000))";

/* "alice (uid 1000)", "root (uid 0), sudo by alice". SUDO_USER is not verified: root can set it
 * to any name. */
static void who_am_i(char *out, size_t size)
{
	const uid_t uid = getuid();
	/* cppcheck-suppress getpwuidCalled ; there is one thread */
	const struct passwd *user = getpwuid(uid);
	const char *sudo = uid == 0 ? getenv("SUDO_USER") : NULL;

	snprintf(out, size, "%s (uid %lu)%s%s", user != NULL ? user->pw_name : "?",
		 (unsigned long)uid, sudo != NULL ? ", sudo by " : "", sudo != NULL ? sudo : "");
}

enum outcome admin_audit(struct db *staging, const char *action, const char *object,
			 const char *detail)
{
	char who[256], host[256] = "";
	struct db_value params[5];

	who_am_i(who, sizeof(who));
	if (gethostname(host, sizeof(host) - 1) < 0)
		snprintf(host, sizeof(host), "?");
	params[0] = db_text(who);
	params[1] = db_text(host);
	params[2] = db_text(action);
	params[3] = db_text(object);
	params[4] = db_text(detail);
	return db_run(staging, sql_audit, params, 5, NULL, NULL);
}

int admin_commit(struct db *staging, const char *action, const char *object, const char *detail)
{
	if (admin_audit(staging, action, object, detail) == OUTCOME_OK &&
	    db_commit(staging) == OUTCOME_OK)
		return ADMIN_DONE;
	db_rollback(staging);
	return ADMIN_FAILED;
}

/* --- the command ------------------------------------------------------------------------- */

/* Returns -1 for a usage error. Sets *SINCE only if the option is given. */
static int parse_options(int argc, char **argv, const char **since)
{
	static const struct option options[] = {{"since", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	int option;

	optind = 0;
	/* getopt skips argv[0], but argv[0] here is the first argument after the command */
	while ((option = getopt_long(argc + 1, argv - 1, "", options, NULL)) != -1) {
		if (option != 's')
			return -1;
		*since = optarg;
	}
	return optind == argc + 1 ? 0 : -1;
}

static bool is_time(struct db *db, const char *text)
{
	struct db_value params[] = {db_text(text)};
	struct db_rows *rows = NULL;
	bool good;

	good = db_run(db, "SELECT CAST(? AS DATETIME(3))", params, 1, &rows, NULL) == OUTCOME_OK &&
	       db_rows_next(rows) && db_rows_text(rows, 0) != NULL;
	db_rows_free(&rows);
	if (!good)
		admin_complain(
		    "\"%s\" is not a valid time: YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS, in UTC", text);
	return good;
}

static int list(struct admin *a, struct db *db, const char *since)
{
	static const struct table_column columns[] = {
	    {"at", "at (UTC)", TABLE_TEXT},   {"who", "who", TABLE_TEXT},
	    {"host", "host", TABLE_TEXT},     {"action", "action", TABLE_TEXT},
	    {"object", "object", TABLE_TEXT}, {"detail", "detail", TABLE_TEXT}};
	enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };
	struct db_value params[] = {db_text(since)};
	struct db_rows *rows = NULL;
	struct table *t;
	char sql[320];

	snprintf(
	    sql, sizeof(sql),
	    "SELECT at, who, host, action, object, detail FROM (SELECT * FROM campaign_audit"
	    " WHERE at >= CAST(? AS DATETIME(3)) ORDER BY id DESC LIMIT %d) latest ORDER BY id",
	    LISTED);
	if (db_run(db, sql, params, 1, &rows, NULL) != OUTCOME_OK)
		return ADMIN_FAILED;
	t = table_new(columns, COLUMNS);
	while (db_rows_next(rows))
		for (size_t c = 0; c < COLUMNS; c++)
			table_add(t, db_rows_text(rows, c));
	table_print(&t, a->json, "nothing was changed");
	if (db_rows_count(rows) == LISTED)
		fprintf(stderr, "(the latest %d)\n", LISTED);
	db_rows_free(&rows);
	return ADMIN_DONE;
}

int audit_command(struct admin *a, int argc, char **argv)
{
	const char *since = "0001-01-01";
	int status = ADMIN_FAILED;
	struct db *db;

	if (parse_options(argc, argv, &since) < 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (is_time(db, since))
		status = list(a, db, since);
	db_close(&db);
	return status;
}
