/* SPDX-License-Identifier: MIT */
/*
 * The table of the session variables that statements rely on.  The module sets them and reads them
 * back, and refuses a session if the server does not allow it to set them.
 *
 * As a rule this takes four round trips: set the variables that could hinder the other statements,
 * ask which variables this server has, set those that differ from the table, read all of them back.
 * The table does not contain, and so leaves to the server: memory, plans, logs, the steps of
 * auto-increment (a cluster sets them), the clock (`timestamp`: no statement relies on it), and
 * variables that affect only the owner's triggers and views.
 */
#include "config.h"

#include "db/session_variables.h"

#include <mysqld_error.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/log.h"
#include "db/mysql_session.h"

/* Seconds.  A lock wait must end before the read time-out, so that the server answers and the
 * session survives; and it must be short because a caller waits for the answer. */
#define LOCK_WAIT_MAX_S 20
#define NUMBER_TEXT	24

#define LOCK_WAIT  NULL /* computed from the time-out of the session */
#define NO_LIMIT   "18446744073709551615"
#define AS_DEFAULT "DEFAULT" /* the keyword; in quotes it would be a value */

enum how {
	NAMES, /* set by SET NAMES, before all others */
	FIRST, /* set before asking which variables the server has: every server has these */
	FIRST_MARIADB, /* like FIRST; only MariaDB has them, since 10.3 */
	LATER,	       /* set after asking, if its value differs */
	KEYWORD,       /* like LATER; the value is a keyword */
	AT_LEAST,      /* like LATER; a number that may be larger */
};

struct variable {
	const char *name;
	enum how how;
	const char *value;
	const char *reason; /* follows "without which" in messages */
};

/*
 * A test sets each variable to its worst value and compares this table with a table of its own. The
 * variables are set in this order because max_join_size changes sql_big_selects.
 */
