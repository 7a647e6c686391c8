/* SPDX-License-Identifier: MIT */
/*
 * Every statement that finds an operator returns one row per right, so the operator and the rights
 * are read at the same moment.  Hashes are passed as hexadecimal digits, because they are binary.
 * Only the database's clock is used: callers get the remaining time, not a time of day.
 */
#include "config.h"

#include "session/store.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

#define MAX_RIGHTS (sizeof(((struct operator_info *)NULL)->rights) / sizeof(struct right_grant))

#define HASH_TEXT_SIZE (2 * TOKEN_HASH_BYTES + 1)

enum { COLUMN_ID, COLUMN_LOGIN, COLUMN_LABEL, COLUMN_ZONE, COLUMN_RIGHT, COLUMN_SCOPE, COLUMN_OWN };
#define OPERATOR_COLUMNS "o.id, o.login, o.label, o.zone, r.name, r.scope"
#define OPERATOR_RIGHTS	 " LEFT JOIN campaign_right r ON r.operator_id = o.id "

static const char sql_state[] = "SELECT name, value FROM campaign_state"
				" WHERE name IN ('auth_version', 'database_id', 'secret')";

static const char sql_operators[] =
    "SELECT " OPERATOR_COLUMNS " FROM campaign_operator o" OPERATOR_RIGHTS
    "WHERE o.disabled = 0 ORDER BY o.id, r.name, r.scope";

static const char sql_ended[] = "SELECT HEX(token_hash) FROM campaign_session"
				" WHERE ended_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND";

static const char sql_session[] =
    "SELECT " OPERATOR_COLUMNS ","
    " TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), s.expires_at) DIV 1000,"
    " TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), s.security_expires_at) DIV 1000"
    " FROM campaign_session s JOIN campaign_operator o ON o.id = s.operator_id" OPERATOR_RIGHTS
    "WHERE s.token_hash = UNHEX(?) AND s.ended_at IS NULL AND s.expires_at > UTC_TIMESTAMP(3)"
    " AND o.disabled = 0 ORDER BY r.name, r.scope";

static const char sql_bearer[] =
    "SELECT " OPERATOR_COLUMNS
    " FROM campaign_bearer b JOIN campaign_operator o ON o.id = b.operator_id" OPERATOR_RIGHTS
    "WHERE b.token_hash = UNHEX(?) AND o.disabled = 0 ORDER BY r.name, r.scope";

static const char sql_login[] =
    "SELECT " OPERATOR_COLUMNS ", o.password_hash, o.disabled"
    " FROM campaign_operator o" OPERATOR_RIGHTS "WHERE o.login = ? ORDER BY r.name, r.scope";

static const char sql_add_session[] =
    "INSERT INTO campaign_session (token_hash, operator_id, address, opened_at, expires_at,"
    " security_expires_at) SELECT UNHEX(?), o.id, ?, UTC_TIMESTAMP(3),"
    " UTC_TIMESTAMP(3) + INTERVAL ? SECOND, UTC_TIMESTAMP(3) + INTERVAL ? SECOND"
    " FROM campaign_operator o WHERE o.id = ? AND o.disabled = 0";

static const char sql_end_session[] =
    "UPDATE campaign_session SET ended_at = UTC_TIMESTAMP(3)"
    " WHERE token_hash = UNHEX(?) AND ended_at IS NULL AND expires_at > UTC_TIMESTAMP(3)";

/* Returns "" for NULL. */
static const char *text_of(const struct db_rows *rows, size_t column)
{
	const char *text = db_rows_text(rows, column);

	return text != NULL ? text : "";
}

/* Leaves out a right that does not fit: the operator gets fewer rights than granted, never more. */
static void add_right(struct operator_info *who, const char *name, const char *scope)
{
	struct right_grant *grant = &who->rights[who->right_count];
	enum right right;

	if (right_parse_name(name, &right) < 0)
		return; /* a right of a later version */
	if (who->right_count == MAX_RIGHTS || strlen(scope) >= sizeof(grant->scope)) {
		log_warn("operator %lld has more rights than fit; use fewer with a wider scope",
			 (long long)who->id);
		return;
	}
	grant->right = right;
	memcpy(grant->scope, scope, strlen(scope) + 1);
	who->right_count++;
}

