/* SPDX-License-Identifier: MIT */
/*
 * Information services and folders: the local tables in which calls look up names (R9.1, R7.7).
 * A new service has a lastModified, by which replication finds the services to copy (R10.7).
 */
#include "config.h"
#include "admin/admin.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "admin/table.h"
#include "base/uuid.h"

static const char *const service_types[] = {"email", "sms", "phone", "mail", "fax"};
enum { SERVICE_TYPES = sizeof(service_types) / sizeof(service_types[0]) };

struct reference_options {
	const char *name;
	const char *label;
	const char *folder;
	int type;
};

static int type_parse(const char *text)
{
	for (int i = 0; i < SERVICE_TYPES; i++)
		if (strcmp(text, service_types[i]) == 0)
			return i;
	return -1;
}

/* R9.1: Subscribe separates names by commas and trims blanks. */
static bool name_is_valid(const char *name)
{
	static const char blanks[] = " \t\r\n";
	size_t length = strlen(name);

	return length > 0 && length <= 64 && strchr(name, ',') == NULL &&
	       strchr(blanks, name[0]) == NULL && strchr(blanks, name[length - 1]) == NULL;
}

static int parse_options(int argc, char **argv, const char *allowed, struct reference_options *o)
{
	static const struct option options[] = {{"label", required_argument, NULL, 'l'},
						{"type", required_argument, NULL, 't'},
						{"folder", required_argument, NULL, 'f'},
						{NULL, 0, NULL, 0}};
	int option;

	memset(o, 0, sizeof(*o));
	optind = 0; /* argv[-1] is the verb; getopt skips it */
	while ((option = getopt_long(argc + 1, argv - 1, "", options, NULL)) != -1) {
		if (strchr(allowed, option) == NULL)
			return -1;
		if (option == 'l')
			o->label = optarg;
		else if (option == 'f')
			o->folder = optarg;
		else if ((o->type = type_parse(optarg)) < 0)
			return -1;
	}
	if (optind != argc)
		return -1;
	o->name = argv[optind - 1];
	if (name_is_valid(o->name))
		return 0;
	admin_complain("a name has 1 to 64 bytes, no comma and no blank at either end");
	return -1;
}

static enum outcome run(struct db *db, const char *sql, const struct db_value *params, size_t count,
			struct db_rows **rows)
{
	enum outcome rc = db_run(db, sql, params, count, rows, NULL);

	if (rc == OUTCOME_REJECTED)
		admin_complain("%s", db_error(db));
	return rc;
}

/* Inserts a row, and records in the audit table that ACTION inserted NAME. */
static int insert(struct db *db, const char *sql, const struct db_value *params, size_t count,
		  const char *action, const char *name)
{
	if (db_begin(db) != OUTCOME_OK)
		return ADMIN_FAILED;
	if (run(db, sql, params, count, NULL) == OUTCOME_OK)
		return admin_commit(db, action, name, "");
	db_rollback(db);
	return ADMIN_FAILED;
}

/* Copies the first value of the first row to OUT; "" if there is no row. */
static int find_text(struct db *db, const char *sql, const char *name, char *out, size_t size)
{
	struct db_value params[] = {db_text(name)};
	struct db_rows *rows = NULL;
	int rc = -1;

	*out = '\0';
	if (run(db, sql, params, 1, &rows) == OUTCOME_OK) {
		rc = 0;
		if (db_rows_next(rows))
			snprintf(out, size, "%s", db_rows_text(rows, 0));
	}
	db_rows_free(&rows);
	return rc;
}

/* Prints an error if the name exists. The tables cannot check it, because their indexes are not
 * unique (R10.4). */
static int check_free(struct db *db, const char *sql, const char *what, const char *name)
{
	char id[80];

	if (find_text(db, sql, name, id, sizeof(id)) < 0)
		return -1;
	if (*id == '\0')
		return 0;
	admin_complain("%s \"%s\" exists already", what, name);
	return -1;
}

static const char sql_service[] = "SELECT id FROM nms_service WHERE name = ?";
static const char sql_folder[] = "SELECT id FROM xtk_folder WHERE name = ?";

static int insert_service(struct db *db, const struct reference_options *o)
{
	char id[37], folder[80] = "", type[4];

	if (check_free(db, sql_service, "service", o->name) < 0)
		return ADMIN_FAILED;
	if (o->folder != NULL) {
		if (find_text(db, sql_folder, o->folder, folder, sizeof(folder)) < 0)
			return ADMIN_FAILED;
		if (*folder == '\0') {
			admin_complain("there is no folder \"%s\"", o->folder);
			return ADMIN_FAILED;
		}
	}
	uuid_text(id);
	snprintf(type, sizeof(type), "%d", o->type);
	struct db_value params[] = {db_text(id), db_text(o->name),
				    db_text(o->label != NULL ? o->label : o->name), db_text(type),
				    *folder != '\0' ? db_text(folder) : DB_NULL};

	return insert(db,
		      "INSERT INTO nms_service (id, name, label, type, `folder-id`, lastModified)"
		      " VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
		      params, 5, "service add", o->name);
}

