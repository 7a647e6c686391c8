/* SPDX-License-Identifier: MIT */
/*
 * Writes the SQL for the tables of a schema in MariaDB (docs/protocol.md R5.5 to R5.17, R10.4).
 *
 * The log accepts every change: all columns may be NULL, because an absent value is a state of
 * its own. Its only index is the arrival order, so that appending is cheap. The entity's table
 * has defaults and indexes; only the primary key is unique. A column has the same type in all
 * tables. Text is compared as bytes (R6.5).
 *
 * ALTER only adds and widens columns. A change that would truncate or convert a stored value is
 * refused.
 */
#include "config.h"

#include "schema/ddl.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "db/db.h"
#include "schema/row.h"

#define CHARACTER_BYTES 4    /* utf8mb4 */
#define KEY_BYTES	3072 /* InnoDB's limit for an index */
#define TEXT_PREFIX	191  /* indexed characters of a MEDIUMTEXT */
#define NAME_LENGTH	60   /* of the 64 characters that MariaDB allows */
#define NAME_BYTES	(NAME_LENGTH + 16)
#define MOST_INDEXES	60    /* MariaDB allows 64 */
#define PAGE_BYTES	8125  /* a row's limit in its page (row.c) */
#define UNDO_BYTES	15000 /* limit for a row's old values; a page has 16384 bytes */
#define UNDO_FIELD	8     /* overhead of each old value */

#define TABLE_OPTIONS                                                                              \
	"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC"

/* Column types. String columns are defined by their length instead. */
static const struct {
	const char *sql;
	const char *shown; /* as information_schema prints it */
	const char *empty; /* the default if NULL is not allowed and the schema gives none */
} column_types[] = {
    [XTK_LONG] = {"INT", "int(11)", "0"},
    [XTK_INT64] = {"BIGINT", "bigint(20)", "0"},
    [XTK_SHORT] = {"SMALLINT", "smallint(6)", "0"},
    [XTK_BYTE] = {"TINYINT", "tinyint(4)", "0"},
    [XTK_DOUBLE] = {"DOUBLE", "double", "0"},
    [XTK_FLOAT] = {"DOUBLE", "double", "0"},
    [XTK_PERCENT] = {"DOUBLE", "double", "0"},
    [XTK_BOOLEAN] = {"TINYINT(1)", "tinyint(1)", "0"},
    [XTK_DATE] = {"DATE", "date", "1970-01-01"},
    [XTK_DATETIME] = {"DATETIME(3)", "datetime(3)", "1970-01-01 00:00:00"},
    [XTK_DATETIMETZ] = {"DATETIME(3)", "datetime(3)", "1970-01-01 00:00:00"},
    [XTK_DATETIMENOTZ] = {"DATETIME(3)", "datetime(3)", "1970-01-01 00:00:00"},
    [XTK_TIME] = {"TIME", "time", "00:00:00"},
    [XTK_TIMESPAN] = {"BIGINT", "bigint(20)", "0"},
    [XTK_MEMO] = {"MEDIUMTEXT", "mediumtext", ""},
    [XTK_CDATA] = {"MEDIUMTEXT", "mediumtext", ""},
    [XTK_HTML] = {"MEDIUMTEXT", "mediumtext", ""},
    [XTK_BLOB] = {"LONGBLOB", "longblob", ""},
    [XTK_STRING] = {NULL, NULL, ""},
    [XTK_UUID] = {NULL, NULL, ""},
    [XTK_ENUM] = {NULL, NULL, ""},
    [XTK_MNTOKEN] = {NULL, NULL, ""},
};

/* Doubles backslashes: none of our sessions sets NO_BACKSLASH_ESCAPES. */
void ddl_quote_text(struct buf *sql, const char *text)
{
	buf_add_char(sql, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			buf_add_char(sql, *text);
		buf_add_char(sql, *text);
	}
	buf_add_char(sql, '\'');
}

static void add_type(struct buf *sql, const struct schema *s, size_t field)
{
	const struct field *f = &s->fields[field];

	if (f->varchar > 0)
		buf_addf(sql, "VARCHAR(%u)", f->varchar);
	else
		buf_add(sql,
			xtk_type_has_length(f->type) ? "MEDIUMTEXT" : column_types[f->type].sql);
}