static void begin_operator(struct operator_info *who, const struct db_rows *rows)
{
	const char *login = text_of(rows, COLUMN_LOGIN);
	const char *label = text_of(rows, COLUMN_LABEL);

	memset(who, 0, sizeof(*who));
	who->id = db_rows_int(rows, COLUMN_ID);
	snprintf(who->login, sizeof(who->login), "%s", login);
	if (*label != '\0')
		snprintf(who->label, sizeof(who->label), "%s (%s)", label, login);
	else
		snprintf(who->label, sizeof(who->label), "%s", login);
	snprintf(who->zone, sizeof(who->zone), "%s", text_of(rows, COLUMN_ZONE));
}

/* Adds the right of the current row.  An operator without rights has one row, whose right is
 * NULL. */
static void read_right(struct operator_info *who, const struct db_rows *rows)
{
	if (db_rows_text(rows, COLUMN_RIGHT) != NULL)
		add_right(who, db_rows_text(rows, COLUMN_RIGHT), text_of(rows, COLUMN_SCOPE));
}

static void read_other_rights(struct operator_info *who, struct db_rows *rows)
{
	do
		read_right(who, rows);
	while (db_rows_next(rows));
}

static void hash_text(char out[HASH_TEXT_SIZE], const token_digest hash)
{
	sodium_bin2hex(out, HASH_TEXT_SIZE, hash, TOKEN_HASH_BYTES);
}

/* Calls db_run with HASH as the only parameter. */
static enum outcome run_with_hash(struct db *db, const char *sql, const token_digest hash,
				  struct db_rows **rows, uint64_t *affected)
{
	char digits[HASH_TEXT_SIZE];
	struct db_value param;

	hash_text(digits, hash);
	param = db_text(digits);
	return db_run(db, sql, &param, 1, rows, affected);
}

static bool parse_hex(unsigned char *out, size_t size, const char *text)
{
	size_t length;

	return sodium_hex2bin(out, size, text, strlen(text), NULL, &length, NULL) == 0 &&
	       length == size;
}

enum outcome store_read_state(struct db *db, struct store_state *out)
{
	struct store_state state = {0};
	struct db_rows *rows = NULL;
	bool has_secret = false;
	enum outcome rc;

	if ((rc = db_run(db, sql_state, NULL, 0, &rows, NULL)) != OUTCOME_OK)
		return rc;
	while (db_rows_next(rows)) {
		const char *name = text_of(rows, 0);
		const char *value = text_of(rows, 1);

		if (strcmp(name, "auth_version") == 0)
			snprintf(state.auth_version, sizeof(state.auth_version), "%s", value);
		else if (strcmp(name, "database_id") == 0)
			snprintf(state.database_id, sizeof(state.database_id), "%s", value);
		else if (strcmp(name, "secret") == 0)
			has_secret = parse_hex(state.secret, sizeof(state.secret), value);
	}
	db_rows_free(&rows);
	if (!has_secret) {
		log_error("staging: campaign_state has no secret of %d hexadecimal digits;"
			  " run campaign-admin db init",
			  2 * SERVER_SECRET_BYTES);
		return OUTCOME_BUG;
	}
	*out = state;
	return OUTCOME_OK;
}

enum outcome store_read_operators(struct db *db, struct operator_info **list, size_t *count)
{
	struct operator_info *found = NULL;
	struct db_rows *rows = NULL;
	size_t used = 0;
	size_t size = 0;
	enum outcome rc;

	if ((rc = db_run(db, sql_operators, NULL, 0, &rows, NULL)) != OUTCOME_OK)
		return rc;
	while (db_rows_next(rows)) {
		if (used == 0 || found[used - 1].id != db_rows_int(rows, COLUMN_ID)) {
			if (used == size) {
				size = size > 0 ? 2 * size : 16;
				found = xrealloc(found, size, sizeof(*found));
			}
			begin_operator(&found[used++], rows);
		}
		read_right(&found[used - 1], rows);
	}
	db_rows_free(&rows);
	*list = found;
	*count = used;
	return OUTCOME_OK;
}

