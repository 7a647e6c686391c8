/* SPDX-License-Identifier: MIT */
/*
 * The table of error numbers and the caller's reaction to them.  An error that is neither in the
 * table nor in a known class of SQLSTATE is BUG: syntax, names that do not exist, missing rights.
 *
 * SQLSTATE class 45 takes precedence over the number: a trigger or procedure raises conditions of
 * this class by SIGNAL and can give them any number, even that of a lost connection.
 */
#include "config.h"

#include "db/classify.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

/* The members of struct db_class after the number. */
#define RETRY	 OUTCOME_RETRY, false, false
#define REJECTED OUTCOME_REJECTED, false, false
#define BUG	 OUTCOME_BUG, false, false
/* The server cannot serve this session, or another server must: it has executed nothing. */
#define LEAVE OUTCOME_RETRY, true, false
/* The connection broke: the client cannot know whether the server has executed the statement. */
#define TORN OUTCOME_RETRY, true, true
/* Another session or a time limit interrupted the statement; a COMMIT may have taken effect. */
#define INTERRUPTED OUTCOME_RETRY, false, true
/* The statement is too large for one packet: the server closes the connection. */
#define TOO_BIG OUTCOME_REJECTED, true, false
/* The client called the library in the wrong order, so the session's state is undefined. */
#define CONFUSED OUTCOME_BUG, true, false

/* Error numbers of the client library that some versions of its header lack. */
#define CLIENT_NET_READ	 5013
#define CLIENT_NET_WRITE 5014

/* Sorted by number, for bsearch. */
static const struct db_class classes[] = {
    {ER_CHECKREAD, RETRY},
    {ER_DISK_FULL, RETRY},
    {ER_DUP_KEY, REJECTED},
    {ER_ERROR_ON_WRITE, RETRY},
    {ER_GET_ERRNO, RETRY}, /* the storage engine failed: disk full, I/O */
    {ER_OUTOFMEMORY, RETRY},
    {ER_OUT_OF_SORTMEMORY, RETRY},
    {ER_CON_COUNT_ERROR, LEAVE},
    {ER_OUT_OF_RESOURCES, RETRY},
    {ER_BAD_HOST_ERROR, LEAVE},
    {ER_HANDSHAKE_ERROR, LEAVE},
    {ER_UNKNOWN_COM_ERROR, LEAVE}, /* Galera: this node is not ready for queries */
    {ER_BAD_NULL_ERROR, REJECTED},
    {ER_SERVER_SHUTDOWN, TORN},
    {ER_DUP_ENTRY, REJECTED},
    {ER_FORCING_CLOSE, TORN},
    {ER_RECORD_FILE_FULL, RETRY},
    {ER_TOO_BIG_ROWSIZE, REJECTED},
    {ER_HOST_IS_BLOCKED, LEAVE},
    {ER_CANT_CREATE_THREAD, LEAVE},
    {ER_ABORTING_CONNECTION, TORN},
    {ER_NET_PACKET_TOO_LARGE, TOO_BIG},
    {ER_NET_READ_ERROR, TORN},
    {ER_NET_READ_INTERRUPTED, TORN},
    {ER_NET_ERROR_ON_WRITE, TORN},
    {ER_NET_WRITE_INTERRUPTED, TORN},
    {ER_DUP_UNIQUE, REJECTED},
    {ER_ERROR_DURING_COMMIT, RETRY},
    {ER_ERROR_DURING_ROLLBACK, LEAVE}, /* the state of the session is unknown */
    {ER_NEW_ABORTING_CONNECTION, TORN},
    {ER_TOO_MANY_USER_CONNECTIONS, LEAVE},
    {ER_LOCK_WAIT_TIMEOUT, RETRY},
    {ER_LOCK_TABLE_FULL, RETRY},
    {ER_LOCK_DEADLOCK, RETRY}, /* in answer to COMMIT: Galera refused the transaction */
    {ER_NO_REFERENCED_ROW, REJECTED},
    {ER_ROW_IS_REFERENCED, REJECTED},
    {ER_CANT_UPDATE_WITH_READLOCK, RETRY},
    {ER_USER_LIMIT_REACHED, LEAVE},
    {ER_WARN_DATA_OUT_OF_RANGE, REJECTED},
    {WARN_DATA_TRUNCATED, REJECTED},
    {ER_OPTION_PREVENTS_STATEMENT, LEAVE}, /* the server is read only: another one has taken over */
    {ER_TRUNCATED_WRONG_VALUE, REJECTED},
    {ER_INVALID_CHARACTER_STRING, REJECTED},
    {ER_WARN_ALLOWED_PACKET_OVERFLOWED, REJECTED},
    {ER_QUERY_INTERRUPTED, INTERRUPTED},
    {ER_NO_DEFAULT_FOR_FIELD, REJECTED},
    {ER_DIVISION_BY_ZERO, REJECTED},
    {ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, REJECTED},
    {ER_ILLEGAL_VALUE_FOR_TYPE, REJECTED},
    {ER_DATA_TOO_LONG, REJECTED},
    {ER_WRONG_VALUE_FOR_TYPE, REJECTED},
    {ER_TABLE_DEF_CHANGED, RETRY},
    {ER_DATETIME_FUNCTION_OVERFLOW, REJECTED},
    {ER_ROW_IS_REFERENCED_2, REJECTED},
    {ER_NO_REFERENCED_ROW_2, REJECTED},
    {ER_MAX_PREPARED_STMT_COUNT_REACHED, RETRY},
    {ER_NO_PARTITION_FOR_GIVEN_VALUE, REJECTED},
    {ER_DUP_ENTRY_WITH_KEY_NAME, REJECTED},
    {ER_NEED_REPREPARE, RETRY},
    {ER_TOO_MANY_CONCURRENT_TRXS, RETRY},
    {ER_SIGNAL_EXCEPTION, REJECTED}, /* raised by a trigger of the owner */
    {ER_LOCK_ABORTED, RETRY},
    {ER_DATA_OUT_OF_RANGE, REJECTED},
    {ER_UNDO_RECORD_TOO_BIG, REJECTED}, /* the old row and its indexed texts are too large */
    {ER_FOREIGN_DUPLICATE_KEY_WITH_CHILD_INFO, REJECTED},
    {ER_FOREIGN_DUPLICATE_KEY_WITHOUT_CHILD_INFO, REJECTED},
    {ER_READ_ONLY_MODE, LEAVE},
    {ER_DUP_UNKNOWN_IN_INDEX, REJECTED},
    {ER_TEMP_FILE_WRITE_FAILURE, RETRY},
    {ER_CONNECTION_KILLED, TORN},
    {ER_STATEMENT_TIMEOUT, INTERRUPTED},
    {CR_UNKNOWN_ERROR, TORN},
    {CR_SOCKET_CREATE_ERROR, LEAVE},
    {CR_CONNECTION_ERROR, TORN},
    {CR_CONN_HOST_ERROR, TORN},
    {CR_IPSOCK_ERROR, LEAVE},
    {CR_UNKNOWN_HOST, LEAVE},
    {CR_SERVER_GONE_ERROR, TORN},
    {CR_OUT_OF_MEMORY, TORN},
    {CR_SERVER_HANDSHAKE_ERR, TORN},
    {CR_SERVER_LOST, TORN},
    {CR_COMMANDS_OUT_OF_SYNC, CONFUSED},
    {CR_NET_PACKET_TOO_LARGE, TOO_BIG},
    {CR_SSL_CONNECTION_ERROR, TORN},
    {CR_MALFORMED_PACKET, TORN},
    {CR_SERVER_LOST_EXTENDED, TORN},
    {CR_STMT_CLOSED, TORN},
    {CR_NEW_STMT_METADATA, RETRY}, /* the table of a prepared statement changed */
    {ER_CONSTRAINT_FAILED, REJECTED},
    {ER_SEQUENCE_RUN_OUT, REJECTED},
    {CLIENT_NET_READ, TORN},
    {CLIENT_NET_WRITE, TORN},
};

