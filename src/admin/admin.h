/* SPDX-License-Identifier: MIT */
/*
 * Declarations shared by the commands of campaign-admin. A command gets its own arguments in
 * ARGV, without program, group and verb. It returns the exit status: 0 done, 1 failed, 2 usage
 * error.
 */
#ifndef CAMPAIGN_ADMIN_ADMIN_H
#define CAMPAIGN_ADMIN_ADMIN_H

#include <stdbool.h>

#include "base/conf.h"
#include "db/db.h"
#include "schema/registry.h"

enum { ADMIN_DONE = 0, ADMIN_FAILED = 1, ADMIN_USAGE = 2 };

struct admin {
	const struct conf *conf;
	bool json;
};

/* Open the staging or the cloud database. Return NULL after printing the reason. */
struct db *admin_open_staging(const struct admin *a);
struct db *admin_open_cloud(const struct admin *a);

/* Prints "campaign-admin: ..." to stderr. */
void admin_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns the folder that contains sql/: $CAMPAIGN_INGEST_DATADIR, or the folder of the
 * installation. */
const char *admin_data_dir(void);
/* Reads a whole file. Returns NULL after printing the reason. LENGTH may be NULL. The caller
 * frees the text. */
char *admin_read_file(const char *path, size_t *length);

/* Increments a counter of campaign_state that the pool's workers watch: "schema_version" or
 * "auth_version". */
enum outcome admin_bump(struct db *staging, const char *name);

/* Records a change in the audit table, in the open transaction: the change, the user and the
 * host. ACTION is the command, DETAIL is "" if there is none. No argument may contain a secret. */
enum outcome admin_audit(struct db *staging, const char *action, const char *object,
			 const char *detail);
/* Calls admin_audit and then commits. Returns the exit status. Rolls back after a failure. */
int admin_commit(struct db *staging, const char *action, const char *object, const char *detail);

/* Returns the staged schema with this ID (its own id or its staging id). If there is none,
 * prints the reason and returns NULL. */
const struct schema *admin_staged_schema(const struct registry *r, const char *id);

/* Moves the changes that WHERE selects from table FROM to table TO, in the open transaction. Log
 * and reject table have the same columns. The changes keep their _seq and so their order. */
enum outcome admin_move_changes(struct db *staging, const char *from, const char *to,
				const char *where);

/* Grant the accounts of the pool and of campaign-sync the rights that they need in the staging
 * database, and no others: on the tables of every installation, and on the tables of one schema.
 * Print failures. */
int grants_on_base(const struct admin *a, struct db *staging);
int grants_on_schema(const struct admin *a, struct db *staging, const struct schema *s);

/* Add the columns of R10.12 that the configuration requests, to the cloud table of S or to the
 * cloud tables of all schemas. Print failures. */
int row_columns_settle(const struct admin *a, struct db *cloud, const struct schema *s);
int row_columns_settle_all(const struct admin *a);

int db_init_command(struct admin *a, int argc, char **argv);
int db_upgrade_command(struct admin *a, int argc, char **argv);
int db_compact_command(struct admin *a, int argc, char **argv);
int db_grants_command(struct admin *a, int argc, char **argv);
int schema_deploy_command(struct admin *a, int argc, char **argv);
int schema_list_command(struct admin *a, int argc, char **argv);
int schema_show_command(struct admin *a, int argc, char **argv);
int operator_add_command(struct admin *a, int argc, char **argv);
int operator_list_command(struct admin *a, int argc, char **argv);
int operator_disable_command(struct admin *a, int argc, char **argv);
int operator_enable_command(struct admin *a, int argc, char **argv);
int operator_grant_command(struct admin *a, int argc, char **argv);
int operator_revoke_command(struct admin *a, int argc, char **argv);
int operator_passwd_command(struct admin *a, int argc, char **argv);
int operator_token_command(struct admin *a, int argc, char **argv);
int pending_command(struct admin *a, int argc, char **argv);
int rejects_command(struct admin *a, int argc, char **argv);
int rejects_retry_command(struct admin *a, int argc, char **argv);
int rejects_drop_command(struct admin *a, int argc, char **argv);
int service_add_command(struct admin *a, int argc, char **argv);
int service_list_command(struct admin *a, int argc, char **argv);
int service_remove_command(struct admin *a, int argc, char **argv);
int folder_add_command(struct admin *a, int argc, char **argv);
int folder_list_command(struct admin *a, int argc, char **argv);
int folder_remove_command(struct admin *a, int argc, char **argv);
int sessions_command(struct admin *a, int argc, char **argv);
int sessions_end_command(struct admin *a, int argc, char **argv);
int secret_rotate_command(struct admin *a, int argc, char **argv);
int audit_command(struct admin *a, int argc, char **argv);
int runs_command(struct admin *a, int argc, char **argv);
int status_command(struct admin *a, int argc, char **argv);

struct table_column;
/* Prints the rows of a query of the staging database unchanged, or EMPTY if there are none. */
int admin_print_query(struct admin *a, const char *sql, const struct table_column *columns,
		      size_t count, const char *empty);

/* Compiles and deploys FILES; db init and db upgrade use it too. BUILTIN marks the schemas as
 * shipped with the program. */
int schema_deploy_files(struct admin *a, char **files, size_t count, bool builtin, bool quiet);

#endif