static const struct variable variables[] = {
    /* text */
    {"character_set_client", NAMES, "utf8mb4", "text would arrive as other characters"},
    {"character_set_connection", NAMES, "utf8mb4", "text would be cut to another character set"},
    {"character_set_results", NAMES, "utf8mb4", "text would be read as other characters"},
    {"collation_connection", NAMES, "utf8mb4_general_ci", "texts would compare in another way"},
    {"character_set_collations", LATER, "", "texts would compare in another way"},
    /* meaning of a statement */
    {"sql_mode", FIRST, "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
     "values would be cut or changed without an error"},
    {"old_mode", LATER, "", "values would be converted as by older servers"},
    {"sql_if_exists", LATER, "OFF", "DDL would pass over a table that is missing"},
    {"sql_auto_is_null", LATER, "OFF", "IS NULL would find the row that was inserted last"},
    {"sql_safe_updates", LATER, "OFF",
     "an UPDATE or DELETE by another column than a key would be refused"},
    {"system_versioning_asof", KEYWORD, AS_DEFAULT,
     "reads would see the tables of an earlier time"},
    {"time_zone", LATER, "+00:00", "times would be those of another zone"},
    {"big_tables", LATER, "OFF",
     "rows that an UPDATE of joined tables finds would be counted twice"},
    {"tmp_memory_table_size", AT_LEAST, "16777216",
     "rows that an UPDATE of joined tables finds would be counted twice"},
    {"group_concat_max_len", AT_LEAST, "1048576", "lists would be cut"},
    {"max_sort_length", LATER, "1024", "long texts would be sorted by their beginning only"},
    {"default_storage_engine", LATER, "InnoDB", "sequences would not be transactional"},
    {"innodb_strict_mode", LATER, "ON",
     "a table that cannot hold its rows would be made all the same"},
    {"alter_algorithm", LATER, "DEFAULT", "a deployment could not alter a table"},
    /* transactions */
    {"autocommit", FIRST, "ON", "a statement outside of a transaction would not be committed"},
    {"completion_type", LATER, "NO_CHAIN", "COMMIT would begin a transaction, or end the session"},
    {"tx_isolation", LATER, "READ-COMMITTED", "calls and the sync would wait for each other"},
    {"transaction_isolation", LATER, "READ-COMMITTED",
     "calls and the sync would wait for each other"},
    {"tx_read_only", LATER, "OFF", "nothing could be written"},
    {"transaction_read_only", LATER, "OFF", "nothing could be written"},
    {"wsrep_dirty_reads", LATER, "OFF",
     "a node that was cut off would answer with what it had then"},
    /* the server must refuse rows that violate constraints of the owner's tables */
    {"foreign_key_checks", LATER, "ON", "rows without their parent would be stored"},
    {"unique_checks", LATER, "ON", "a key could be stored twice"},
    {"check_constraint_checks", LATER, "ON", "rows that a constraint forbids would be stored"},
    /* limits that end a statement, a result or a session */
    {"sql_select_limit", FIRST, NO_LIMIT, "results would be cut"},
    {"max_join_size", FIRST, NO_LIMIT, "a merge of many rows would be refused"},
    {"sql_big_selects", FIRST, "ON", "a merge of many rows would be refused"},
    {"max_statement_time", FIRST_MARIADB, "0", "a merge that takes longer would be ended"},
    {"max_execution_time", LATER, "0", "a query that takes longer would be ended"},
    {"max_session_mem_used", FIRST_MARIADB, "9223372036854775807",
     "a merge that needs more would be ended"},
    {"tmp_disk_table_size", FIRST_MARIADB, NO_LIMIT, "a merge that needs more would be ended"},
    {"sort_buffer_size", AT_LEAST, "262144", "a merge that sorts long keys would be ended"},
    {"sql_buffer_result", LATER, "OFF", "the log would be copied before it is read"},
    {"innodb_lock_wait_timeout", LATER, LOCK_WAIT,
     "a lock would be waited for longer than the answer"},
    {"lock_wait_timeout", LATER, LOCK_WAIT, "a lock would be waited for longer than the answer"},
    {"low_priority_updates", LATER, "OFF", "writes would wait for every reader"},
    /* a session is idle during statements of other sessions: longer than any of them takes */
    {"wait_timeout", AT_LEAST, "86400",
     "the session would end while it waits for another one's merge"},
    {"idle_transaction_timeout", LATER, "0",
     "the session would end while it waits for another one's merge"},
    {"idle_readonly_transaction_timeout", LATER, "0",
     "the session would end while it waits for another one's merge"},
    {"idle_write_transaction_timeout", LATER, "0",
     "the session would end while it waits for another one's merge"},
    {"net_read_timeout", AT_LEAST, "600", "the session would end while a large statement is sent"},
    /* the reader of a stream may pause: the sync merges a batch meanwhile */
    {"net_write_timeout", AT_LEAST, "600", "the session would end while a batch is merged"},
};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

/* Variables that are read and not set. */
enum { MAX_PACKET, LOG_BIN, SQL_LOG_BIN, BINLOG_FORMAT, FACTS };
static const char *const facts[FACTS] = {[MAX_PACKET] = "max_allowed_packet",
					 [LOG_BIN] = "log_bin",
					 [SQL_LOG_BIN] = "sql_log_bin",
					 [BINLOG_FORMAT] = "binlog_format"};

struct setter {
	struct db *db;
	char lock_wait[NUMBER_TEXT];
	char *values[VARIABLES]; /* the server's; NULL: the server has no such variable */
	char *facts[FACTS];
};

static const char *wanted(const struct setter *s, const struct variable *v)
{
	return v->value != NULL ? v->value : s->lock_wait;
}

/* --- comparing: booleans as ON or 1, numbers with or without decimals, sets in any order --- */

static const char *as_number(const char *text)
{
	if (strcasecmp(text, "ON") == 0)
		return "1";
	return strcasecmp(text, "OFF") == 0 ? "0" : text;
}

static bool same_number(const char *a, const char *b)
{
	char *a_end, *b_end;
	double x = strtod(a, &a_end), y = strtod(b, &b_end);

	/* Above 1e15 a double is not exact, so such numbers are compared as text. */
	return a_end != a && *a_end == '\0' && b_end != b && *b_end == '\0' && x < 1e15 &&
	       !(x < y) && !(y < x);
}

static bool has_word(const char *list, const char *word, size_t length)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (n == length && strncasecmp(list, word, n) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return length == 0;
}

static bool has_words(const char *list, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, ",");

		if (!has_word(list, words, n))
			return false;
		words += n + (words[n] == ',');
	}
	return true;
}

