/* SPDX-License-Identifier: MIT */
/* Reads and judges the actual properties of a table; see mariadb_table.h. */
#include "config.h"

#include "cloud/mariadb_table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "cloud/engines.h"
#include "schema/ddl.h"

#define CHARACTER_BYTES 4 /* utf8mb4 */

static const char our_charset[] = "utf8mb4";
static const char our_collation[] = "utf8mb4_nopad_bin";
static const char applied_table[] = "campaign_applied";

static const char sql_columns[] =
    "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IFNULL(CHARACTER_MAXIMUM_LENGTH, 0),"
    " IFNULL(CHARACTER_OCTET_LENGTH, 0), IFNULL(DATETIME_PRECISION, 0), CHARACTER_SET_NAME,"
    " COLLATION_NAME, IS_NULLABLE = 'YES', EXTRA,"
    " GENERATION_EXPRESSION IS NOT NULL AND GENERATION_EXPRESSION <> ''"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";
static const char sql_indexes[] =
    "SELECT INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART IS NOT NULL,"
    " INDEX_TYPE NOT IN ('FULLTEXT', 'SPATIAL', 'RTREE', 'HASH') AND IGNORED = 'NO'"
    " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?"
    " ORDER BY INDEX_NAME, SEQ_IN_INDEX";

enum kind {
	KIND_INTEGER,
	KIND_DECIMAL,
	KIND_FLOAT,
	KIND_TEXT,
	KIND_BYTES,
	KIND_DATE,
	KIND_DATETIME,
	KIND_TIME,
	KIND_OTHER,
};

enum match {
	MATCH_PLAIN,
	MATCH_COLLATED, /* by the column's own collation, which uses its index, and by the bytes */
	MATCH_TEXT,	/* as text; no index is used */
};

struct column {
	bool there, generated, nullable;
	enum kind kind;
	char *data_type, *type;
	char *charset, *collation; /* NULL if the column has none */
	size_t characters, bytes;  /* maximum length of text */
	int64_t precision;	   /* of a time: digits of the fraction of a second */
	bool auto_increment, on_update;
	enum table_compare compare;
	enum match match;
};

struct index {
	bool unique, prefixed; /* prefixed: the index contains only a prefix of its first column */
	bool usable;	       /* for "=" on its first column */
	size_t columns;
	int first; /* field of the first column, -1 if the schema does not know the column */
};

struct mariadb_table {
	const struct schema *schema;
	struct column *columns; /* one per field */
	struct index *indexes;
	size_t index_count;
	bool has_primary;
	bool pk_unique;
	char *problem;
};

static enum kind kind_of(const char *data_type)
{
	static const struct {
		const char *name;
		enum kind kind;
	} kinds[] = {
	    {"tinyint", KIND_INTEGER},	 {"smallint", KIND_INTEGER},   {"mediumint", KIND_INTEGER},
	    {"int", KIND_INTEGER},	 {"bigint", KIND_INTEGER},     {"decimal", KIND_DECIMAL},
	    {"float", KIND_FLOAT},	 {"double", KIND_FLOAT},       {"char", KIND_TEXT},
	    {"varchar", KIND_TEXT},	 {"tinytext", KIND_TEXT},      {"text", KIND_TEXT},
	    {"mediumtext", KIND_TEXT},	 {"longtext", KIND_TEXT},      {"binary", KIND_BYTES},
	    {"varbinary", KIND_BYTES},	 {"tinyblob", KIND_BYTES},     {"blob", KIND_BYTES},
	    {"mediumblob", KIND_BYTES},	 {"longblob", KIND_BYTES},     {"date", KIND_DATE},
	    {"datetime", KIND_DATETIME}, {"timestamp", KIND_DATETIME}, {"time", KIND_TIME},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcasecmp(kinds[i].name, data_type) == 0)
			return kinds[i].kind;
	}
	return KIND_OTHER;
}