static bool is_not_null(const struct schema *s, size_t field)
{
	const struct field *f = &s->fields[field];

	return (int)field == s->pk || f->not_null || xtk_type_is_number(f->type);
}

/* Returns the SQL expression for GetDate() and NewUuid(), or NULL. Replication sets these values
 * in new rows itself. The expression is for rows that exist when a column is added (R5.12a):
 * each row gets its own UUID. */
static const char *default_expression(const struct field *f)
{
	if (f->default_kind == DEFAULT_NEWUUID)
		return "(UUID())";
	if (f->default_kind != DEFAULT_GETDATE)
		return NULL;
	switch (f->type) {
	case XTK_DATE:
		return "(CURRENT_DATE)";
	case XTK_DATETIME:
	case XTK_DATETIMETZ:
	case XTK_DATETIMENOTZ:
		return "CURRENT_TIMESTAMP(3)";
	default:
		return NULL;
	}
}

/* R5.11, R5.12, R5.12a: the default for rows that do not name the column. */
static void add_default(struct buf *sql, const struct schema *s, size_t field)
{
	const struct field *f = &s->fields[field];
	const char *expression = default_expression(f);

	if ((int)field == s->pk)
		return;
	if (f->default_kind == DEFAULT_CONSTANT) {
		buf_add(sql, " DEFAULT ");
		ddl_quote_text(sql, f->default_text);
	} else if (expression != NULL) {
		buf_addf(sql, " DEFAULT %s", expression);
	} else if (is_not_null(s, field)) {
		buf_add(sql, " DEFAULT ");
		ddl_quote_text(sql, column_types[f->type].empty);
	}
}

void ddl_column_type(struct buf *sql, const struct schema *s, size_t field, enum ddl_table table)
{
	add_type(sql, s, field);
	if (table != DDL_ENTITY) {
		buf_add(sql, " NULL");
		return;
	}
	buf_add(sql, is_not_null(s, field) ? " NOT NULL" : " NULL");
	add_default(sql, s, field);
}

/* ---- indexes ---- */

struct index {
	char prefix; /* 'k' for a key, 'i' for a dbindex */
	const char *name;
	const size_t *fields;
	size_t count;
};

/* Returns how many characters of FIELD fit into BYTES of an index; 0: the whole column. */
static size_t prefix_length(const struct schema *s, size_t field, size_t bytes)
{
	const struct field *f = &s->fields[field];
	size_t most = bytes / CHARACTER_BYTES;

	if (f->varchar > 0)
		return f->varchar <= most ? 0 : most;
	if (xtk_type_is_text(f->type) || f->type == XTK_BLOB)
		return most < TEXT_PREFIX ? most : TEXT_PREFIX;
	return 0;
}

static size_t index_bytes(const struct schema *s, const struct index *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->count; i++) {
		unsigned characters = s->fields[x->fields[i]].varchar;

		if (characters > 0)
			n += (size_t)characters * CHARACTER_BYTES;
		else
			n += (size_t)TEXT_PREFIX * CHARACTER_BYTES; /* numbers need at most 8 */
	}
	return n;
}

/* MOST is the limit of bytes per column in an index. */
static void add_index_columns(struct buf *sql, const struct schema *s, const struct index *x,
			      size_t most)
{
	size_t share = index_bytes(s, x) <= KEY_BYTES ? KEY_BYTES : KEY_BYTES / x->count;

	share = share < most ? share : most;
	for (size_t i = 0; i < x->count; i++) {
		size_t prefix = prefix_length(s, x->fields[i], share);

		buf_add(sql, i == 0 ? "(" : ", ");
		db_quote_name(sql, s->fields[x->fields[i]].column);
		if (prefix > 0)
			buf_addf(sql, "(%zu)", prefix);
	}
	buf_add_char(sql, ')');
}

/* True if the primary key can be declared: it must be indexed with its whole length. */
static bool has_primary_key(const struct schema *s)
{
	return s->pk >= 0 && prefix_length(s, (size_t)s->pk, KEY_BYTES) == 0;
}