static bool same(const char *a, const char *b)
{
	a = as_number(a);
	b = as_number(b);
	return strcasecmp(a, b) == 0 || same_number(a, b) || (has_words(a, b) && has_words(b, a));
}

static bool is_fine(const struct setter *s, const struct variable *v, const char *value)
{
	return same(value, wanted(s, v)) ||
	       (v->how == AT_LEAST && strtod(value, NULL) > strtod(wanted(s, v), NULL));
}

/* --- statements --- */

static bool is_bare(const char *value)
{
	size_t sign = *value == '-', digits = strspn(value + sign, "0123456789."),
	       whole = strspn(value + sign, "0123456789");

	return whole > 0 && value[sign + digits] == '\0' &&
	       strchr(value, '.') == strrchr(value, '.');
}

/* NAME must be checked or come from the table. */
static void add_assignment(struct setter *s, struct buf *sql, const char *name, const char *value,
			   bool keyword)
{
	if (sql->length != 0)
		buf_add(sql, ", ");
	buf_add(sql, "SESSION ");
	db_quote_name(sql, name);
	buf_add(sql, " = ");
	if (keyword || is_bare(value))
		buf_add(sql, value);
	else
		db_quote_text(s->db, sql, value, strlen(value));
}

/* Sets the variables that could hinder the following statements: limits of rows, time or memory,
 * another character set, a sql_mode in which '' is NULL. */
static enum outcome set_first(struct setter *s)
{
	struct buf all = BUF_INIT, mariadb = BUF_INIT, sql = BUF_INIT;
	enum outcome rc;

	for (size_t i = 0; i < VARIABLES; i++) {
		const struct variable *v = &variables[i];

		if (v->how == FIRST || v->how == FIRST_MARIADB)
			add_assignment(s, v->how == FIRST ? &all : &mariadb, v->name, wanted(s, v),
				       false);
	}
	buf_addf(&sql, "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci, %s /*M!100300 , %s */",
		 buf_text(&all), buf_text(&mariadb));
	rc = db_exec(s->db, buf_text(&sql));
	buf_free(&all);
	buf_free(&mariadb);
	buf_free(&sql);
	return rc;
}

static void note(struct setter *s, const char *name, const char *value)
{
	for (size_t i = 0; i < VARIABLES; i++)
		if (strcasecmp(variables[i].name, name) == 0)
			s->values[i] = xstrdup(value);
	for (size_t i = 0; i < FACTS; i++)
		if (strcasecmp(facts[i], name) == 0)
			s->facts[i] = xstrdup(value);
}

static enum outcome ask(struct setter *s)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	buf_add(&sql, "SHOW SESSION VARIABLES WHERE Variable_name IN (");
	for (size_t i = 0; i < VARIABLES; i++)
		buf_addf(&sql, "'%s', ", variables[i].name);
	for (size_t i = 0; i < FACTS; i++)
		buf_addf(&sql, "%s'%s'", i != 0 ? ", " : "", facts[i]);
	buf_add(&sql, ")");
	rc = db_run(s->db, buf_text(&sql), NULL, 0, &rows, NULL);
	buf_free(&sql);
	if (rc != OUTCOME_OK)
		return rc;
	while (db_rows_next(rows))
		note(s, db_rows_text(rows, 0), db_rows_text(rows, 1) ? db_rows_text(rows, 1) : "");
	db_rows_free(&rows);
	return OUTCOME_OK;
}

static enum outcome refuse_value(struct setter *s, const char *name, const char *value,
				 const char *reason)
{
	char text[256];

	snprintf(text, sizeof(text), "%u %s", db_errno(s->db), db_error(s->db));
	return db_refuse(s->db, db_errno(s->db),
			 "the session is refused: %s cannot be set to '%s' (%s), without which %s",
			 name, value, text, reason);
}

/* Sets one variable, so that a failure can name it: the error of one SET for all variables may name
 * none of them, e.g. if a privilege is missing. */