static enum kind kind_of_field(const struct field *f)
{
	switch (f->type) {
	case XTK_DOUBLE:
	case XTK_FLOAT:
	case XTK_PERCENT:
		return KIND_FLOAT;
	case XTK_DATE:
		return KIND_DATE;
	case XTK_DATETIME:
	case XTK_DATETIMETZ:
	case XTK_DATETIMENOTZ:
		return KIND_DATETIME;
	case XTK_TIME:
		return KIND_TIME;
	case XTK_BLOB:
		return KIND_BYTES;
	default:
		return xtk_type_is_text(f->type) ? KIND_TEXT : KIND_INTEGER;
	}
}

/* True if the column stores every text of the field exactly or refuses it.  A VARCHAR that is too
 * short silently cuts excess trailing blanks, and a CHAR silently cuts all trailing blanks. */
static bool holds_text(const struct field *f, const struct column *c)
{
	size_t characters = f->type == XTK_UUID ? XTK_UUID_BYTES : f->length;

	if (c->charset == NULL || strcmp(c->charset, our_charset) != 0)
		return false;
	if (!xtk_type_has_length(f->type))
		return strcmp(c->data_type, "mediumtext") == 0 ||
		       strcmp(c->data_type, "longtext") == 0;
	if (strcmp(c->data_type, "varchar") == 0)
		return c->characters >= characters;
	return strcmp(c->data_type, "char") != 0 && c->bytes >= characters * CHARACTER_BYTES;
}

static enum table_compare compare_integer(const struct column *c)
{
	switch (c->kind) {
	case KIND_INTEGER:
	case KIND_DECIMAL:
		return c->auto_increment ? COMPARE_VALUE : COMPARE_NOTHING;
	case KIND_FLOAT:
		return COMPARE_DECIMAL;
	default:
		return COMPARE_TEXT;
	}
}

static enum table_compare compare_double(const struct column *c)
{
	if (strcmp(c->type, "double") == 0 && !c->auto_increment)
		return COMPARE_NOTHING;
	return c->kind <= KIND_FLOAT ? COMPARE_VALUE : COMPARE_TEXT;
}

static enum table_compare compare_time(enum kind field, const struct column *c)
{
	bool timestamp = strcmp(c->data_type, "timestamp") == 0;

	if (field == KIND_TIME)
		return c->kind == KIND_TIME ? COMPARE_NOTHING : COMPARE_TEXT;
	if (c->kind != KIND_DATE && c->kind != KIND_DATETIME)
		return COMPARE_TEXT;
	if (timestamp || (field == KIND_DATETIME && (c->kind == KIND_DATE || c->precision < 3)))
		return COMPARE_VALUE;
	return COMPARE_NOTHING;
}

/* In a strict session the server refuses numbers and times out of range, text that is too long, and
 * characters that the character set lacks.  But it rounds numbers and times, cuts trailing blanks,
 * and stores the ENUM member that compares equal: such columns need a comparison. */
static enum table_compare compare_of(const struct field *f, const struct column *c)
{
	enum kind kind = kind_of_field(f);

	switch (kind) {
	case KIND_INTEGER:
		return compare_integer(c);
	case KIND_FLOAT:
		return compare_double(c);
	case KIND_TEXT:
		if (c->kind == KIND_BYTES)
			return COMPARE_BYTES;
		return c->kind == KIND_TEXT && holds_text(f, c) ? COMPARE_NOTHING : COMPARE_TEXT;
	case KIND_BYTES:
		return strcmp(c->data_type, "longblob") == 0 ? COMPARE_NOTHING : COMPARE_BYTES;
	default:
		return compare_time(kind, c);
	}
}

/* A text must not match a column of numbers by its leading digits, and two texts must not match
 * only because the column's collation considers them equal. */
static enum match match_of(const struct field *f, const struct column *c)
{
	enum kind kind = kind_of_field(f);
	bool ours = c->kind == KIND_TEXT && strcmp(c->charset, our_charset) == 0;

