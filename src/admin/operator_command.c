/* SPDX-License-Identifier: MIT */
/*
 * The operators and their rights (docs/protocol.md 4.4). Every change increments auth_version in
 * its own transaction; a running pool notices that within a second. Passwords are read from a
 * terminal without echo or from standard input, never from the command line.
 */
#include "config.h"
#include "admin/admin.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "admin/table.h"
#include "base/alloc.h"
#include "session/rights.h"
#include "session/token.h"

enum { MAX_RIGHTS = 32, MAX_PASSWORD = 1024 };

struct operator_options {
	const char *login;
	struct right_grant rights[MAX_RIGHTS];
	size_t right_count;
	const char *label;
	const char *zone;
	bool password_stdin;
	bool no_password;
};

static int parse_options(int argc, char **argv, struct operator_options *o)
{
	static const struct option options[] = {
	    {"right", required_argument, NULL, 'r'}, {"label", required_argument, NULL, 'l'},
	    {"zone", required_argument, NULL, 'z'},  {"password-stdin", no_argument, NULL, 'p'},
	    {"no-password", no_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	int option;

	memset(o, 0, sizeof(*o));
	optind = 0; /* argv[-1] is the verb; getopt skips it */
	while ((option = getopt_long(argc + 1, argv - 1, "", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			if (o->right_count == MAX_RIGHTS) {
				admin_complain("an operator has %d rights at most", MAX_RIGHTS);
				return -1;
			}
			if (right_grant_parse(optarg, &o->rights[o->right_count]) < 0) {
				admin_complain(
				    "\"%s\" is not a right: use admin, ingest, subscribe or "
				    "replicate, with =NS:NAME or =NS:* behind it",
				    optarg);
				return -1;
			}
			o->right_count++;
			break;
		case 'l':
			o->label = optarg;
			break;
		case 'z':
			o->zone = optarg;
			break;
		case 'p':
			o->password_stdin = true;
			break;
		case 'n':
			o->no_password = true;
			break;
		default:
			return -1;
		}
	}
	if (optind != argc) /* one argument must be left: the login (index counts from argv - 1) */
		return -1;
	o->login = argv[optind - 1];
	return 0;
}

static int read_line(char *out, size_t size)
{
	if (fgets(out, (int)size, stdin) == NULL)
		return -1;
	if (strchr(out, '\n') == NULL && !feof(stdin)) {
		admin_complain("the password is longer than %zu bytes", size - 2);
		return -1;
	}
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

static int ask_terminal(const char *prompt, char *out, size_t size)
{
	struct termios was, quiet;
	int rc;

	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return -1;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	rc = read_line(out, size);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fputc('\n', stderr);
	return rc;
}

static int read_password(const struct operator_options *o, char out[MAX_PASSWORD])
{
	char again[MAX_PASSWORD];

	if (o->password_stdin) {
		if (read_line(out, MAX_PASSWORD) < 0) {
			admin_complain("no password on standard input");
			return -1;
		}
	} else if (!isatty(STDIN_FILENO)) {
		admin_complain("no terminal to ask for the password: use --password-stdin");
		return -1;
	} else {
		if (ask_terminal("Password: ", out, MAX_PASSWORD) < 0 ||
		    ask_terminal("Again: ", again, MAX_PASSWORD) < 0)
			return -1;
		if (strcmp(out, again) != 0) {
			admin_complain("the passwords do not match");
			return -1;
		}
	}
	if (*out == '\0') {
		admin_complain(
		    "the password must not be empty (for Bearer tokens only, use --no-password)");
		return -1;
	}
	if (strchr(out, '/') != NULL || strchr(o->login, '/') != NULL)
		/* R4.10a */
		fputs("warning: the JavaScript client cannot use a login or password that contains "
		      "\"/\"\n",
		      stderr);
	return 0;
}

/* Copies the operator's id to ID as text. If there is no such operator, prints that and returns
 * -1. */
static int find_operator(struct db *db, const char *login, char id[24])
{
	struct db_value params[] = {db_text(login)};
	struct db_rows *rows = NULL;
	int rc = -1;

	if (db_run(db, "SELECT id FROM campaign_operator WHERE login = ?", params, 1, &rows,
		   NULL) != OUTCOME_OK)
		return -1;
	if (db_rows_next(rows)) {
		snprintf(id, 24, "%s", db_rows_text(rows, 0));
		rc = 0;
	} else {
		admin_complain("there is no operator \"%s\"", login);
	}
	db_rows_free(&rows);
	return rc;
}

static enum outcome change_rights(struct db *db, const char *id, const struct right_grant *rights,
				  size_t count, const char *sql)
{
	for (size_t i = 0; i < count; i++) {
		struct db_value params[] = {db_text(id), db_text(right_name(rights[i].right)),
					    db_text(rights[i].scope)};
		enum outcome rc = db_run(db, sql, params, 3, NULL, NULL);

		if (rc != OUTCOME_OK)
			return rc;
	}
	return OUTCOME_OK;
}

static const char sql_grant[] =
    "INSERT IGNORE INTO campaign_right (operator_id, name, scope) VALUES (?, ?, ?)";
static const char sql_revoke[] =
    "DELETE FROM campaign_right WHERE operator_id = ? AND name = ? AND scope = ?";

/* Increments auth_version, so that pools reload operators, records the change in the audit
 * table, and commits. */
static int commit_news(struct db *db, const char *action, const char *login, const char *detail)
{
	if (admin_bump(db, "auth_version") == OUTCOME_OK)
		return admin_commit(db, action, login, detail);
	db_rollback(db);
	return ADMIN_FAILED;
}

/* "ingest=dem:sampleTable subscribe" */
static void describe_rights(struct buf *out, const struct operator_options *o)
{
	for (size_t i = 0; i < o->right_count; i++)
		buf_addf(out, "%s%s%s%s", i > 0 ? " " : "", right_name(o->rights[i].right),
			 *o->rights[i].scope != '\0' ? "=" : "", o->rights[i].scope);
}

static int insert_operator(struct db *db, const struct operator_options *o, const char *hash)
{
	struct db_value params[] = {db_text(o->login), db_text(o->label ? o->label : ""),
				    db_text(hash), db_text(o->zone ? o->zone : "")};
	struct buf detail = BUF_INIT;
	char id[24];
	int status;

	if (db_begin(db) != OUTCOME_OK)
		return ADMIN_FAILED;
	switch (
	    db_run(db,
		   "INSERT INTO campaign_operator (login, label, password_hash, zone, created_at)"
		   " VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))",
		   params, 4, NULL, NULL)) {
	case OUTCOME_OK:
		break;
	case OUTCOME_REJECTED:
		admin_complain("operator \"%s\" exists already, or a text is too long", o->login);
		/* fall through */
	default:
		db_rollback(db);
		return ADMIN_FAILED;
	}
	snprintf(id, sizeof(id), "%llu", (unsigned long long)db_last_insert_id(db));
	if (change_rights(db, id, o->rights, o->right_count, sql_grant) != OUTCOME_OK) {
		db_rollback(db);
		return ADMIN_FAILED;
	}
	describe_rights(&detail, o);
	if (o->zone != NULL)
		buf_addf(&detail, " --zone %s", o->zone);
	status = commit_news(db, "operator add", o->login, buf_text(&detail));
	buf_free(&detail);
	return status;
}

int operator_add_command(struct admin *a, int argc, char **argv)
{
	struct operator_options o;
	char password[MAX_PASSWORD] = "", hash[PASSWORD_HASH_SIZE] = "";
	struct db *db;
	int status;

	if (parse_options(argc, argv, &o) < 0)
		return ADMIN_USAGE;
	if (*o.login == '\0' || strlen(o.login) > 64) {
		admin_complain("a login has 1 to 64 bytes");
		return ADMIN_FAILED;
	}
	if (!o.no_password &&
	    (read_password(&o, password) < 0 || password_hash(hash, password) < 0))
		return ADMIN_FAILED;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	status = insert_operator(db, &o, hash);
	db_close(&db);
	if (status == ADMIN_DONE && o.right_count == 0)
		fputs("note: the operator has no right yet: campaign-admin operator grant\n",
		      stderr);
	return status;
}

int operator_list_command(struct admin *a, int argc, char **argv)
{
	static const struct table_column columns[] = {
	    {"id", "id", TABLE_NUMBER},	    {"login", "login", TABLE_TEXT},
	    {"label", "label", TABLE_TEXT}, {"disabled", "disabled", TABLE_BOOLEAN},
	    {"zone", "zone", TABLE_TEXT},   {"rights", "rights", TABLE_TEXT}};
	struct db *db;
	struct db_rows *rows = NULL;
	struct table *t;

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (db_run(db,
		   "SELECT o.id, o.login, o.label, o.disabled, o.zone, COALESCE(GROUP_CONCAT("
		   "IF(r.scope = '', r.name, CONCAT(r.name, '=', r.scope)) ORDER BY r.name, r.scope"
		   " SEPARATOR ' '), '') FROM campaign_operator o LEFT JOIN campaign_right r"
		   " ON r.operator_id = o.id GROUP BY o.id ORDER BY o.login",
		   NULL, 0, &rows, NULL) != OUTCOME_OK) {
		db_close(&db);
		return ADMIN_FAILED;
	}
	t = table_new(columns, 6);
	while (db_rows_next(rows))
		for (size_t c = 0; c < 6; c++)
			table_add(t, db_rows_text(rows, c));
	table_print(&t, a->json, "there is no operator yet: campaign-admin operator add");
	db_rows_free(&rows);
	db_close(&db);
	return ADMIN_DONE;
}

/* Runs SQL. Its parameters are VALUE, unless that is NULL, and the operator's id. */
static int change_operator(struct admin *a, const char *action, const char *login, const char *sql,
			   const char *value)
{
	struct db *db = admin_open_staging(a);
	char id[24];
	struct db_value params[2];
	size_t n = 0;
	int status = ADMIN_FAILED;

	if (db != NULL && find_operator(db, login, id) == 0 && db_begin(db) == OUTCOME_OK) {
		if (value != NULL)
			params[n++] = db_text(value);
		params[n++] = db_text(id);
		if (db_run(db, sql, params, n, NULL, NULL) == OUTCOME_OK)
			status = commit_news(db, action, login, "");
		else
			db_rollback(db);
	}
	db_close(&db);
	return status;
}

int operator_disable_command(struct admin *a, int argc, char **argv)
{
	if (argc != 1)
		return ADMIN_USAGE;
	return change_operator(a, "operator disable", argv[0],
			       "UPDATE campaign_operator SET disabled = 1 WHERE id = ?", NULL);
}

int operator_enable_command(struct admin *a, int argc, char **argv)
{
	if (argc != 1)
		return ADMIN_USAGE;
	return change_operator(a, "operator enable", argv[0],
			       "UPDATE campaign_operator SET disabled = 0 WHERE id = ?", NULL);
}

static int change_rights_command(struct admin *a, int argc, char **argv, const char *action,
				 const char *sql)
{
	struct operator_options o;
	struct buf detail = BUF_INIT;
	struct db *db;
	char id[24];
	int status = ADMIN_FAILED;

	if (parse_options(argc, argv, &o) < 0 || o.right_count == 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (find_operator(db, o.login, id) == 0 && db_begin(db) == OUTCOME_OK) {
		describe_rights(&detail, &o);
		if (change_rights(db, id, o.rights, o.right_count, sql) == OUTCOME_OK)
			status = commit_news(db, action, o.login, buf_text(&detail));
		else
			db_rollback(db);
	}
	buf_free(&detail);
	db_close(&db);
	return status;
}

int operator_grant_command(struct admin *a, int argc, char **argv)
{
	return change_rights_command(a, argc, argv, "operator grant", sql_grant);
}

int operator_revoke_command(struct admin *a, int argc, char **argv)
{
	return change_rights_command(a, argc, argv, "operator revoke", sql_revoke);
}

int operator_passwd_command(struct admin *a, int argc, char **argv)
{
	struct operator_options o;
	char password[MAX_PASSWORD], hash[PASSWORD_HASH_SIZE];

	if (parse_options(argc, argv, &o) < 0)
		return ADMIN_USAGE;
	if (read_password(&o, password) < 0 || password_hash(hash, password) < 0)
		return ADMIN_FAILED;
	return change_operator(a, "operator passwd", o.login,
			       "UPDATE campaign_operator SET password_hash = ? WHERE id = ?", hash);
}

int operator_token_command(struct admin *a, int argc, char **argv)
{
	char token[BEARER_TOKEN_SIZE], id[24];
	unsigned char hash[TOKEN_HASH_BYTES];
	struct db *db;
	int status = ADMIN_FAILED;

	if (argc != 1)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	bearer_token_new(token);
	token_hash(hash, token);
	if (find_operator(db, argv[0], id) == 0 && db_begin(db) == OUTCOME_OK) {
		struct db_value params[] = {{(const char *)hash, sizeof(hash)}, db_text(id)};

		if (db_run(db,
			   "INSERT INTO campaign_bearer (token_hash, operator_id, created_at)"
			   " VALUES (?, ?, UTC_TIMESTAMP(3))",
			   params, 2, NULL, NULL) == OUTCOME_OK)
			status = commit_news(db, "operator token", argv[0], "");
		else
			db_rollback(db);
	}
	if (status == ADMIN_DONE)
		puts(token); /* the only time it is shown: the database stores a hash */
	db_close(&db);
	return status;
}