#define CLASSES (sizeof(classes) / sizeof(classes[0]))

/* The SQLSTATE class of SIGNAL. */
static const char signalled[] = "45";

/* The classes of SQLSTATE, which are its first two characters. */
static const struct {
	const char *state;
	struct db_class class;
} states[] = {
    {"08", {0, TORN}},	   /* connection */
    {"22", {0, REJECTED}}, /* data */
    {"23", {0, REJECTED}}, /* integrity */
    {"40", {0, RETRY}},	   /* transaction rolled back */
    {"44", {0, REJECTED}}, /* WITH CHECK OPTION */
    {signalled, {0, REJECTED}},
};

static int compare_class(const void *a, const void *b)
{
	const struct db_class *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

struct db_class db_classify_state(unsigned number, const char *sqlstate)
{
	const struct db_class unknown = {number, BUG};
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strncmp(sqlstate, states[i].state, 2) == 0) {
			struct db_class class = states[i].class;

			class.number = number;
			return class;
		}
	}
	return unknown;
}

bool db_is_too_wide(unsigned number)
{
	return number == ER_TOO_BIG_ROWSIZE;
}

bool db_is_used_up(unsigned number)
{
	return number == ER_SEQUENCE_RUN_OUT;
}

struct db_class db_classify(unsigned number, const char *sqlstate)
{
	const struct db_class wanted = {number, BUG};
	const struct db_class *row = NULL;

	if (strncmp(sqlstate, signalled, 2) != 0)
		row = bsearch(&wanted, classes, CLASSES, sizeof(classes[0]), compare_class);
	return row != NULL ? *row : db_classify_state(number, sqlstate);
}

const struct db_class *db_class_row(size_t n)
{
	return n < CLASSES ? &classes[n] : NULL;
}