int service_add_command(struct admin *a, int argc, char **argv)
{
	struct reference_options o;
	struct db *db;
	int status;

	if (parse_options(argc, argv, "ltf", &o) < 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	status = insert_service(db, &o);
	db_close(&db);
	return status;
}

static int insert_folder(struct db *db, const struct reference_options *o)
{
	char id[37], full[80];

	if (check_free(db, sql_folder, "folder", o->name) < 0)
		return ADMIN_FAILED;
	uuid_text(id);
	snprintf(full, sizeof(full), "/%s/", o->name);
	struct db_value params[] = {db_text(id), db_text(o->name),
				    db_text(o->label != NULL ? o->label : o->name), db_text(full)};

	return insert(db, "INSERT INTO xtk_folder (id, name, label, fullName) VALUES (?, ?, ?, ?)",
		      params, 4, "folder add", o->name);
}

int folder_add_command(struct admin *a, int argc, char **argv)
{
	struct reference_options o;
	struct db *db;
	int status;

	if (parse_options(argc, argv, "l", &o) < 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	status = insert_folder(db, &o);
	db_close(&db);
	return status;
}

/* WHAT is "service" or "folder". */
static int remove_row(struct db *db, const char *what, const char *sql, const char *name)
{
	struct db_value params[] = {db_text(name)};
	uint64_t affected = 0;
	char action[32];
	enum outcome rc;

	snprintf(action, sizeof(action), "%s remove", what);
	if (db_begin(db) != OUTCOME_OK)
		return ADMIN_FAILED;
	rc = db_run(db, sql, params, 1, NULL, &affected);
	if (rc == OUTCOME_OK && affected > 0)
		return admin_commit(db, action, name, "");
	db_rollback(db);
	if (rc == OUTCOME_OK)
		admin_complain("there is no %s \"%s\"", what, name);
	return ADMIN_FAILED;
}

int service_remove_command(struct admin *a, int argc, char **argv)
{
	struct db *db;
	int status;

	if (argc != 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	status = remove_row(db, "service", "DELETE FROM nms_service WHERE name = ?", argv[0]);
	db_close(&db);
	return status;
}

int folder_remove_command(struct admin *a, int argc, char **argv)
{
	char service[80];
	struct db *db;
	int status = ADMIN_FAILED;

	if (argc != 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (find_text(db,
		      "SELECT s.name FROM nms_service s JOIN xtk_folder f ON f.id = s.`folder-id`"
		      " WHERE f.name = ? LIMIT 1",
		      argv[0], service, sizeof(service)) == 0) {
		if (*service != '\0')
			admin_complain("service \"%s\" is in that folder", service);
		else
			status = remove_row(db, "folder", "DELETE FROM xtk_folder WHERE name = ?",
					    argv[0]);
	}
	db_close(&db);
	return status;
}

int service_list_command(struct admin *a, int argc, char **argv)
{
	static const struct table_column columns[] = {{"name", "name", TABLE_TEXT},
						      {"label", "label", TABLE_TEXT},
						      {"type", "type", TABLE_TEXT},
						      {"folder", "folder", TABLE_TEXT},
						      {"modified", "modified (UTC)", TABLE_TEXT},
						      {"id", "id", TABLE_TEXT}};

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	return admin_print_query(
	    a,
	    "SELECT s.name, s.label, ELT(s.type + 1, 'email', 'sms', 'phone', 'mail', 'fax'),"
	    " f.name, s.lastModified, s.id FROM nms_service s"
	    " LEFT JOIN xtk_folder f ON f.id = s.`folder-id` ORDER BY s.name",
	    columns, 6, "there is no service yet: campaign-admin service add");
}

int folder_list_command(struct admin *a, int argc, char **argv)
{
	static const struct table_column columns[] = {{"name", "name", TABLE_TEXT},
						      {"label", "label", TABLE_TEXT},
						      {"fullName", "full name", TABLE_TEXT},
						      {"id", "id", TABLE_TEXT}};

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	return admin_print_query(a,
				 "SELECT name, label, fullName, id FROM xtk_folder ORDER BY name",
				 columns, 4, "there is no folder yet: campaign-admin folder add");
}
