/* SPDX-License-Identifier: MIT */
/*
 * Contains the state of a session, its transactions, and statements without parameters.  Maps every
 * failure to an outcome and logs it once.  A lost session refuses all further calls and never
 * reconnects.
 */
#include "config.h"

#include "db/db.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "db/classify.h"
#include "db/diagnostics.h"
#include "db/mysql_session.h"

/* Replaces the error number in the rate limit of the program's own complaints about a session. */
#define OWN_COMPLAINT 1

/* Limits lines with the same label and number to one per second, because a server in trouble
 * returns the same error for every attempt.  MORE gets a text with the number of suppressed lines,
 * or "". */
static bool log_allowed(const struct db *db, unsigned number, char *more, size_t size)
{
	static struct log_rate rates[64]; /* hashed by label and number; entries may be shared */
	unsigned place = (number * 31 + (unsigned char)db->label[0]) % 64;
	unsigned long skipped;

	*more = '\0';
	if (!log_rate_allow(&rates[place], 1, &skipped))
		return false;
	if (skipped > 0)
		snprintf(more, size, " (%lu more of these)", skipped);
	return true;
}

static void log_failure(const struct db *db, enum outcome rc, const char *what)
{
	char sql[120], text[sizeof(db->error)], more[48];

	if (db->quiet ||
	    (rc != OUTCOME_REJECTED && !log_allowed(db, db->number, more, sizeof(more))))
		return;
	log_escape(sql, sizeof(sql), what);
	log_escape(text, sizeof(text), db->error); /* may contain a caller's value */
	if (rc == OUTCOME_REJECTED)
		log_debug("database %s: %s: %u (%s) %s", db->label, sql, db->number, db->state,
			  text);
	else if (rc == OUTCOME_RETRY)
		log_warn("database %s: %s: %u (%s) %s%s", db->label, sql, db->number, db->state,
			 text, more);
	else
		log_error("database %s: %s: %u (%s) %s%s", db->label, sql, db->number, db->state,
			  text, more);
}

static struct db_class keep_error(struct db *db, unsigned number, const char *state,
				  const char *text)
{
	struct db_class class = db_classify(number, state);
	struct diagnostics hidden;

	db->number = number;
	snprintf(db->state, sizeof(db->state), "%s", state);
	snprintf(db->error, sizeof(db->error), "%s", text);
	if (!db->lost && diagnostics_ask(db->mysql, number, &hidden)) {
		db->number = hidden.number;
		memcpy(db->state, hidden.state, sizeof(db->state));
		snprintf(db->error, sizeof(db->error), "%s", hidden.text);
		class = db_classify_state(hidden.number, hidden.state);
	}
	db->lost = db->lost || class.lost;
	return class;
}

enum outcome db_failed(struct db *db, const char *what)
{
	struct db_class class = keep_error(db, mysql_errno(db->mysql), mysql_sqlstate(db->mysql),
					   mysql_error(db->mysql));

	log_failure(db, class.outcome, what);
	return class.outcome;
}

enum outcome db_failed_as(struct db *db, unsigned number, const char *state, const char *text,
			  const char *what)
{
	struct db_class class = keep_error(db, number, state, text);

	log_failure(db, class.outcome, what);
	return class.outcome;
}

static void complain(struct db *db, const char *text)
{
	char safe[sizeof(db->error)], more[48];

	if (!log_allowed(db, OWN_COMPLAINT, more, sizeof(more)))
		return;
	log_escape(safe, sizeof(safe), text);
	log_error("database %s: %s%s", db->label, safe, more);
}

enum outcome db_refuse(struct db *db, unsigned number, const char *format, ...)
{
	char text[sizeof(db->error)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	keep_error(db, number, "HY000", text);
	if (!db->quiet)
		complain(db, text);
	return OUTCOME_BUG;
}

void db_complain(struct db *db, const char *text)
{
	complain(db, text);
}

/* The library stores an error that occurs while rows are read in the connection and not in the
 * statement. */
enum outcome db_stmt_failed(struct db *db, MYSQL_STMT *stmt, const char *what)
{
	struct db_class class;

	if (mysql_stmt_errno(stmt) == 0)
		return db_failed(db, what);
	class = keep_error(db, mysql_stmt_errno(stmt), mysql_stmt_sqlstate(stmt),
			   mysql_stmt_error(stmt));
	log_failure(db, class.outcome, what);
	return class.outcome;
}

enum outcome db_stmt_commit_failed(struct db *db, MYSQL_STMT *stmt, const char *what)
{
	struct db_class class = keep_error(db, mysql_stmt_errno(stmt), mysql_stmt_sqlstate(stmt),
					   mysql_stmt_error(stmt));
	enum outcome rc = class.unsettled ? OUTCOME_UNKNOWN : class.outcome;

