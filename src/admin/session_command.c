/* SPDX-License-Identifier: MIT */
/*
 * sessions, sessions end, secret rotate. The id of a session is the first digits of its token's
 * hash, which does not allow a log-on. A running pool notices an ended session within a second,
 * as it notices a log-off, and a new secret at its next look at campaign_state.
 */
#include "config.h"
#include "admin/admin.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/table.h"
#include "session/token.h"

#define ID_DIGITS	"12"
#define LEAST_DIGITS	4
#define SESSION_IS_OPEN "s.ended_at IS NULL AND s.expires_at > UTC_TIMESTAMP(3)"

int sessions_command(struct admin *a, int argc, char **argv)
{
	static const struct table_column columns[] = {{"id", "id", TABLE_TEXT},
						      {"operator", "operator", TABLE_TEXT},
						      {"address", "address", TABLE_TEXT},
						      {"opened", "opened (UTC)", TABLE_TEXT},
						      {"expires", "expires (UTC)", TABLE_TEXT}};

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	return admin_print_query(
	    a,
	    "SELECT LOWER(LEFT(HEX(s.token_hash), " ID_DIGITS ")), o.login, s.address, s.opened_at,"
	    " s.expires_at FROM campaign_session s JOIN campaign_operator o ON o.id = s.operator_id"
	    " WHERE " SESSION_IS_OPEN " ORDER BY s.opened_at",
	    columns, 5, "no session is open");
}

/* --- sessions end ------------------------------------------------------------------------ */

struct end_options {
	const char *login; /* NULL: not given */
	bool all;
	char **ids;
	int id_count;
};

/* Exactly one of ids, --operator and --all must be given. */
static int parse_options(int argc, char **argv, struct end_options *o)
{
	static const struct option options[] = {{"operator", required_argument, NULL, 'o'},
						{"all", no_argument, NULL, 'a'},
						{NULL, 0, NULL, 0}};
	int option;

	memset(o, 0, sizeof(*o));
	optind = 0; /* argv[-1] is the verb; getopt skips it */
	while ((option = getopt_long(argc + 1, argv - 1, "", options, NULL)) != -1) {
		if (option == 'o')
			o->login = optarg;
		else if (option == 'a')
			o->all = true;
		else
			return -1;
	}
	o->ids = argv - 1 + optind;
	o->id_count = argc + 1 - optind;
	return (o->login != NULL) + o->all + (o->id_count > 0) == 1 ? 0 : -1;
}

/* Ends the open sessions that WHERE selects, in the open transaction. PARAM is the value of its
 * "?", or NULL if it has none. */
static int end_where(struct db *db, const char *where, const char *param, uint64_t *ended)
{
	struct db_value params[] = {db_text(param)};
	char sql[400];

	snprintf(sql, sizeof(sql),
		 "UPDATE campaign_session s JOIN campaign_operator o ON o.id = s.operator_id"
		 " SET s.ended_at = UTC_TIMESTAMP(3) WHERE " SESSION_IS_OPEN "%s",
		 where);
	return db_run(db, sql, params, param != NULL, NULL, ended) == OUTCOME_OK ? 0 : -1;
}

/* Prints an error unless ID identifies exactly one open session. */
static int check_id(struct db *db, const char *id)
{
	struct db_value params[] = {db_text(id)};
	struct db_rows *rows = NULL;
	size_t length = strlen(id), found;

	if (length < LEAST_DIGITS || length != strspn(id, "0123456789abcdefABCDEF")) {
		admin_complain("\"%s\" is not a valid id: see `campaign-admin sessions`", id);
		return -1;
	}
	if (db_run(db,
		   "SELECT 1 FROM campaign_session s WHERE " SESSION_IS_OPEN
		   " AND HEX(s.token_hash) LIKE CONCAT(UPPER(?), '%') FOR UPDATE",
		   params, 1, &rows, NULL) != OUTCOME_OK)
		return -1;
	found = db_rows_count(rows);
	db_rows_free(&rows);
	if (found == 0)
		admin_complain("no session %s is open", id);
	else if (found > 1)
		admin_complain("%s is ambiguous: %zu open sessions begin so", id, found);
	return found == 1 ? 0 : -1;
}

