/* SPDX-License-Identifier: MIT */
/*
 * What the commands of campaign-admin share.  A command gets its own words in ARGV (without
 * program, group and verb) and returns the exit status: 0 done, 1 failed, 2 usage error.
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

/* Opens the staging or the cloud database; NULL after having said why not. */
struct db *admin_open_staging(const struct admin *a);
struct db *admin_open_cloud(const struct admin *a);

/* Prints "campaign-admin: ..." on stderr. */
void admin_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The folder that holds sql/: $CAMPAIGN_INGEST_DATADIR, or where it was installed. */
const char *admin_data_dir(void);
/* Reads a whole file; NULL after having said why not.  *LENGTH may be NULL. */
char *admin_read_file(const char *path, size_t *length);

/* A counter of campaign_state that workers watch: "schema_version", "auth_version". */
enum outcome admin_bump(struct db *staging, const char *name);

/* In the open transaction: writes down what it changes, who does it, and where.  ACTION is the
 * command, DETAIL "" for none, and never a secret. */
enum outcome admin_audit(struct db *staging, const char *action, const char *object,
			 const char *detail);
/* admin_audit, then COMMIT; the exit status.  What fails is rolled back. */
int admin_commit(struct db *staging, const char *action, const char *object, const char *detail);

/* The staged schema that ID (source or staging id) names; says so when there is none. */
const struct schema *admin_staged_schema(const struct registry *r, const char *id);

/* In the open transaction: moves the changes that WHERE selects from table FROM to table
 * TO (log and rejects have the same columns), keeping their _seq and so their order. */
enum outcome admin_move_changes(struct db *staging, const char *from, const char *to,
				const char *where);

/* The rights that the pool's account and the sync's need in the staging database, no more: on the
 * tables that every installation has, and on those of one schema.  Says what failed. */
int grants_on_base(const struct admin *a, struct db *staging);
int grants_on_schema(const struct admin *a, struct db *staging, const struct schema *s);

/* What the configuration asks for of the columns of R10.12, at S's table in the cloud database, or
 * at those of all schemas that have one.  Says what failed. */
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
/* Prints the rows of a query of the staging database as they are; EMPTY when there are none. */
int admin_print_query(struct admin *a, const char *sql, const struct table_column *columns,
		      size_t count, const char *empty);

/* Used by db init and upgrade too: compiles and deploys FILES; BUILTIN marks them as shipped. */
int schema_deploy_files(struct admin *a, char **files, size_t count, bool builtin, bool quiet);

#endif