/* True if index X is not needed: it has no fields, it equals the primary key, or it repeats an
 * index of ALL. */
static bool is_needless(const struct schema *s, const struct index *all, size_t n,
			const struct index *x)
{
	if (x->count == 0 || (has_primary_key(s) && x->count == 1 && (int)x->fields[0] == s->pk))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (all[i].count == x->count &&
		    memcmp(all[i].fields, x->fields, x->count * sizeof(*x->fields)) == 0)
			return true;
	}
	return false;
}

/* Lists the indexes of the table in ALL, which has MOST_INDEXES elements, and returns their
 * number. Keys with noDbIndex (R5.2) have no index. */
static size_t list_indexes(const struct schema *s, struct index *all)
{
	size_t n = 0;

	for (size_t i = 0; i < s->key_count && n < MOST_INDEXES; i++) {
		const struct key *k = &s->keys[i];
		struct index x = {'k', k->name, k->fields, k->field_count};

		if (!k->no_db_index && !is_needless(s, all, n, &x))
			all[n++] = x;
	}
	for (size_t i = 0; i < s->index_count && n < MOST_INDEXES; i++) {
		const struct dbindex *d = &s->indexes[i];
		struct index x = {'i', d->name, d->fields, d->field_count};

		if (!is_needless(s, all, n, &x))
			all[n++] = x;
	}
	return n;
}

/* Writes k_ or i_ and the name in the source. OUT has NAME_BYTES bytes. */
static void plain_name(char *out, const struct index *x)
{
	snprintf(out, NAME_BYTES, "%c_%.*s", x->prefix, NAME_LENGTH - 2, x->name);
}

/* Adds a number to a name that exists already, after a character that no name in a source can
 * contain: k_code, k_code~2. MariaDB compares index names without case. */
static void index_name(char *out, const struct index *all, size_t n)
{
	char other[NAME_BYTES];
	unsigned same = 1;

	plain_name(out, &all[n]);
	for (size_t i = 0; i < n; i++) {
		plain_name(other, &all[i]);
		same += strcasecmp(other, out) == 0;
	}
	if (same > 1)
		snprintf(out + strlen(out), NAME_BYTES - NAME_LENGTH, "~%u", same);
}

static size_t text_bytes(const struct schema *s, size_t field)
{
	const struct field *f = &s->fields[field];

	if (!xtk_type_is_text(f->type) && f->type != XTK_BLOB)
		return 0;
	return f->varchar > 0 ? f->varchar * (size_t)CHARACTER_BYTES : PAGE_BYTES;
}

/* When a row changes, InnoDB stores its old values in one page of the undo log: the values in
 * the row's own page, and the indexed prefix of each indexed text outside of it. Returns how
 * many bytes of each text may be indexed. */
static size_t undo_share(const struct schema *s, const struct index *all, size_t n)
{
	bool *indexed = xcalloc(s->field_count + 1, sizeof(*indexed));
	size_t count = 0, whole = 0, others = 0, room;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < all[i].count; j++)
			indexed[all[i].fields[j]] = true;
	}
	for (size_t i = 0; i < s->field_count; i++) {
		size_t bytes = text_bytes(s, i);

		if (indexed[i] && bytes > 0) {
			count++;
			whole += bytes < KEY_BYTES ? bytes : KEY_BYTES;
		} else {
			others += bytes;
		}
	}
	free(indexed);
	room =
	    UNDO_BYTES - s->field_count * UNDO_FIELD - (others < PAGE_BYTES ? others : PAGE_BYTES);
	return count == 0 || whole <= room ? KEY_BYTES : room / count;
}

/* Writes each index after SEPARATOR. R10.4: none is unique. */
static void add_indexes(struct buf *sql, const struct schema *s, const char *separator)
{
	struct index all[MOST_INDEXES];
	char name[NAME_BYTES];
	size_t n = list_indexes(s, all);
	size_t most = undo_share(s, all, n);

	for (size_t i = 0; i < n; i++) {
		index_name(name, all, i);
		buf_add(sql, separator);
		db_quote_name(sql, name);
		buf_add_char(sql, ' ');
		add_index_columns(sql, s, &all[i], most);
	}
}

