/* SPDX-License-Identifier: MIT */
/* Reads rows of the staging log as changes; see log_reader.h. */
#include "config.h"

#include "sync/log_reader.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "cloud/mask.h"
#include "staging/change.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

/* The columns before those of the schema, in the order of change_columns. */
enum { COLUMN_SEQ, COLUMN_OPERATION, COLUMN_KEY, COLUMN_FIELDS, COLUMN_LINKS, COLUMN_AT };
#define OWN_COLUMNS 8

/* A log contains few different key lists and field lists. Each one is parsed once per batch. */
struct parsed {
	const char *text;
	struct fold_key *key; /* NULL: it contains an unknown field */
	unsigned char *named;
	UT_hash_handle hh;
};

struct log_reader {
	const struct schema *schema;
	uint64_t bound;
	size_t rows, bytes; /* limits of a batch */
	size_t limit;	    /* the LIMIT of the next query */
	struct buf select;
	/* State while a batch is read: */
	struct arena *arena;
	struct parsed *keys, *fields;
};

void log_batch_free(struct log_batch *b)
{
	arena_free(&b->arena);
	free(b->changes);
	*b = (struct log_batch){0};
}

enum outcome log_reader_bound(struct db *db, const struct schema *s, uint64_t *bound)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	enum outcome rc;

	buf_add(&sql, "SELECT COALESCE(MAX(_seq), 0) FROM ");
	db_quote_name(&sql, s->log_table);
	rc = db_run(db, buf_text(&sql), NULL, 0, &rows, NULL);
	if (rc == OUTCOME_OK && db_rows_next(rows))
		*bound = strtoull(db_rows_text(rows, 0), NULL, 10);
	db_rows_free(&rows);
	buf_free(&sql);
	return rc;
}

struct log_reader *log_reader_new(const struct schema *s, uint64_t bound, size_t rows, size_t bytes)
{
	struct log_reader *r = xcalloc(1, sizeof(*r));

	r->schema = s;
	r->bound = bound;
	r->rows = r->limit = rows;
	r->bytes = bytes;
	return r;
}

/* Empties the caches. Their entries are in the arena of the batch from which they were parsed. */
static void forget_parsed(struct log_reader *r)
{
	HASH_CLEAR(hh, r->keys);
	HASH_CLEAR(hh, r->fields);
}

void log_reader_free(struct log_reader **r)
{
	if (*r == NULL)
		return;
	buf_free(&(*r)->select);
	free(*r);
	*r = NULL;
}

/* Returns the next item of a list joined by ",". *LIST moves to the item after it, or becomes
 * NULL after the last. */
static const char *next_item(struct arena *arena, const char **list)
{
	size_t length = strcspn(*list, ",");
	const char *item = arena_strndup(arena, *list, length);

	*list = (*list)[length] == ',' ? *list + length + 1 : NULL;
	return item;
}

/* Inserts the field in the order of the xpaths, unless it is there already. */
static void key_insert(struct fold_key *key, const struct schema *s, size_t field)
{
	size_t at = 0;
	int order = -1;

	while (at < key->count &&
	       (order = strcmp(s->fields[key->fields[at]].xpath, s->fields[field].xpath)) < 0)
		at++;
	if (at < key->count && order == 0)
		return;
	memmove(&key->fields[at + 1], &key->fields[at], (key->count - at) * sizeof(*key->fields));
	key->fields[at] = field;
	key->count++;
}

static struct fold_key *parse_key(struct log_reader *r, const char *text)
{
	struct fold_key *key = arena_zalloc(r->arena, sizeof(*key));
	size_t items = 1;

	for (const char *p = text; *p != '\0'; p++)
		items += *p == ',';
	key->fields = arena_alloc(r->arena, (items + 1) * sizeof(*key->fields));
	for (const char *list = *text != '\0' ? text : NULL; list != NULL;) {
		int field = schema_field_by_xpath(r->schema, next_item(r->arena, &list));

		if (field < 0)
			return NULL;
		key_insert(key, r->schema, (size_t)field);
	}
	return key;
}

