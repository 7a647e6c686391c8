/* SPDX-License-Identifier: MIT */
/* One prepared statement with its binds; see log_insert.h. */
#include "config.h"

#include "log_insert.h"

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid.h>

enum { OPERATION, KEY, FIELDS, OPERATOR, ADDRESS, ID, TESTCOL1, TESTCOL2, COLUMNS };

static const char insert_sql[] =
    "INSERT INTO `%s` (_operation, _key, _fields, _operator, _address, id, testcol1, testcol2)"
    " VALUES (?,?,?,?,?,?,?,?)";

/* What is the same in every row. */
static const char *const constants[COLUMNS] = {
    [OPERATION] = "1",	  [KEY] = "@id",	   [FIELDS] = "id,testcol1,testcol2",
    [OPERATOR] = "feed1", [ADDRESS] = "127.0.0.1",
};

typedef char uuid_text[37];

struct log_insert {
	MYSQL *db;
	MYSQL_STMT *stmt;
	unsigned rows;
	uuid_text *ids;
	const char **texts[COLUMNS]; /* per row */
	unsigned long *lengths[COLUMNS];
	MYSQL_BIND binds[COLUMNS];
};

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		abort();
	return p;
}

static void fail(struct log_insert *insert)
{
	const char *why = insert->stmt != NULL ? mysql_stmt_error(insert->stmt) : "";

	fprintf(stderr, "%s\n", why[0] != '\0' ? why : mysql_error(insert->db));
	exit(1);
}

static void set(struct log_insert *insert, int column, unsigned row, const char *text)
{
	insert->texts[column][row] = text;
	insert->lengths[column][row] = strlen(text);
}

struct log_insert *log_insert_open(const char *option_file, const char *table, unsigned rows)
{
	struct log_insert *insert = allocate(1, sizeof(*insert));
	char sql[256];
	int length = snprintf(sql, sizeof(sql), insert_sql, table);

	insert->rows = rows;
	insert->ids = allocate(rows, sizeof(*insert->ids));
	for (int c = 0; c < COLUMNS; c++) {
		insert->texts[c] = allocate(rows, sizeof(*insert->texts[c]));
		insert->lengths[c] = allocate(rows, sizeof(*insert->lengths[c]));
		for (unsigned row = 0; row < rows; row++)
			set(insert, c, row, constants[c] != NULL ? constants[c] : "");
	}
	insert->db = mysql_init(NULL);
	mysql_options(insert->db, MYSQL_READ_DEFAULT_FILE, option_file);
	mysql_options(insert->db, MYSQL_READ_DEFAULT_GROUP, "campaign-staging");
	if (mysql_real_connect(insert->db, NULL, NULL, NULL, NULL, 0, NULL, 0) == NULL ||
	    (insert->stmt = mysql_stmt_init(insert->db)) == NULL ||
	    mysql_stmt_prepare(insert->stmt, sql, (unsigned long)length) != 0)
		fail(insert);
	return insert;
}

const char *log_insert_row(struct log_insert *insert, unsigned row, const char *testcol1,
			   const char *testcol2)
{
	uuid_t id;

	uuid_generate_random(id);
	uuid_unparse_lower(id, insert->ids[row]);
	set(insert, ID, row, insert->ids[row]);
	set(insert, TESTCOL1, row, testcol1);
	set(insert, TESTCOL2, row, testcol2);
	return insert->ids[row];
}

/* A single row is bound by itself, as one would without arrays; the library wants a pointer to
 * the text then, and a pointer to pointers otherwise. */
static void bind(struct log_insert *insert, int column)
{
	MYSQL_BIND *b = &insert->binds[column];

	b->buffer_type = MYSQL_TYPE_STRING;
	b->length = insert->lengths[column];
	if (insert->rows > 1)
		b->buffer = insert->texts[column];
	else
		memcpy(&b->buffer, &insert->texts[column][0], sizeof(b->buffer));
}

void log_insert_execute(struct log_insert *insert)
{
	for (int c = 0; c < COLUMNS; c++)
		bind(insert, c);
	if (insert->rows > 1 &&
	    mysql_stmt_attr_set(insert->stmt, STMT_ATTR_ARRAY_SIZE, &insert->rows) != 0)
		fail(insert);
	if (mysql_stmt_bind_param(insert->stmt, insert->binds) != 0 ||
	    mysql_stmt_execute(insert->stmt) != 0)
		fail(insert);
}
