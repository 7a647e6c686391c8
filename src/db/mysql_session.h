/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of src/db, and by no others.  db.c owns the session and classifies failures,
 * connect.c and option_file.c make its connection, session_variables.c its settings, rows.c runs
 * statements, bulk.c binds arrays.
 */
#ifndef CAMPAIGN_DB_MYSQL_SESSION_H
#define CAMPAIGN_DB_MYSQL_SESSION_H

#include <mysql.h>
#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"

/* Callers repeat few statements.  If there are more, the least recently used is closed. */
#define DB_STATEMENTS 32

struct db_statement {
	char *sql; /* NULL: the entry is free */
	MYSQL_STMT *stmt;
	uint64_t used; /* the value of db->uses at its last use */
};

struct db {
	MYSQL *mysql;
	char *label;
	bool lost;  /* the connection is lost: every call returns RETRY at once */
	bool quiet; /* a quiet open is under way: failures are not logged */
	enum db_transport transport;
	bool statement_log; /* db_logs_statements */
	uint64_t max_packet;
	/* the last failure: */
	unsigned number;
	char state[SQLSTATE_LENGTH + 1];
	char error[1024];
	/* used by rows.c: */
	struct db_statement statements[DB_STATEMENTS];
	uint64_t uses;
	uint64_t last_insert_id;
};

/* Records and logs the failure of a call on the session or on STMT.  WHAT names it in the log, e.g.
 * the SQL.  Never returns OUTCOME_OK. */
enum outcome db_failed(struct db *db, const char *what);
enum outcome db_failed_as(struct db *db, unsigned number, const char *state, const char *text,
			  const char *what);
enum outcome db_stmt_failed(struct db *db, MYSQL_STMT *stmt, const char *what);
/* The same for a statement that commits by itself: may return UNKNOWN. */
enum outcome db_stmt_commit_failed(struct db *db, MYSQL_STMT *stmt, const char *what);

/* A session that this program does not accept, though the server offers it.  Logged; OUTCOME_BUG.
 */
enum outcome db_refuse(struct db *db, unsigned number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Logs what is wrong with a server whose session is used all the same, also while the open is
 * quiet. */
void db_complain(struct db *db, const char *text);

/* Sends SQL.  The caller must read the result, if there is one. */
enum outcome db_query(struct db *db, const char *sql, size_t length);

/* Returns NULL after a failure and sets *RC. */
MYSQL_STMT *db_stmt_prepare(struct db *db, const char *sql, enum outcome *rc);

void db_statements_close(struct db *db);

#endif