/* Ignores a name that the schema does not have: the attribute was removed from the schema after
 * the change was staged, so its value has no column. */
static unsigned char *parse_fields(struct log_reader *r, const char *text)
{
	unsigned char *named = arena_zalloc(r->arena, mask_size(r->schema));

	for (const char *list = *text != '\0' ? text : NULL; list != NULL;) {
		int field = schema_field_by_name(r->schema, next_item(r->arena, &list));

		if (field >= 0)
			mask_set(named, (size_t)field);
	}
	return named;
}

static struct parsed *parsed_add(struct log_reader *r, struct parsed **table, const char *text)
{
	struct parsed *p = arena_zalloc(r->arena, sizeof(*p));

	p->text = arena_strdup(r->arena, text);
	HASH_ADD_KEYPTR(hh, *table, p->text, strlen(p->text), p);
	return p;
}

static const struct fold_key *key_of(struct log_reader *r, const char *text)
{
	struct parsed *p;

	HASH_FIND_STR(r->keys, text, p);
	if (p == NULL) {
		p = parsed_add(r, &r->keys, text);
		p->key = parse_key(r, text);
	}
	return p->key;
}

static const unsigned char *named_of(struct log_reader *r, const char *text)
{
	struct parsed *p;

	HASH_FIND_STR(r->fields, text, p);
	if (p == NULL) {
		p = parsed_add(r, &r->fields, text);
		p->named = parse_fields(r, text);
	}
	return p->named;
}

/* Returns the line of _links for the foreign key XPATH; *LENGTH is 0 if there is none. */
static const char *link_line(const char *links, const char *xpath, size_t *length)
{
	size_t n = strlen(xpath);

	for (const char *line = links; line != NULL && *line != '\0';) {
		*length = strcspn(line, "\n");
		if (strncmp(line, xpath, n) == 0 && line[n] == '\t')
			return line;
		line += *length + (line[*length] == '\n');
	}
	*length = 0;
	return "";
}

static void hash_piece(crypto_generichash_state *hash, const char *bytes, size_t length)
{
	crypto_generichash_update(hash, (const unsigned char *)&length, sizeof(length));
	if (length > 0)
		crypto_generichash_update(hash, (const unsigned char *)bytes, length);
}

/*
 * Computes the identity of the record as R10.5 defines it: key list and values as given. For a
 * key field that a link fills in later, the link's look-up is used. So a subscription of a
 * recipient that does not exist yet has the same identity in the next run.
 */
static void identify(const struct log_reader *r, struct fold_change *c)
{
	const struct schema *s = r->schema;
	crypto_generichash_state hash;

	crypto_generichash_init(&hash, NULL, 0, FOLD_IDENTITY_SIZE);
	for (size_t i = 0; c->key != NULL && i < c->key->count; i++) {
		const struct field *f = &s->fields[c->key->fields[i]];
		struct db_value v = c->cells[c->key->fields[i]];
		size_t length = 0;
		const char *line = link_line(c->links, f->xpath, &length);

		if (v.text == NULL && length == 0 && xtk_type_is_number(f->type))
			v = db_text("0");
		hash_piece(&hash, f->xpath, strlen(f->xpath));
		hash_piece(&hash, v.text, v.text != NULL ? v.length : 0);
		hash_piece(&hash, line, length);
	}
	if (c->key == NULL || c->key->count == 0) /* the change is a record of its own */
		hash_piece(&hash, (const char *)&c->seq, sizeof(c->seq));
	crypto_generichash_final(&hash, c->identity, FOLD_IDENTITY_SIZE);
}

static const char *find_problem(const struct log_reader *r, const struct fold_change *c)
{
	bool inserts = c->operation == OPERATION_INSERT || c->operation == OPERATION_UPSERT;

	if (c->key == NULL)
		return "the schema no longer has a field of the reconciliation key";
	if (c->operation < OPERATION_INSERT || c->operation > OPERATION_DELETE)
		return "unknown operation";
	if (c->key->count == 0 && (r->schema->pk >= 0 || !inserts))
		return "no reconciliation key";
	return NULL;
}