static int end_ids(struct db *db, const struct end_options *o)
{
	for (int i = 0; i < o->id_count; i++) {
		uint64_t ended;

		if (check_id(db, o->ids[i]) < 0 ||
		    end_where(db, " AND HEX(s.token_hash) LIKE CONCAT(UPPER(?), '%')", o->ids[i],
			      &ended) < 0 ||
		    admin_audit(db, "sessions end", o->ids[i], "") != OUTCOME_OK)
			return -1;
	}
	return 0;
}

static int check_login(struct db *db, const char *login)
{
	struct db_value params[] = {db_text(login)};
	struct db_rows *rows = NULL;
	bool found;

	if (db_run(db, "SELECT 1 FROM campaign_operator WHERE login = ?", params, 1, &rows, NULL) !=
	    OUTCOME_OK)
		return -1;
	found = db_rows_next(rows);
	db_rows_free(&rows);
	if (!found)
		admin_complain("there is no operator \"%s\"", login);
	return found ? 0 : -1;
}

static int end_many(struct db *db, const char *login, uint64_t *ended)
{
	char detail[48];

	if (login != NULL && check_login(db, login) < 0)
		return -1;
	if (end_where(db, login != NULL ? " AND o.login = ?" : "", login, ended) < 0)
		return -1;
	snprintf(detail, sizeof(detail), "%" PRIu64 " sessions", *ended);
	return admin_audit(db, "sessions end", login != NULL ? login : "--all", detail) ==
		       OUTCOME_OK
		   ? 0
		   : -1;
}

/* Ends either all given sessions or, after an error, none. */
int sessions_end_command(struct admin *a, int argc, char **argv)
{
	struct end_options o;
	uint64_t ended = 0;
	struct db *db;
	int rc = -1;

	if (parse_options(argc, argv, &o) < 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	if (db_begin(db) == OUTCOME_OK) {
		if (o.id_count > 0) {
			rc = end_ids(db, &o);
			ended = (uint64_t)o.id_count;
		} else {
			rc = end_many(db, o.login, &ended);
		}
		if (rc < 0)
			db_rollback(db);
		else if (db_commit(db) != OUTCOME_OK)
			rc = -1;
	}
	db_close(&db);
	if (rc < 0)
		return ADMIN_FAILED;
	if (a->json)
		printf("{\"ended\":%" PRIu64 "}\n", ended);
	else
		printf("%" PRIu64 " sessions ended\n", ended);
	return ADMIN_DONE;
}

/* --- secret rotate ----------------------------------------------------------------------- */

int secret_rotate_command(struct admin *a, int argc, char **argv)
{
	unsigned char secret[SERVER_SECRET_BYTES];
	char hex[2 * SERVER_SECRET_BYTES + 1];
	struct db_value params[1];
	uint64_t affected = 0;
	int status = ADMIN_FAILED;
	struct db *db;

	(void)argv;
	if (argc > 0)
		return ADMIN_USAGE;
	if ((db = admin_open_staging(a)) == NULL)
		return ADMIN_FAILED;
	secret_new(secret);
	secret_text(hex, secret);
	params[0] = db_text(hex);
	if (db_begin(db) == OUTCOME_OK) {
		if (db_run(db, "UPDATE campaign_state SET value = ? WHERE name = 'secret'", params,
			   1, NULL, &affected) == OUTCOME_OK &&
		    affected == 1)
			status = admin_commit(db, "secret rotate", "secret", "");
		else
			db_rollback(db);
		if (status == ADMIN_FAILED && affected == 0)
			admin_complain("there is no secret: run `campaign-admin db init` first");
	}
	db_close(&db);
	return status;
}
