/* SPDX-License-Identifier: MIT */
/*
 * What sync.py compares campaign-sync with: the SQL that a skilled person would write by hand
 * to move the log of dem:sampleTable to its table.  For each batch
 *
 *   SELECT the next rows of the log, streamed to the client,
 *   LOAD DATA LOCAL INFILE them, as they come, into a temporary table at the target,
 *   INSERT ... SELECT ... ON DUPLICATE KEY UPDATE (DELETE and UPDATE where the log has them),
 *   COMMIT,
 *   DELETE the rows from the log.
 *
 * It knows beforehand which columns the changes name and that no record changes twice in a
 * batch, and it stops at the first row that is refused.  When it is killed between COMMIT and
 * DELETE, changes are applied again; and a change that is committed late, with a number
 * below the last of a batch, is deleted unapplied.
 */
#include "config.h"

#include <mysql.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_DEFAULT 10000
#define SQL_SIZE      1024
#define LINE_MARGIN   64 /* what a line has beside its escaped values */

#define COLUMNS "id, code, testcol1, testcol2, amount, quantity, day"

struct hand {
	MYSQL *log, *target;
	MYSQL_RES *rows; /* the stream under way */
	char *line;	 /* a row that did not fit into the last buffer */
	size_t line_size, length, sent;
	char first[24], last[24]; /* numbers of the batch */
	unsigned long count;
};

static void die(const char *what, MYSQL *db)
{
	fprintf(stderr, "hand_written: %s: %s\n", what, mysql_error(db));
	exit(1);
}

static void run(MYSQL *db, const char *sql)
{
	if (mysql_query(db, sql) != 0)
		die(sql, db);
}

/* The rows of the log in the format of LOAD DATA, as the library asks for them. */

static char *add_value(char *out, const char *value, unsigned long length)
{
	if (value == NULL) {
		memcpy(out, "\\N", 2);
		return out + 2;
	}
	for (unsigned long i = 0; i < length; i++) {
		char c = value[i];

		if (c == '\t' || c == '\n' || c == '\\' || c == '\0')
			*out++ = '\\';
		*out++ = c == '\0' ? '0' : c;
	}
	return out;
}

static bool next_line(struct hand *h)
{
	MYSQL_ROW row = mysql_fetch_row(h->rows);
	unsigned columns = mysql_num_fields(h->rows);
	unsigned long *lengths;
	size_t need = LINE_MARGIN;
	char *out;

	if (row == NULL)
		return false;
	lengths = mysql_fetch_lengths(h->rows);
	for (unsigned i = 0; i < columns; i++)
		need += 2 * lengths[i] + 3;
	if (need > h->line_size) {
		free(h->line);
		h->line = malloc(need);
		h->line_size = need;
	}
	out = h->line;
	for (unsigned i = 0; i < columns; i++) {
		out = add_value(out, row[i], lengths[i]);
		*out++ = i + 1 < columns ? '\t' : '\n';
	}
	h->length = (size_t)(out - h->line);
	h->sent = 0;
	if (h->count++ == 0)
		snprintf(h->first, sizeof(h->first), "%s", row[0]);
	snprintf(h->last, sizeof(h->last), "%s", row[0]);
	return true;
}

static int infile_open(void **state, const char *name, void *hand)
{
	(void)name;
	*state = hand;
	return 0;
}

static int infile_read(void *state, char *out, unsigned size)
{
	struct hand *h = state;
	size_t filled = 0;

	while (filled < size && (h->sent < h->length || next_line(h))) {
		size_t n = h->length - h->sent;

		if (n > size - filled)
			n = size - filled;
		memcpy(out + filled, h->line + h->sent, n);
		h->sent += n;
		filled += n;
	}
	return (int)filled;
}

static void infile_close(void *state)
{
	(void)state;
}

static int infile_error(void *state, char *message, unsigned size)
{
	(void)state;
	snprintf(message, size, "no rows");
	return 1;
}