/* Copies one row to C. Returns the bytes of memory that it takes. */
static size_t take_row(struct log_reader *r, struct db_rows *rows, struct fold_change *c)
{
	const char *links = db_rows_text(rows, COLUMN_LINKS);
	size_t bytes = sizeof(*c) + r->schema->field_count * sizeof(*c->cells);

	*c = (struct fold_change){0};
	c->seq = strtoull(db_rows_text(rows, COLUMN_SEQ), NULL, 10);
	c->operation = (enum operation)db_rows_int(rows, COLUMN_OPERATION);
	c->key = key_of(r, db_rows_text(rows, COLUMN_KEY));
	c->named = named_of(r, db_rows_text(rows, COLUMN_FIELDS));
	c->links = links != NULL ? arena_strdup(r->arena, links) : NULL;
	c->at = arena_strdup(r->arena, db_rows_text(rows, COLUMN_AT));
	c->cells = arena_alloc(r->arena, (r->schema->field_count + 1) * sizeof(*c->cells));
	for (size_t i = 0; i < r->schema->field_count; i++) {
		struct db_value v = db_rows_value(rows, OWN_COLUMNS + i);

		if (v.text != NULL)
			v.text = arena_strndup(r->arena, v.text, v.length);
		bytes += v.length;
		c->cells[i] = v;
	}
	c->problem = find_problem(r, c);
	identify(r, c);
	return bytes;
}

static void make_room(struct log_batch *b)
{
	if (b->count < b->size)
		return;
	b->size = b->size == 0 ? 1024 : b->size * 2;
	b->changes = xrealloc(b->changes, b->size, sizeof(*b->changes));
}

/* Rows after the byte limit are discarded and read again. Therefore the next query asks for
 * about as many rows as fitted. */
static void adapt_limit(struct log_reader *r, size_t taken, bool full)
{
	if (full)
		r->limit = taken;
	else if (r->limit < r->rows)
		r->limit = r->limit * 2 < r->rows ? r->limit * 2 : r->rows;
}

static enum outcome take_rows(struct log_reader *r, struct db_rows *rows, struct log_batch *b)
{
	size_t bytes = 0, asked = r->limit;

	while (bytes < r->bytes && db_rows_next(rows)) {
		make_room(b);
		bytes += take_row(r, rows, &b->changes[b->count]);
		b->count++;
	}
	if (bytes < r->bytes && db_rows_outcome(rows) != OUTCOME_OK)
		return db_rows_outcome(rows);
	b->end = bytes < r->bytes && b->count < asked;
	adapt_limit(r, b->count, bytes >= r->bytes);
	return OUTCOME_OK;
}

static void select_sql(struct log_reader *r, uint64_t after)
{
	buf_clear(&r->select);
	buf_add(&r->select, "SELECT ");
	change_columns(&r->select, r->schema);
	buf_add(&r->select, " FROM ");
	db_quote_name(&r->select, r->schema->log_table);
	/* These numbers are our own, so they are written into the text: db_stream binds no
	 * parameters. */
	buf_addf(&r->select,
		 " WHERE _seq > %" PRIu64 " AND _seq <= %" PRIu64 " ORDER BY _seq LIMIT %zu", after,
		 r->bound, r->limit);
}

enum outcome log_reader_read(struct log_reader *r, struct db *db, uint64_t after,
			     struct log_batch *b)
{
	struct db_rows *rows = NULL;
	enum outcome rc;

	if (b->arena == NULL)
		b->arena = arena_new();
	arena_reset(b->arena);
	b->count = 0;
	r->arena = b->arena;
	select_sql(r, after);
	rc = db_stream(db, buf_text(&r->select), &rows);
	if (rc == OUTCOME_OK)
		rc = take_rows(r, rows, b);
	db_rows_free(&rows);
	forget_parsed(r);
	b->last = b->count > 0 ? b->changes[b->count - 1].seq : after;
	return rc;
}