	log_failure(db, rc, what);
	return rc;
}

bool db_alive(const struct db *db)
{
	return !db->lost;
}

int db_dup_socket(const struct db *db)
{
	my_socket fd = db->lost ? MARIADB_INVALID_SOCKET : mysql_get_socket(db->mysql);

	return fd == MARIADB_INVALID_SOCKET ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

enum outcome db_ping(struct db *db)
{
	if (db->lost)
		return OUTCOME_RETRY;
	if (mysql_ping(db->mysql) != 0)
		return db_failed(db, "ping");
	return OUTCOME_OK;
}

enum db_transport db_transport(const struct db *db)
{
	return db->transport;
}

const char *db_transport_text(enum db_transport transport)
{
	switch (transport) {
	case DB_LOCAL_SOCKET:
		return "local socket";
	case DB_VERIFIED:
		return "encrypted and verified";
	case DB_ENCRYPTED:
		return "encrypted, NOT verified";
	case DB_PLAIN:
		break;
	}
	return "NOT encrypted";
}

bool db_logs_statements(const struct db *db)
{
	return db->statement_log;
}

uint64_t db_max_packet(const struct db *db)
{
	return db->max_packet;
}

unsigned db_errno(const struct db *db)
{
	return db->number;
}

const char *db_sqlstate(const struct db *db)
{
	return db->state;
}

const char *db_error(const struct db *db)
{
	return db->error;
}

enum outcome db_begin(struct db *db)
{
	return db_exec(db, "START TRANSACTION");
}

/* Returns UNKNOWN if a COMMIT was sent and not answered, or was interrupted: the server may have
 * executed it, and the caller must look that up. */
enum outcome db_commit(struct db *db)
{
	struct db_class class;
	enum outcome rc;

	if (db->lost)
		return OUTCOME_RETRY; /* lost before COMMIT: the server rolls back */
	if (mysql_real_query(db->mysql, "COMMIT", strlen("COMMIT")) == 0)
		return OUTCOME_OK;
	class = keep_error(db, mysql_errno(db->mysql), mysql_sqlstate(db->mysql),
			   mysql_error(db->mysql));
	rc = class.unsettled ? OUTCOME_UNKNOWN : class.outcome;
	log_failure(db, rc, "COMMIT");
	return rc;
}

void db_rollback(struct db *db)
{
	if (db->lost)
		return; /* the server rolls back by itself */
	if (mysql_real_query(db->mysql, "ROLLBACK", strlen("ROLLBACK")) != 0) {
		db_failed(db, "ROLLBACK");
		db->lost = true; /* the state of the session is unknown */
	}
}

enum outcome db_query(struct db *db, const char *sql, size_t length)
{
	if (db->lost)
		return OUTCOME_RETRY;
	if (mysql_real_query(db->mysql, sql, (unsigned long)length) != 0)
		return db_failed(db, sql);
	return OUTCOME_OK;
}

enum outcome db_exec_n(struct db *db, const char *sql, size_t length)
{
	MYSQL_RES *unwanted;
	enum outcome rc;

	rc = db_query(db, sql, length);
	if (rc != OUTCOME_OK)
		return rc;
	/* Some statements return rows nevertheless; unread rows would block the session. */
	unwanted = mysql_store_result(db->mysql);
	if (unwanted == NULL && mysql_field_count(db->mysql) != 0)
		return db_failed(db, sql);
	mysql_free_result(unwanted);
	return OUTCOME_OK;
}

enum outcome db_exec(struct db *db, const char *sql)
{
	return db_exec_n(db, sql, strlen(sql));
}

void db_quote_name(struct buf *sql, const char *name)
{
	buf_add_char(sql, '`');
	for (; *name != '\0'; name++) {
		if (*name == '`')
			buf_add_char(sql, '`');
		buf_add_char(sql, *name);
	}
	buf_add_char(sql, '`');
}

void db_quote_text(struct db *db, struct buf *sql, const char *text, size_t length)
{
	buf_add_char(sql, '\'');
	/* Escaping at most doubles the bytes, and the library adds a NUL. */
	buf_reserve(sql, 2 * length + 1);
	buf_took(sql, mysql_real_escape_string(db->mysql, sql->data + sql->length, text,
					       (unsigned long)length));
	buf_add_char(sql, '\'');
}