/* False at the end of the log. */
static bool load_batch(struct hand *h, unsigned long batch)
{
	char sql[SQL_SIZE];

	snprintf(sql, sizeof(sql),
		 "SELECT _seq, _operation, " COLUMNS " FROM dem_sampleTableStg_log"
		 " WHERE _seq > %s ORDER BY _seq LIMIT %lu",
		 h->last, batch);
	run(h->log, sql);
	h->count = 0;
	h->length = h->sent = 0;
	if ((h->rows = mysql_use_result(h->log)) == NULL)
		die("reading", h->log);
	run(h->target, "LOAD DATA LOCAL INFILE 'log' INTO TABLE batch CHARACTER SET utf8mb4");
	if (mysql_errno(h->log) != 0)
		die("reading", h->log);
	mysql_free_result(h->rows);
	return h->count > 0;
}

static void merge_batch(struct hand *h, const char *workload)
{
	static const char insert[] = "INSERT INTO hand_written (" COLUMNS ")"
				     " SELECT " COLUMNS " FROM batch b WHERE operation <= 2";
	char sql[SQL_SIZE];

	if (strcmp(workload, "mixed") == 0) {
		run(h->target, "DELETE e FROM hand_written e JOIN batch b ON b.code = e.code"
			       " WHERE b.operation = 4");
		run(h->target, "UPDATE hand_written e JOIN batch b ON b.code = e.code"
			       " SET e.testcol1 = b.testcol1, e.amount = b.amount"
			       " WHERE b.operation = 3");
	}
	snprintf(sql, sizeof(sql), "%s%s", insert,
		 strcmp(workload, "insert") == 0
		     ? ""
		     : " ON DUPLICATE KEY UPDATE testcol1 = b.testcol1, testcol2 = b.testcol2,"
		       " amount = b.amount, quantity = b.quantity, day = b.day");
	run(h->target, sql);
}

static void move_all(struct hand *h, const char *workload, unsigned long batch)
{
	char sql[SQL_SIZE];
	bool more = true;

	run(h->target, "CREATE TEMPORARY TABLE batch (seq BIGINT PRIMARY KEY, operation TINYINT,"
		       " id VARCHAR(64), code VARCHAR(20), testcol1 VARCHAR(255),"
		       " testcol2 VARCHAR(255), amount DOUBLE, quantity INT, day DATE)"
		       " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin");
	while (more) {
		run(h->target, "TRUNCATE TABLE batch");
		run(h->target, "BEGIN");
		if ((more = load_batch(h, batch)))
			merge_batch(h, workload);
		run(h->target, "COMMIT");
		if (!more)
			break;
		snprintf(sql, sizeof(sql),
			 "DELETE FROM dem_sampleTableStg_log WHERE _seq BETWEEN %s AND %s",
			 h->first, h->last);
		run(h->log, sql);
	}
}

static MYSQL *open_session(char **argv, const char *database)
{
	static const unsigned local_infile = 1;
	MYSQL *db = mysql_init(NULL);

	mysql_options(db, MYSQL_OPT_LOCAL_INFILE, &local_infile);
	mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mysql_real_connect(db, NULL, argv[2], argv[3], database, 0, argv[1], 0) == NULL)
		die("connecting", db);
	return db;
}

int main(int argc, char **argv)
{
	struct hand h = {.last = "0"};

	if (argc < 7 || argc > 8) {
		fprintf(stderr,
			"usage: %s SOCKET USER PASSWORD STAGING CLOUD insert|insertOrUpdate|mixed"
			" [BATCH]\n",
			argv[0]);
		return 2;
	}
	h.log = open_session(argv, argv[4]);
	h.target = open_session(argv, argv[5]);
	mysql_set_local_infile_handler(h.target, infile_open, infile_read, infile_close,
				       infile_error, &h);
	move_all(&h, argv[6], argc == 8 ? strtoul(argv[7], NULL, 10) : BATCH_DEFAULT);
	mysql_close(h.target);
	mysql_close(h.log);
	free(h.line);
	return 0;
}