	if (kind == KIND_TEXT && ours && strcmp(c->collation, our_collation) == 0)
		return MATCH_PLAIN;
	if (ours)
		return MATCH_COLLATED;
	if (c->kind == KIND_BYTES)
		return kind == KIND_TEXT || kind == KIND_BYTES ? MATCH_PLAIN : MATCH_TEXT;
	if (kind == KIND_INTEGER)
		return c->kind <= KIND_DECIMAL ? MATCH_PLAIN : MATCH_TEXT;
	if (kind == KIND_FLOAT)
		return c->kind <= KIND_FLOAT ? MATCH_PLAIN : MATCH_TEXT;
	if (kind == KIND_DATE || kind == KIND_DATETIME)
		return c->kind == KIND_DATE || c->kind == KIND_DATETIME ? MATCH_PLAIN : MATCH_TEXT;
	return kind == KIND_TIME && c->kind == KIND_TIME ? MATCH_PLAIN : MATCH_TEXT;
}

/* --- reading --- */

static char *copy_text(const struct db_rows *row, size_t column)
{
	const char *text = db_rows_text(row, column);

	return text != NULL ? xstrdup(text) : NULL;
}

static void take_column(struct mariadb_table *t, const struct db_rows *row)
{
	/* -1: the owner's column, which is ignored. */
	int field = schema_field_by_column(t->schema, db_rows_text(row, 0));
	const char *extra = db_rows_text(row, 9);
	struct column *c;

	if (field < 0)
		return;
	c = &t->columns[field];
	c->there = true;
	c->data_type = copy_text(row, 1);
	c->type = copy_text(row, 2);
	c->kind = kind_of(c->data_type);
	c->characters = (size_t)db_rows_int(row, 3);
	c->bytes = (size_t)db_rows_int(row, 4);
	c->precision = db_rows_int(row, 5);
	c->charset = copy_text(row, 6);
	c->collation = copy_text(row, 7);
	c->nullable = db_rows_int(row, 8) != 0;
	c->auto_increment = extra != NULL && strstr(extra, "auto_increment") != NULL;
	c->on_update = extra != NULL && strstr(extra, "on update") != NULL;
	c->generated = db_rows_int(row, 10) != 0;
	c->compare = compare_of(&t->schema->fields[field], c);
	c->match = match_of(&t->schema->fields[field], c);
}

static void take_index(struct mariadb_table *t, const struct db_rows *row)
{
	const char *column = db_rows_text(row, 3); /* NULL: an expression */
	struct index *x;

	if (db_rows_int(row, 2) > 1) {
		t->indexes[t->index_count - 1].columns++;
		return;
	}
	x = &t->indexes[t->index_count++];
	x->unique = db_rows_int(row, 1) == 0;
	x->columns = 1;
	x->first = column != NULL ? schema_field_by_column(t->schema, column) : -1;
	x->prefixed = db_rows_int(row, 4) != 0;
	x->usable = db_rows_int(row, 5) != 0;
	t->has_primary |= strcmp(db_rows_text(row, 0), "PRIMARY") == 0;
}

static enum outcome read_columns(struct mariadb_table *t, struct db *db, bool *found)
{
	struct db_value name = db_text(t->schema->table);
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(db, sql_columns, &name, 1, &rows, NULL);
	if (rc == OUTCOME_OK)
		*found = db_rows_count(rows) > 0;
	while (rc == OUTCOME_OK && db_rows_next(rows))
		take_column(t, rows);
	db_rows_free(&rows);
	return rc;
}

static enum outcome read_indexes(struct mariadb_table *t, struct db *db)
{
	struct db_value name = db_text(t->schema->table);
	struct db_rows *rows = NULL;
	enum outcome rc;

	rc = db_run(db, sql_indexes, &name, 1, &rows, NULL);
	if (rc == OUTCOME_OK)
		t->indexes = xcalloc(db_rows_count(rows) + 1, sizeof(*t->indexes));
	while (rc == OUTCOME_OK && db_rows_next(rows))
		take_index(t, rows);
	db_rows_free(&rows);
	return rc;
}

/* Returns the first problem of the table's columns, or NULL. */
static char *column_problem(const struct mariadb_table *t)
{
	const struct schema *s = t->schema;

	for (size_t i = 0; i < s->field_count; i++) {
		const struct column *c = &t->columns[i];

		if (!c->there)
			return xasprintf("table %s has no column %s: deploy the schema again",
					 s->table, s->fields[i].column);
		if (c->generated)
			return xasprintf("column %s of table %s is generated and takes no values: "
					 "make it a plain column again",
					 s->fields[i].column, s->table);
	}
	return NULL;
}