/* ---- create ---- */

static const char *table_name(const struct schema *s, enum ddl_table table)
{
	switch (table) {
	case DDL_LOG:
		return s->log_table;
	case DDL_REJECT:
		return s->reject_table;
	default:
		return s->table;
	}
}

static const char log_columns[] = "_operation TINYINT NOT NULL,\n"
				  " _key VARCHAR(1000) NOT NULL,\n"
				  " _fields MEDIUMTEXT NOT NULL,\n"
				  " _links MEDIUMTEXT NULL,\n"
				  " _at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),\n"
				  " _operator VARCHAR(64) NOT NULL,\n"
				  " _address VARCHAR(45) NOT NULL DEFAULT ''";

void ddl_create(struct buf *sql, const struct schema *s, enum ddl_table table)
{
	const char *separator = "";

	buf_add(sql, "CREATE TABLE IF NOT EXISTS ");
	db_quote_name(sql, table_name(s, table));
	buf_add(sql, " (\n ");
	if (table != DDL_ENTITY) {
		buf_addf(sql, "_seq BIGINT UNSIGNED NOT NULL%s PRIMARY KEY,\n %s",
			 table == DDL_LOG ? " AUTO_INCREMENT" : "", log_columns);
		separator = ",\n ";
	}
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(sql, separator);
		separator = ",\n ";
		db_quote_name(sql, s->fields[i].column);
		buf_add_char(sql, ' ');
		ddl_column_type(sql, s, i, table);
	}
	if (table == DDL_ENTITY) {
		if (has_primary_key(s)) {
			buf_add(sql, ",\n PRIMARY KEY (");
			db_quote_name(sql, s->fields[s->pk].column);
			buf_add_char(sql, ')');
		}
		add_indexes(sql, s, ",\n KEY ");
	}
	buf_add(sql, "\n) " TABLE_OPTIONS);
}

/* NOCACHE: each number of the sequence is a block of numbers for a worker (R7.11). The server
 * would lose cached blocks in a crash. */
void ddl_sequence(struct buf *sql, const struct schema *s, unsigned long long first)
{
	buf_add(sql, "CREATE SEQUENCE IF NOT EXISTS ");
	db_quote_name(sql, s->sequence);
	buf_addf(sql, " START WITH %llu INCREMENT BY %d NOCACHE", first, DDL_SEQUENCE_BLOCK);
}

unsigned long long ddl_last_number(const struct schema *s)
{
	return s->fields[s->pk].type == XTK_INT64 ? INT64_MAX : INT32_MAX;
}

/* ---- alter ---- */

enum verdict { VERDICT_SAME, VERDICT_WIDEN, VERDICT_REFUSE };

/* Returns the rank of integer type TYPE by size, 0 if it is not an integer type. */
static int integer_rank(const char *type)
{
	static const char *const ranks[] = {"tinyint(1)", "tinyint(4)", "smallint(6)", "int(11)",
					    "bigint(20)"};

	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		if (strcmp(type, ranks[i]) == 0)
			return (int)i + 1;
	}
	return 0;
}

static unsigned varchar_length(const char *type)
{
	unsigned n = 0;

	return sscanf(type, "varchar(%u)", &n) == 1 ? n : 0;
}

static enum verdict judge(const char *there, const char *wanted)
{
	int rank_there = integer_rank(there), rank_wanted = integer_rank(wanted);
	unsigned length_there = varchar_length(there), length_wanted = varchar_length(wanted);

	if (strcmp(there, wanted) == 0)
		return VERDICT_SAME;
	if (rank_there > 0 && rank_wanted > 0)
		return rank_there < rank_wanted ? VERDICT_WIDEN : VERDICT_REFUSE;
	if (length_there == ROW_MOVABLE && length_wanted > 0 && length_wanted < ROW_MOVABLE)
		return VERDICT_SAME; /* the table had many short strings before */
	if (length_there > 0 && length_wanted > 0)
		return length_there < length_wanted ? VERDICT_WIDEN : VERDICT_REFUSE;
	if (length_there > 0 && strcmp(wanted, "mediumtext") == 0)
		return VERDICT_WIDEN;
	/* The column can hold every value of the shorter string: the string was long before, or
	 * the row was. */
	if (length_wanted > 0 && strcmp(there, "mediumtext") == 0)
		return VERDICT_SAME;
	return VERDICT_REFUSE;
}

