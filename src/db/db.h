/* SPDX-License-Identifier: MIT */
/*
 * One session with a MariaDB server.  The only folder that includes <mysql.h>.
 *
 * A struct db belongs to one thread at a time.  Login, host list and TLS come from an
 * option file's group (option_file.h); a comma-separated `host` there is tried in order.  Every
 * session has the variables of session_variables.c, whatever the server's settings: utf8mb4,
 * time_zone '+00:00', READ COMMITTED, a strict sql_mode, no limits; autocommit is on, and
 * transactions are explicit.
 *
 * There is no hidden reconnect.  After a connection was lost every call answers
 * OUTCOME_RETRY at once until the caller closes the handle and opens another: a
 * transaction that was cut in two must never go on as autocommit.
 *
 * Failures are logged here, once, with server number and text; the outcome says what to
 * do: RETRY (dead-lock, lock wait, connection, server shutting down, read only, too many
 * connections, disk full), REJECTED (the data: too long, duplicate, constraint, range),
 * UNKNOWN (commits only: sent, no answer), BUG (anything else: syntax, no such table,
 * access denied).
 *
 * Connector/C needs no set-up per thread.  The program ignores SIGPIPE.  A stream's reader
 * may pause for ten minutes at most; no single statement may take longer than io_timeout_s.
 */
#ifndef CAMPAIGN_DB_DB_H
#define CAMPAIGN_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/outcome.h"

struct db;

struct db_login {
	const char *option_file;
	const char *group; /* "campaign-staging" or "campaign-cloud" */
	const char *label; /* for log lines: "staging", "cloud" */
	unsigned connect_timeout_s;
	unsigned io_timeout_s;	       /* read and write */
	bool quiet;		       /* do not log a failed open (the caller will) */
	const char *session_variables; /* set behind our own (session_variables.h); NULL: none */
};

/* A value to bind, or one read back.  text NULL is SQL NULL; not NUL-terminated by need. */
struct db_value {
	const char *text;
	size_t length;
};

static inline struct db_value db_text(const char *text)
{
	return (struct db_value){text, text != NULL ? strlen(text) : 0};
}
#define DB_NULL ((struct db_value){NULL, 0})

/* Whether the option file can be read and has the group. */
bool db_login_configured(const struct db_login *login);

/* Whether LIST, as in db_login.session_variables, is one that db_open can use; logged if not.  The
 * server judges the values. */
bool db_session_variables_valid(const char *list);

/* Once per process, before any thread; and at its end. */
int db_library_init(void);
void db_library_end(void);

enum outcome db_open(const struct db_login *login, struct db **out);
void db_close(struct db **db);	    /* accepts NULL inside; sends COM_QUIT if it can */
bool db_alive(const struct db *db); /* false once the connection was lost */

enum db_transport {
	DB_PLAIN, /* TCP without TLS */
	DB_ENCRYPTED,
	DB_VERIFIED, /* encrypted, and the server's certificate is what the option file asks for */
	DB_LOCAL_SOCKET,
};
enum db_transport db_transport(const struct db *db);
const char *db_transport_text(enum db_transport transport);
/* The server's binary log has binlog_format=STATEMENT: it refuses writes of a session that is READ
 * COMMITTED (error 1665), as these are, unless the database is exempt from that log. */
bool db_logs_statements(const struct db *db);

/* Another descriptor of the connection, the caller's to close; -1 if there is none.  shutdown(2) on
 * it, by any thread, ends a wait for the server: the session is lost then. */
int db_dup_socket(const struct db *db);
/* COM_PING: one round trip. */
enum outcome db_ping(struct db *db);
uint64_t db_max_packet(const struct db *db); /* the server's max_allowed_packet, bytes */

/* Of the last failed call: server or client number (0 none), SQLSTATE, text (may name
 * tables: for logs and rejects, never for a fault). */
unsigned db_errno(const struct db *db);
const char *db_sqlstate(const struct db *db);
const char *db_error(const struct db *db);

enum outcome db_begin(struct db *db);
enum outcome db_commit(struct db *db);
void db_rollback(struct db *db); /* nothing is said if the connection is gone */

/* SQL without parameters and result, e.g. DDL or a statement built of quoted names. */
enum outcome db_exec(struct db *db, const char *sql);
enum outcome db_exec_n(struct db *db, const char *sql, size_t length);

/*
 * SQL with '?' parameters, all bound.  ROWS gets the whole result, which the caller
 * frees, or may be NULL for none wanted; AFFECTED, if not NULL, the row count (the
 * number *matched* for UPDATE).
 */
struct db_rows;
enum outcome db_run(struct db *db, const char *sql, const struct db_value *params, size_t count,
		    struct db_rows **rows, uint64_t *affected);

/* As db_run without parameters, but streams: one row in memory at a time.  The session
 * can do nothing else until db_rows_free.  After db_rows_next returned false,
 * db_rows_outcome says whether the end was reached or the stream broke. */
enum outcome db_stream(struct db *db, const char *sql, struct db_rows **rows);

bool db_rows_next(struct db_rows *rows);
enum outcome db_rows_outcome(const struct db_rows *rows);
size_t db_rows_columns(const struct db_rows *rows);
size_t db_rows_count(const struct db_rows *rows); /* stored results only */
/* Valid until the next db_rows_next; text is NUL-terminated, NULL for SQL NULL. */
struct db_value db_rows_value(const struct db_rows *rows, size_t column);
const char *db_rows_text(const struct db_rows *rows, size_t column);
int64_t db_rows_int(const struct db_rows *rows, size_t column); /* 0 for NULL */
void db_rows_free(struct db_rows **rows);

uint64_t db_last_insert_id(const struct db *db);

/*
 * An INSERT prepared once and executed with many rows at a time (array binding).  One
 * execution is one statement: all rows or none.
 */
struct db_bulk;
enum db_cell { DB_CELL_TEXT, DB_CELL_BINARY };

/* SQL is "INSERT INTO t (...) VALUES (?,...)" with COLUMNS parameters of the given KINDS
 * (NULL: all text).  Valid as long as DB; free it first. */
enum outcome db_bulk_open(struct db *db, const char *sql, const enum db_cell *kinds, size_t columns,
			  struct db_bulk **out);
/* CELLS is ROWS x COLUMNS, row after row.  The caller keeps one execution below
 * db_max_packet. */
enum outcome db_bulk_execute(struct db_bulk *bulk, const struct db_value *cells, size_t rows);
/* Outside of a transaction, so that the execution is one of its own, with its commit: as db_commit
 * it may be UNKNOWN. */
enum outcome db_bulk_commit(struct db_bulk *bulk, const struct db_value *cells, size_t rows);
void db_bulk_free(struct db_bulk **bulk);

/* Appends NAME as a quoted identifier, or VALUE as a quoted literal (text as utf8mb4). */
void db_quote_name(struct buf *sql, const char *name);
void db_quote_text(struct db *db, struct buf *sql, const char *text, size_t length);

#endif