static bool has_unique_pk(const struct mariadb_table *t)
{
	int pk = t->schema->pk;

	if (pk < 0 || t->columns[pk].nullable || t->columns[pk].auto_increment)
		return false;
	for (size_t i = 0; i < t->index_count; i++) {
		const struct index *x = &t->indexes[i];

		if (x->unique && x->columns == 1 && !x->prefixed && x->first == pk)
			return true;
	}
	return false;
}

static enum outcome judge(struct mariadb_table *t, struct db *db, bool found)
{
	const char *names[] = {t->schema->table, applied_table};
	struct buf reason = BUF_INIT;
	enum outcome rc;

	if (!found) {
		t->problem = xasprintf("there is no table %s: deploy the schema", t->schema->table);
		return OUTCOME_OK;
	}
	rc = engines_check(db, names, sizeof(names) / sizeof(names[0]), &reason);
	if (rc == OUTCOME_INVALID)
		t->problem = xstrdup(buf_text(&reason));
	buf_free(&reason);
	if (t->problem == NULL)
		t->problem = column_problem(t);
	return rc == OUTCOME_INVALID ? OUTCOME_OK : rc;
}

enum outcome mariadb_table_read(struct db *db, const struct schema *s, struct mariadb_table **out)
{
	struct mariadb_table *t = xcalloc(1, sizeof(*t));
	bool found = false;
	enum outcome rc;

	t->schema = s;
	t->columns = xcalloc(s->field_count + 1, sizeof(*t->columns));
	if ((rc = read_columns(t, db, &found)) == OUTCOME_OK)
		rc = read_indexes(t, db);
	if (rc == OUTCOME_OK)
		rc = judge(t, db, found);
	t->pk_unique = has_unique_pk(t);
	if (rc == OUTCOME_OK)
		*out = t;
	else
		mariadb_table_free(&t);
	return rc;
}

void mariadb_table_free(struct mariadb_table **table)
{
	struct mariadb_table *t = *table;

	if (t == NULL)
		return;
	for (size_t i = 0; i < t->schema->field_count; i++) {
		free(t->columns[i].data_type);
		free(t->columns[i].type);
		free(t->columns[i].charset);
		free(t->columns[i].collation);
	}
	free(t->columns);
	free(t->indexes);
	free(t->problem);
	free(t);
	*table = NULL;
}

/* --- queries --- */

const struct schema *mariadb_table_schema(const struct mariadb_table *table)
{
	return table->schema;
}

const char *mariadb_table_problem(const struct mariadb_table *table)
{
	return table->problem;
}

bool mariadb_table_pk_unique(const struct mariadb_table *table)
{
	return table->pk_unique;
}

static bool lists(const size_t *key, size_t count, int field)
{
	for (size_t i = 0; i < count; i++) {
		if ((int)key[i] == field)
			return true;
	}
	return false;
}

bool mariadb_table_serves(const struct mariadb_table *table, const size_t *key, size_t count)
{
	for (size_t i = 0; i < table->index_count; i++) {
		const struct index *x = &table->indexes[i];

		if (x->usable && lists(key, count, x->first) &&
		    table->columns[x->first].match != MATCH_TEXT)
			return true;
	}
	return false;
}

static bool declares_index(const struct schema *s, const size_t *key, size_t count)
{
	for (size_t i = 0; i < s->key_count; i++) {
		if (!s->keys[i].no_db_index && lists(key, count, (int)s->keys[i].fields[0]))
			return true;
	}
	for (size_t i = 0; i < s->index_count; i++) {
		if (lists(key, count, (int)s->indexes[i].fields[0]))
			return true;
	}
	return false;
}

/* Adds the statement that restores the column's deployed type, if its current type prevents the use
 * of any index.  Returns false if it does not. */