static enum outcome set_one(struct setter *s, const char *name, const char *value, bool keyword,
			    const char *reason)
{
	const bool quiet = s->db->quiet;
	struct buf list = BUF_INIT, sql = BUF_INIT;
	enum outcome rc;

	add_assignment(s, &list, name, value, keyword);
	buf_addf(&sql, "SET %s", buf_text(&list));
	s->db->quiet = true;
	rc = db_exec(s->db, buf_text(&sql));
	s->db->quiet = quiet;
	buf_free(&list);
	buf_free(&sql);
	return rc == OUTCOME_OK || !db_alive(s->db) ? rc : refuse_value(s, name, value, reason);
}

static bool differs(const struct setter *s, size_t i)
{
	return s->values[i] != NULL && !is_fine(s, &variables[i], s->values[i]);
}

static enum outcome set_each(struct setter *s)
{
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; rc == OUTCOME_OK && i < VARIABLES; i++)
		if (differs(s, i))
			rc = set_one(s, variables[i].name, wanted(s, &variables[i]),
				     variables[i].how == KEYWORD, variables[i].reason);
	return rc;
}

static enum outcome set_differing(struct setter *s)
{
	struct buf list = BUF_INIT, sql = BUF_INIT;
	enum outcome rc = OUTCOME_OK;

	for (size_t i = 0; i < VARIABLES; i++)
		if (differs(s, i))
			add_assignment(s, &list, variables[i].name, wanted(s, &variables[i]),
				       variables[i].how == KEYWORD);
	if (list.length != 0) {
		buf_addf(&sql, "SET %s", buf_text(&list));
		rc = db_exec(s->db, buf_text(&sql));
		if (rc != OUTCOME_OK && db_alive(s->db))
			rc = set_each(s);
	}
	buf_free(&list);
	buf_free(&sql);
	return rc;
}

/* --- reading back --- */

static enum outcome compare(struct setter *s, const struct db_rows *rows)
{
	size_t column = 0;

	for (size_t i = 0; i < VARIABLES; i++) {
		const struct variable *v = &variables[i];
		const char *value;

		if (s->values[i] == NULL)
			continue;
		value = db_rows_text(rows, column++);
		if (value == NULL)
			value = "NULL";
		if (is_fine(s, v, value))
			continue;
		return db_refuse(
		    s->db, ER_WRONG_VALUE_FOR_VAR,
		    "the session is refused: %s is '%s' after it was set to '%s', without "
		    "which %s; let the server allow it to this account",
		    v->name, value, wanted(s, v), v->reason);
	}
	return OUTCOME_OK;
}

static enum outcome read_back(struct setter *s)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	for (size_t i = 0; i < VARIABLES; i++) {
		if (s->values[i] == NULL)
			continue;
		buf_add(&sql, sql.length == 0 ? "SELECT " : ", ");
		buf_addf(&sql, "@@SESSION.%s", variables[i].name);
	}
	rc = db_run(s->db, buf_text(&sql), NULL, 0, &rows, NULL);
	buf_free(&sql);
	if (rc != OUTCOME_OK)
		return rc;
	rc = db_rows_next(rows) ? compare(s, rows) : OUTCOME_BUG;
	db_rows_free(&rows);
	return rc;
}

/* --- the installation's own list --- */

struct assignment {
	char name[65];
	char value[256];
};

__attribute__((format(printf, 2, 3))) static bool say(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, SESSION_VARIABLES_WHY, format, args);
	va_end(args);
	return false;
}

/* Reads the value at *AT and moves *AT after it: 'quoted', "quoted", or up to the comma. */
static bool read_value(const char **at, char *value, size_t size)
{
	const char *from = *at, *end;
	size_t length;

	if (*from == '\'' || *from == '"') {
		end = strchr(from + 1, *from);
		if (end == NULL)
			return false;
		from++;
		*at = end + 1 + strspn(end + 1, " \t");
	} else {
		end = from + strcspn(from, ",");
		*at = end;
		while (end > from && strchr(" \t", end[-1]) != NULL)
			end--;
	}
	length = (size_t)(end - from);
	if (length >= size || (length == 0 && end[0] != '\'' && end[0] != '"'))
		return false;
	memcpy(value, from, length);
	value[length] = '\0';
	return **at == '\0' || **at == ',';
}

/* Reads the assignment at *AT and moves *AT to the next one.  Returns false and sets WHY if it is
 * malformed. */
