/* SPDX-License-Identifier: MIT */
/*
 * One session with a MariaDB server.  src/db is the only folder that includes <mysql.h>.
 *
 * A struct db belongs to one thread at a time.  Login, host list and TLS come from a group of an
 * option file (option_file.h); the library tries a comma-separated `host` in order.  Every session
 * has the variables of session_variables.c, whatever the server's settings: utf8mb4,
 * time_zone '+00:00', READ COMMITTED, a strict sql_mode, no limits.  Autocommit is on, and
 * transactions are explicit.
 *
 * There is no hidden reconnect.  After the loss of the connection every call returns OUTCOME_RETRY
 * at once until the caller closes the handle and opens another: the rest of an interrupted
 * transaction must never execute in autocommit mode.
 *
 * This module logs each failure once, with the server's number and text.  The outcome tells the
 * caller how to react: RETRY (deadlock, lock wait, connection, server shutting down, read only, too
 * many connections, disk full), REJECTED (the data: too long, duplicate, constraint, range),
 * UNKNOWN (commits only: sent, but not answered), BUG (everything else: syntax, no such table,
 * access denied).
 *
 * Connector/C needs no set-up per thread.  The program ignores SIGPIPE.  The reader of a stream may
 * pause for at most ten minutes.  No single statement may take longer than io_timeout_s.
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
	unsigned io_timeout_s;	       /* of each read and write */
	bool quiet;		       /* do not log a failed open, because the caller does */
	const char *session_variables; /* set after our own (session_variables.h); NULL: none */
};

/* A value to bind or a value read.  `text` NULL is SQL NULL; it need not be NUL-terminated. */
struct db_value {
	const char *text;
	size_t length;
};

static inline struct db_value db_text(const char *text)
{
	return (struct db_value){text, text != NULL ? strlen(text) : 0};
}
#define DB_NULL ((struct db_value){NULL, 0})

/* True if the option file can be read and has the group (see option_file_has_group). */
bool db_login_configured(const struct db_login *login);

/* True if LIST has the form that db_login.session_variables requires; logs the reason if not.  Only
 * the server checks the values, in db_open. */
bool db_session_variables_valid(const char *list);

/* A process calls db_library_init once before it starts a thread, and db_library_end at its end. */
int db_library_init(void);
void db_library_end(void);

enum outcome db_open(const struct db_login *login, struct db **out);
void db_close(struct db **db);	    /* *DB may be NULL; sends COM_QUIT if possible */
bool db_alive(const struct db *db); /* false once the connection was lost */

enum db_transport {
	DB_PLAIN, /* TCP without TLS */
	DB_ENCRYPTED,
	DB_VERIFIED, /* encrypted, with the server's certificate verified as the option file asks */
	DB_LOCAL_SOCKET,
};
enum db_transport db_transport(const struct db *db);
const char *db_transport_text(enum db_transport transport);
/* True if the server's binary log has binlog_format=STATEMENT.  Such a server refuses the writes of
 * READ COMMITTED sessions (error 1665), as all sessions here are, unless the database is exempt
 * from that log. */
bool db_logs_statements(const struct db *db);

/* Returns a duplicate descriptor of the connection, or -1 if there is none.  The caller closes it.
 * Any thread may call shutdown(2) on it to end a wait for the server; then the session is lost. */
int db_dup_socket(const struct db *db);
/* COM_PING: one round trip. */
enum outcome db_ping(struct db *db);
uint64_t db_max_packet(const struct db *db); /* the server's max_allowed_packet, bytes */

/* Of the last failed call: number of the server or the library (0: none), SQLSTATE, text.  The text
 * may name tables: use it for logs and rejects, never in a fault. */
unsigned db_errno(const struct db *db);
const char *db_sqlstate(const struct db *db);
const char *db_error(const struct db *db);

enum outcome db_begin(struct db *db);
enum outcome db_commit(struct db *db);
void db_rollback(struct db *db); /* does nothing if the session is lost */

/* Execute SQL without parameters and discard a result, e.g. DDL or SQL built of quoted names. */
enum outcome db_exec(struct db *db, const char *sql);
enum outcome db_exec_n(struct db *db, const char *sql, size_t length);

/*
 * Executes SQL with '?' parameters, all of them bound.  ROWS, if not NULL, gets the whole result,
 * which the caller frees.  AFFECTED, if not NULL, gets the row count; for UPDATE it is the number
 * of rows that *matched*.
 */
struct db_rows;
enum outcome db_run(struct db *db, const char *sql, const struct db_value *params, size_t count,
		    struct db_rows **rows, uint64_t *affected);

/* Like db_run without parameters, but streams the result: it keeps one row in memory at a time.
 * The session is busy until db_rows_free.  After db_rows_next has returned false, db_rows_outcome
 * tells whether the result is complete or the stream broke. */
enum outcome db_stream(struct db *db, const char *sql, struct db_rows **rows);

bool db_rows_next(struct db_rows *rows);
enum outcome db_rows_outcome(const struct db_rows *rows);
size_t db_rows_columns(const struct db_rows *rows);
size_t db_rows_count(const struct db_rows *rows); /* stored results only */
/* The value is valid until the next db_rows_next; text is NUL-terminated, NULL for SQL NULL. */
struct db_value db_rows_value(const struct db_rows *rows, size_t column);
const char *db_rows_text(const struct db_rows *rows, size_t column);
int64_t db_rows_int(const struct db_rows *rows, size_t column); /* 0 for NULL */
void db_rows_free(struct db_rows **rows);

uint64_t db_last_insert_id(const struct db *db);

/*
 * An INSERT that is prepared once and executed with many rows at a time (array binding).  One
 * execution is one statement: it inserts all rows or none.
 */
struct db_bulk;
enum db_cell { DB_CELL_TEXT, DB_CELL_BINARY };

/* SQL is "INSERT INTO t (...) VALUES (?,...)" with COLUMNS parameters of the given KINDS
 * (NULL: all text).  The caller must free it before it closes DB. */
enum outcome db_bulk_open(struct db *db, const char *sql, const enum db_cell *kinds, size_t columns,
			  struct db_bulk **out);
/* CELLS is ROWS x COLUMNS, row after row.  The caller keeps the size of one execution below
 * db_max_packet. */
enum outcome db_bulk_execute(struct db_bulk *bulk, const struct db_value *cells, size_t rows);
/* Like db_bulk_execute, but must be called outside a transaction, so that the statement commits by
 * itself; so it may return UNKNOWN, like db_commit. */
enum outcome db_bulk_commit(struct db_bulk *bulk, const struct db_value *cells, size_t rows);
void db_bulk_free(struct db_bulk **bulk);

/* Append NAME as a quoted identifier, or TEXT (utf8mb4) as a quoted literal. */
void db_quote_name(struct buf *sql, const char *name);
void db_quote_text(struct db *db, struct buf *sql, const char *text, size_t length);

#endif