static bool add_modify(struct buf *sql, const struct mariadb_table *t, size_t field)
{
	if (t->columns[field].match != MATCH_TEXT)
		return false;
	buf_add(sql, "ALTER TABLE ");
	db_quote_name(sql, t->schema->table);
	buf_add(sql, " MODIFY ");
	db_quote_name(sql, t->schema->fields[field].column);
	buf_add_char(sql, ' ');
	ddl_column_type(sql, t->schema, field, DDL_ENTITY);
	return true;
}

void mariadb_table_add_remedy(struct buf *sql, const struct mariadb_table *table, const size_t *key,
			      size_t count)
{
	const struct schema *s = table->schema;
	bool has_pk = s->pk >= 0 && lists(key, count, s->pk);

	if (!has_pk && !declares_index(s, key, count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (add_modify(sql, table, key[i]))
			return;
	}
	if (!has_pk) {
		ddl_add_indexes(sql, s);
		return;
	}
	buf_add(sql, "ALTER TABLE ");
	db_quote_name(sql, s->table);
	buf_addf(sql, " ADD %s KEY (", table->has_primary ? "UNIQUE" : "PRIMARY");
	db_quote_name(sql, s->fields[s->pk].column);
	buf_add_char(sql, ')');
}

enum table_compare mariadb_table_compare(const struct mariadb_table *table, size_t field)
{
	return table->columns[field].compare;
}

/* The server may be configured to store the current time for NULL in a TIMESTAMP column that is NOT
 * NULL. */
bool mariadb_table_fills_null(const struct mariadb_table *table, size_t field)
{
	const struct column *c = &table->columns[field];

	return c->auto_increment || (!c->nullable && strcmp(c->data_type, "timestamp") == 0 &&
				     c->compare == COMPARE_VALUE);
}

bool mariadb_table_fills_zero(const struct mariadb_table *table, size_t field)
{
	return table->columns[field].auto_increment;
}

bool mariadb_table_changes_alone(const struct mariadb_table *table, size_t field)
{
	return table->columns[field].on_update;
}

const char *mariadb_table_collate(const struct mariadb_table *table, size_t field)
{
	const struct column *c = &table->columns[field];
	bool differs = c->collation != NULL && strcmp(c->collation, our_collation) != 0;

	return differs && xtk_type_is_text(table->schema->fields[field].type)
		   ? " COLLATE utf8mb4_nopad_bin"
		   : "";
}

void mariadb_table_add_type(struct buf *out, const struct mariadb_table *table, size_t field)
{
	const struct column *c = &table->columns[field];

	buf_add(out, c->type);
	if (c->charset != NULL && strcmp(c->charset, our_charset) != 0)
		buf_addf(out, " CHARACTER SET %s", c->charset);
	if (c->auto_increment)
		buf_add(out, " AUTO_INCREMENT");
	else if (mariadb_table_fills_null(table, field))
		buf_add(out, " NOT NULL");
}

static void add_column(struct buf *sql, const struct mariadb_table *t, size_t field)
{
	buf_add(sql, "e.");
	db_quote_name(sql, t->schema->fields[field].column);
}

static void add_as_text(struct buf *sql, const char *value, bool text)
{
	buf_addf(sql, "%s%s%s", text ? "" : "CONVERT(", value, text ? "" : " USING utf8mb4)");
}

size_t mariadb_table_add_equal(struct buf *sql, const struct mariadb_table *table, size_t field,
			       const char *op, const char *rhs, bool text)
{
	const struct column *c = &table->columns[field];
	enum match match = c->there ? c->match : MATCH_PLAIN;

	text |= xtk_type_is_text(table->schema->fields[field].type);
	if (match != MATCH_TEXT) {
		add_column(sql, table, field);
		buf_addf(sql, " %s ", op);
		if (match == MATCH_PLAIN) {
			buf_add(sql, rhs);
			return 1;
		}
		add_as_text(sql, rhs, text);
		buf_addf(sql, " COLLATE %s AND ", c->collation);
	}
	buf_add(sql, "CONVERT(");
	add_column(sql, table, field);
	buf_addf(sql, " USING utf8mb4) COLLATE %s %s ", our_collation, op);
	add_as_text(sql, rhs, text);
	return match == MATCH_TEXT ? 1 : 2;
}