enum outcome store_read_ended(struct db *db, unsigned seconds, token_digest **list, size_t *count)
{
	struct db_rows *rows = NULL;
	char seconds_text[16];
	struct db_value param;
	enum outcome rc;

	snprintf(seconds_text, sizeof(seconds_text), "%u", seconds);
	param = db_text(seconds_text);
	if ((rc = db_run(db, sql_ended, &param, 1, &rows, NULL)) != OUTCOME_OK)
		return rc;
	*list = xcalloc(db_rows_count(rows) + 1, sizeof(**list));
	*count = 0;
	while (db_rows_next(rows)) {
		if (parse_hex((*list)[*count], TOKEN_HASH_BYTES, text_of(rows, 0)))
			(*count)++;
	}
	db_rows_free(&rows);
	return OUTCOME_OK;
}

enum outcome store_find_session(struct db *db, const token_digest hash, struct store_session *out)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	if ((rc = run_with_hash(db, sql_session, hash, &rows, NULL)) != OUTCOME_OK)
		return rc;
	if (db_rows_next(rows)) {
		out->remaining_ms = db_rows_int(rows, COLUMN_OWN);
		out->security_remaining_ms = db_rows_int(rows, COLUMN_OWN + 1);
		begin_operator(&out->who, rows);
		read_other_rights(&out->who, rows);
	} else {
		rc = OUTCOME_INVALID;
	}
	db_rows_free(&rows);
	return rc;
}

enum outcome store_find_bearer(struct db *db, const token_digest hash, struct operator_info *out)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	if ((rc = run_with_hash(db, sql_bearer, hash, &rows, NULL)) != OUTCOME_OK)
		return rc;
	if (db_rows_next(rows)) {
		begin_operator(out, rows);
		read_other_rights(out, rows);
	} else {
		rc = OUTCOME_INVALID;
	}
	db_rows_free(&rows);
	return rc;
}

enum outcome store_find_login(struct db *db, const char *login, struct store_login *out)
{
	struct db_value param = db_text(login);
	struct db_rows *rows = NULL;
	enum outcome rc;

	if ((rc = db_run(db, sql_login, &param, 1, &rows, NULL)) != OUTCOME_OK)
		return rc;
	if (db_rows_next(rows)) {
		snprintf(out->password_hash, sizeof(out->password_hash), "%s",
			 text_of(rows, COLUMN_OWN));
		out->disabled = db_rows_int(rows, COLUMN_OWN + 1) != 0;
		begin_operator(&out->who, rows);
		read_other_rights(&out->who, rows);
	} else {
		rc = OUTCOME_INVALID;
	}
	db_rows_free(&rows);
	return rc;
}

enum outcome store_add_session(struct db *db, const token_digest hash, int64_t operator_id,
			       unsigned session_s, unsigned security_s, const char *address)
{
	char hash_digits[HASH_TEXT_SIZE];
	char id_text[24];
	char session_text[16];
	char security_text[16];
	struct db_value params[5];
	uint64_t affected;
	enum outcome rc;

	hash_text(hash_digits, hash);
	snprintf(id_text, sizeof(id_text), "%lld", (long long)operator_id);
	snprintf(session_text, sizeof(session_text), "%u", session_s);
	snprintf(security_text, sizeof(security_text), "%u", security_s);
	params[0] = db_text(hash_digits);
	params[1] = db_text(address);
	params[2] = db_text(session_text);
	params[3] = db_text(security_text);
	params[4] = db_text(id_text);
	if ((rc = db_run(db, sql_add_session, params, 5, NULL, &affected)) != OUTCOME_OK)
		return rc;
	return affected > 0 ? OUTCOME_OK : OUTCOME_INVALID;
}

enum outcome store_end_session(struct db *db, const token_digest hash)
{
	uint64_t affected;
	enum outcome rc;

	if ((rc = run_with_hash(db, sql_end_session, hash, NULL, &affected)) != OUTCOME_OK)
		return rc;
	return affected > 0 ? OUTCOME_OK : OUTCOME_INVALID;
}
