/* SPDX-License-Identifier: MIT */
/*
 * Opens and closes sessions, runs transactions, and turns every failure into an
 * outcome.  Refuses to go on with a session that was lost, and never reconnects.
 *
 * Connector/C reads the option file.  It also tries a comma-separated list of hosts
 * ("db1,db2:3307") in order, each with the connect time-out, and needs no call per
 * thread (its mysql_thread_init does nothing).
 */
#include "config.h"

#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "db/classify.h"
#include "db/diagnostics.h"
#include "db/mysql_session.h"

/* A stream's reader may be busy elsewhere for a while (the sync, with a batch); the
 * server's own 60 seconds would tear it off. */
#define NET_WRITE_TIMEOUT_S 600

/* Lock waits end before the read time-out, so that they are answered and the session
 * stays; and soon, since a caller waits behind them. */
#define LOCK_WAIT_MAX_S 20

int db_library_init(void)
{
	if (mysql_library_init(0, NULL, NULL) != 0) {
		log_error("MariaDB Connector/C cannot be initialised");
		return -1;
	}
	return 0;
}

bool db_login_configured(const struct db_login *login)
{
	const size_t length = strlen(login->group);
	FILE *f = fopen(login->option_file, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && getline(&line, &size, f) >= 0) {
		const char *s = line + strspn(line, " \t");

		found =
		    *s == '[' && strncmp(s + 1, login->group, length) == 0 && s[1 + length] == ']';
	}
	free(line);
	fclose(f);
	return found;
}

void db_library_end(void)
{
	mysql_library_end();
}

/* A server in trouble says the same to every attempt of everybody: once a second is enough.
 * MORE tells how many lines were left out. */
static bool worth_a_line(const struct db *db, char *more, size_t size)
{
	static struct log_rate rates[64]; /* by label and number, which may share a place */
	unsigned place = (db->number * 31 + (unsigned char)db->label[0]) % 64;
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

	if (db->quiet || (rc != OUTCOME_REJECTED && !worth_a_line(db, more, sizeof(more))))
		return;
	log_escape(sql, sizeof(sql), what);
	log_escape(text, sizeof(text), db->error); /* may quote a caller's value */
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
		memcpy(db->error, hidden.text, sizeof(db->error));
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

enum outcome db_stmt_failed(struct db *db, MYSQL_STMT *stmt, const char *what)
{
	struct db_class class = keep_error(db, mysql_stmt_errno(stmt), mysql_stmt_sqlstate(stmt),
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

/* Connector/C goes on without an option file that it cannot read, and would log in with
 * nothing but defaults. */
static enum outcome check_option_file(const struct db_login *login)
{
	if (access(login->option_file, R_OK) == 0)
		return OUTCOME_OK;
	if (!login->quiet)
		log_errno("database %s: option file %s", login->label, login->option_file);
	return OUTCOME_BUG;
}

static void set_options(MYSQL *mysql, const struct db_login *login)
{
	const unsigned char off = 0;
	const unsigned no_infile = 0; /* a server may ask for any file of ours */

	mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &login->connect_timeout_s);
	mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &login->io_timeout_s);
	mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &login->io_timeout_s);
	mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &no_infile);
	mysql_optionsv(mysql, MYSQL_OPT_RECONNECT, &off);
	mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_optionsv(mysql, MYSQL_READ_DEFAULT_FILE, login->option_file);
	mysql_optionsv(mysql, MYSQL_READ_DEFAULT_GROUP, login->group);
}

/* What the option file said about it is overruled: this program relies on both. */
static enum outcome overrule_options(struct db *db)
{
	const unsigned char off = 0;

	mysql_optionsv(db->mysql, MYSQL_OPT_RECONNECT, &off);
	if (strcmp(mysql_character_set_name(db->mysql), "utf8mb4") != 0 &&
	    mysql_set_character_set(db->mysql, "utf8mb4") != 0)
		return db_failed(db, "SET NAMES utf8mb4");
	return OUTCOME_OK;
}

static enum outcome set_session(struct db *db, unsigned io_timeout_s)
{
	unsigned lock_wait_s = io_timeout_s / 2;
	char sql[512];

	if (lock_wait_s > LOCK_WAIT_MAX_S)
		lock_wait_s = LOCK_WAIT_MAX_S;
	if (lock_wait_s == 0)
		lock_wait_s = 1;
	snprintf(sql, sizeof(sql),
		 "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,"
		 "ERROR_FOR_DIVISION_BY_ZERO', time_zone = '+00:00', autocommit = 1, "
		 "tx_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = %u, "
		 "lock_wait_timeout = %u, net_write_timeout = %d",
		 lock_wait_s, lock_wait_s, NET_WRITE_TIMEOUT_S);
	return db_exec(db, sql);
}

static enum outcome read_max_packet(struct db *db)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(db, "SELECT @@max_allowed_packet", NULL, 0, &rows, NULL);
	if (rc != OUTCOME_OK)
		return rc;
	if (db_rows_next(rows))
		db->max_packet = (uint64_t)db_rows_int(rows, 0);
	db_rows_free(&rows);
	return OUTCOME_OK;
}

static enum outcome connect_session(struct db *db, const struct db_login *login)
{
	enum outcome rc;

	set_options(db->mysql, login);
	/* FOUND_ROWS: an UPDATE counts the rows it matched, changed or not. */
	if (mysql_real_connect(db->mysql, NULL, NULL, NULL, NULL, 0, NULL, CLIENT_FOUND_ROWS) ==
	    NULL)
		return db_failed(db, "connect");
	rc = overrule_options(db);
	if (rc == OUTCOME_OK)
		rc = set_session(db, login->io_timeout_s);
	if (rc == OUTCOME_OK)
		rc = read_max_packet(db);
	return rc;
}

enum outcome db_open(const struct db_login *login, struct db **out)
{
	struct db *db;
	enum outcome rc;

	rc = check_option_file(login);
	if (rc != OUTCOME_OK)
		return rc;
	db = xcalloc(1, sizeof(*db));
	db->label = xstrdup(login->label);
	db->quiet = login->quiet;
	db->mysql = mysql_init(NULL);
	if (db->mysql == NULL) {
		log_error("database %s: out of memory", login->label);
		abort();
	}
	rc = connect_session(db, login);
	db->quiet = false;
	if (rc != OUTCOME_OK) {
		db_close(&db);
		return rc;
	}
	*out = db;
	return OUTCOME_OK;
}

void db_close(struct db **db)
{
	if (*db == NULL)
		return;
	db_statements_close(*db);
	mysql_close((*db)->mysql);
	free((*db)->label);
	free(*db);
	*db = NULL;
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

/* A COMMIT that was sent and not answered, or was interrupted, may have been carried
 * out: that is for the caller to look up, not for us to guess. */
enum outcome db_commit(struct db *db)
{
	struct db_class class;
	enum outcome rc;

	if (db->lost)
		return OUTCOME_RETRY; /* before COMMIT: the server has rolled back */
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
		return; /* the server does it by itself */
	if (mysql_real_query(db->mysql, "ROLLBACK", strlen("ROLLBACK")) != 0) {
		db_failed(db, "ROLLBACK");
		db->lost = true; /* nobody knows what this session still holds */
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
	/* Some statements answer with rows all the same; unread they would block the session. */
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
	/* Every byte may need a second one, and the library adds a NUL. */
	buf_reserve(sql, 2 * length + 1);
	buf_took(sql, mysql_real_escape_string(db->mysql, sql->data + sql->length, text,
					       (unsigned long)length));
	buf_add_char(sql, '\'');
}