static bool read_assignment(const char **at, struct assignment *a, char *why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const char *from = *at + strspn(*at, " \t");
	size_t length = strspn(from, letters);

	if (length == 0 || length >= sizeof(a->name))
		return say(why, "\"%s\": a variable's name is made of a to z, 0 to 9 and _", from);
	memcpy(a->name, from, length);
	a->name[length] = '\0';
	from += length + strspn(from + length, " \t");
	if (*from != '=')
		return say(why, "%s: it is written NAME = VALUE", a->name);
	from += 1 + strspn(from + 1, " \t");
	if (!read_value(&from, a->value, sizeof(a->value)))
		return say(why,
			   "%s: the value is missing, too long, or has a quote that is not closed",
			   a->name);
	*at = *from == ',' ? from + 1 : from;
	if (*from == ',' && (*at)[strspn(*at, " \t")] == '\0')
		return say(why, "%s: nothing follows the comma", a->name);
	return true;
}

bool session_variables_check(const char *list, char *why)
{
	struct assignment a;

	while (list[strspn(list, " \t")] != '\0') {
		if (!read_assignment(&list, &a, why))
			return false;
		for (size_t i = 0; i < VARIABLES; i++)
			if (strcmp(variables[i].name, a.name) == 0)
				return say(why, "%s is set by the program itself", a.name);
	}
	return true;
}

static enum outcome set_extra(struct setter *s, const char *list)
{
	char why[SESSION_VARIABLES_WHY];
	struct assignment a;
	enum outcome rc = OUTCOME_OK;

	while (rc == OUTCOME_OK && list[strspn(list, " \t")] != '\0') {
		if (!read_assignment(&list, &a, why))
			return db_refuse(s->db, ER_WRONG_VALUE_FOR_VAR, "session_variables: %s",
					 why);
		rc = set_one(s, a.name, a.value, false,
			     "[cloud] session_variables of campaign-ingest.conf is not fulfilled");
	}
	return rc;
}

/* --- all steps --- */

static bool is_fact(const struct setter *s, int fact, const char *value)
{
	return s->facts[fact] != NULL && strcasecmp(s->facts[fact], value) == 0;
}

/* Only warns: if the database is exempt from the binary log, no write fails, and only a write can
 * show that. */
static void note_binary_log(struct setter *s)
{
	s->db->statement_log = is_fact(s, LOG_BIN, "ON") && is_fact(s, SQL_LOG_BIN, "ON") &&
			       is_fact(s, BINLOG_FORMAT, "STATEMENT");
	if (s->db->statement_log)
		db_complain(s->db,
			    "the server writes its binary log with binlog_format=STATEMENT, and so "
			    "refuses every write of a session that is READ COMMITTED (error 1665): "
			    "set binlog_format=MIXED or ROW on that server");
}

static enum outcome set_all(struct setter *s, const char *extra)
{
	enum outcome rc;

	if ((rc = set_first(s)) != OUTCOME_OK || (rc = ask(s)) != OUTCOME_OK ||
	    (rc = set_differing(s)) != OUTCOME_OK)
		return rc;
	if (extra != NULL && (rc = set_extra(s, extra)) != OUTCOME_OK)
		return rc;
	if ((rc = read_back(s)) != OUTCOME_OK)
		return rc;
	if (s->facts[MAX_PACKET] != NULL)
		s->db->max_packet = strtoull(s->facts[MAX_PACKET], NULL, 10);
	note_binary_log(s);
	return OUTCOME_OK;
}

enum outcome session_variables_set(struct db *db, unsigned io_timeout_s, const char *extra)
{
	struct setter s = {.db = db};
	unsigned lock_wait_s = io_timeout_s / 2;
	enum outcome rc;

	if (lock_wait_s > LOCK_WAIT_MAX_S)
		lock_wait_s = LOCK_WAIT_MAX_S;
	if (lock_wait_s == 0)
		lock_wait_s = 1;
	snprintf(s.lock_wait, sizeof(s.lock_wait), "%u", lock_wait_s);
	rc = set_all(&s, extra);
	for (size_t i = 0; i < VARIABLES; i++)
		free(s.values[i]);
	for (size_t i = 0; i < FACTS; i++)
		free(s.facts[i]);
	return rc;
}

const char *session_variables_name(size_t n)
{
	return n < VARIABLES ? variables[n].name : NULL;
}