static void shown_type(struct buf *out, const struct schema *s, size_t field)
{
	const struct field *f = &s->fields[field];

	if (f->varchar > 0)
		buf_addf(out, "varchar(%u)", f->varchar);
	else
		buf_add(out,
			xtk_type_has_length(f->type) ? "mediumtext" : column_types[f->type].shown);
}

static const struct ddl_column *find_column(const struct ddl_column *columns, size_t count,
					    const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(columns[i].name, name) == 0)
			return &columns[i];
	}
	return NULL;
}

static void add_clause(struct buf *sql, const struct schema *s, size_t field, enum ddl_table table,
		       const char *verb)
{
	if (sql->length == 0) {
		buf_add(sql, "ALTER TABLE ");
		db_quote_name(sql, table_name(s, table));
		buf_add(sql, "\n ");
	} else {
		buf_add(sql, ",\n ");
	}
	buf_add(sql, verb);
	db_quote_name(sql, s->fields[field].column);
	buf_add_char(sql, ' ');
	ddl_column_type(sql, s, field, table);
}

static int alter_missing(struct buf *sql, const struct schema *s, size_t field,
			 enum ddl_table table, struct buf *errors)
{
	if (table == DDL_ENTITY && (int)field == s->pk) {
		buf_addf(errors, "attribute '%s': a primary key cannot be added to table %s\n",
			 s->fields[field].name, s->table);
		return -1;
	}
	add_clause(sql, s, field, table, "ADD COLUMN IF NOT EXISTS ");
	return 0;
}

static int alter_present(struct buf *sql, const struct schema *s, size_t field,
			 enum ddl_table table, const struct ddl_column *there, struct buf *errors)
{
	const char *name = s->fields[field].name;
	bool not_null = table == DDL_ENTITY && is_not_null(s, field);
	struct buf wanted = BUF_INIT;
	enum verdict v;
	int rc = 0;

	shown_type(&wanted, s, field);
	v = judge(there->type, buf_text(&wanted));
	if (v == VERDICT_REFUSE) {
		buf_addf(errors,
			 "attribute '%s': column %s of table %s is %s and cannot become %s\n", name,
			 there->name, table_name(s, table), there->type, buf_text(&wanted));
		rc = -1;
	} else if (not_null && there->nullable) {
		buf_addf(errors, "attribute '%s': column %s of table %s may hold NULL already\n",
			 name, there->name, table_name(s, table));
		rc = -1;
	} else if (v == VERDICT_WIDEN || not_null == there->nullable) {
		add_clause(sql, s, field, table, "MODIFY COLUMN ");
	}
	buf_free(&wanted);
	return rc;
}

int ddl_alter(struct buf *sql, const struct schema *s, enum ddl_table table,
	      const struct ddl_column *columns, size_t count, struct buf *errors)
{
	struct buf clauses = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; i < s->field_count; i++) {
		const struct ddl_column *there = find_column(columns, count, s->fields[i].column);
		int one = there == NULL ? alter_missing(&clauses, s, i, table, errors)
					: alter_present(&clauses, s, i, table, there, errors);

		if (one < 0)
			rc = -1;
	}
	if (rc == 0)
		buf_add(sql, buf_text(&clauses));
	buf_free(&clauses);
	return rc;
}

void ddl_add_indexes(struct buf *sql, const struct schema *s)
{
	struct buf list = BUF_INIT;

	add_indexes(&list, s, ",\n ADD INDEX IF NOT EXISTS ");
	if (list.length > 0) {
		buf_add(sql, "ALTER TABLE ");
		db_quote_name(sql, s->table);
		buf_add(sql, buf_text(&list) + 1); /* skips the first comma */
	}
	buf_free(&list);
}
