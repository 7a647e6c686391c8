/* SPDX-License-Identifier: MIT */
/*
 * A row has two limits, see row.h.
 *
 * MariaDB allows ROW_BYTES per row. A VARCHAR counts with its maximum length, a MEDIUMTEXT or
 * LONGBLOB only with its length field and a pointer. Texts that do not fit become MEDIUMTEXT.
 *
 * InnoDB stores a row in one page, of which it may use PAGE_BYTES if a page has 16 KiB. A text
 * is moved out of the page if its column can hold more than 255 bytes and the value has more
 * than STAYS_BYTES. A moved value uses MOVED_BYTES in the page; a value in the page uses its
 * length and one byte. A shorter VARCHAR is never moved and counts with its maximum length. If
 * the page is full, the longest of these columns are declared with ROW_MOVABLE characters; the
 * cast still limits their values to the field's length. In the entity's table the primary key is
 * never moved.
 */
#include "config.h"

#include "schema/row.h"

#include <stdlib.h>

#include "base/alloc.h"

#define CHARACTER_BYTES 4    /* utf8mb4 */
#define LONG_TEXT	1024 /* characters; a longer text is not a VARCHAR unless it is in a key */
#define LONGEST_KEY	4096

#define ROW_BYTES	65535
#define ROW_OWN		4480 /* the log's own columns */
#define ROW_MEDIUMTEXT	11
#define ROW_LONGBLOB	12
#define ONE_LENGTH_BYTE 255 /* maximum bytes of a VARCHAR whose length takes one byte */

#define PAGE_BYTES  8125
#define PAGE_LOG    300 /* header, transaction and the log's own columns, at full length */
#define PAGE_ENTITY 66	/* the same for the entity's table, with room for our columns */
#define MOVED_BYTES 22	/* bytes of a moved value that stay in the page */
#define STAYS_BYTES 40
#define PRIMARY_KEY 768 /* maximum characters of a primary key */

static bool is_listed(const size_t *fields, size_t count, size_t field)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i] == field)
			return true;
	}
	return false;
}

static bool is_in_key(const struct schema *s, size_t field)
{
	if ((int)field == s->pk)
		return true;
	for (size_t i = 0; i < s->key_count; i++) {
		if (is_listed(s->keys[i].fields, s->keys[i].field_count, field))
			return true;
	}
	for (size_t i = 0; i < s->index_count; i++) {
		if (is_listed(s->indexes[i].fields, s->indexes[i].field_count, field))
			return true;
	}
	return false;
}

static size_t declared_characters(const struct field *f)
{
	if (!xtk_type_has_length(f->type))
		return 0;
	return f->type == XTK_UUID ? XTK_UUID_BYTES : f->length;
}

/* Returns the size of a number or time. */
static size_t fixed_bytes(enum xtk_type type)
{
	switch (type) {
	case XTK_BYTE:
	case XTK_BOOLEAN:
		return 1;
	case XTK_SHORT:
		return 2;
	case XTK_DATE:
	case XTK_TIME:
		return 3;
	case XTK_LONG:
		return 4;
	case XTK_DATETIME:
	case XTK_DATETIMETZ:
	case XTK_DATETIMENOTZ:
		return 7;
	default:
		return 8;
	}
}

static bool has_fixed_bytes(const struct field *f)
{
	return !xtk_type_is_text(f->type) && f->type != XTK_BLOB;
}

static size_t null_bytes(const struct schema *s)
{
	return (s->field_count + 7) / 8 + 1;
}

/* ---- the row ---- */

static size_t varchar_bytes(size_t characters)
{
	size_t bytes = characters * CHARACTER_BYTES;

	return bytes + (bytes > ONE_LENGTH_BYTE ? 2 : 1);
}

static size_t row_bytes(const struct schema *s)
{
	size_t bytes = ROW_OWN + null_bytes(s);

	for (size_t i = 0; i < s->field_count; i++) {
		const struct field *f = &s->fields[i];

		if (f->varchar > 0)
			bytes += varchar_bytes(f->varchar);
		else if (has_fixed_bytes(f))
			bytes += fixed_bytes(f->type);
		else
			bytes += f->type == XTK_BLOB ? ROW_LONGBLOB : ROW_MEDIUMTEXT;
	}
	return bytes;
}

/* Returns the next text to convert in a row that is too long: the longest one, texts in keys
 * last. */
static struct field *first_to_leave(struct schema *s, const bool *in_key)
{
	struct field *found = NULL;
	bool found_in_key = false;

	for (size_t i = 0; i < s->field_count; i++) {
		struct field *f = &s->fields[i];

		if (f->varchar == 0)
			continue;
		if (found == NULL || (found_in_key && !in_key[i]) ||
		    (found_in_key == in_key[i] && f->varchar > found->varchar)) {
			found = f;
			found_in_key = in_key[i];
		}
	}
	return found;
}

static void shorten_row(struct schema *s, const bool *in_key)
{
	size_t bytes = row_bytes(s);
	struct field *f;

	while (bytes > ROW_BYTES && (f = first_to_leave(s, in_key)) != NULL) {
		bytes -= varchar_bytes(f->varchar) - ROW_MEDIUMTEXT;
		f->varchar = 0;
	}
}

/* ---- the page ---- */

/* Returns the bytes in the page of a text that can be moved, at its full length. If it has at
 * most STAYS_BYTES characters, some values may stay in the page. */
static size_t movable_bytes(const struct field *f)
{
	size_t most = declared_characters(f) * CHARACTER_BYTES;

	if (most == 0 || (f->type != XTK_UUID && f->length > STAYS_BYTES))
		return MOVED_BYTES;
	return (most < STAYS_BYTES ? most : STAYS_BYTES) + 1;
}

static size_t page_field(const struct schema *s, size_t field)
{
	const struct field *f = &s->fields[field];

	if (has_fixed_bytes(f))
		return fixed_bytes(f->type);
	if (f->varchar > 0 && f->varchar < ROW_MOVABLE)
		return varchar_bytes(f->varchar);
	return movable_bytes(f);
}

/* Returns the bytes that the entity's table needs for the primary key in addition to page_field. */
static size_t page_key(const struct schema *s)
{
	const struct field *f = s->pk >= 0 ? &s->fields[s->pk] : NULL;
	size_t whole;

	if (f == NULL || f->varchar == 0 || f->varchar > PRIMARY_KEY)
		return 0;
	whole = f->type == XTK_UUID ? XTK_UUID_BYTES + 1 : varchar_bytes(f->varchar);
	return whole - page_field(s, (size_t)s->pk);
}

static size_t page_bytes(const struct schema *s)
{
	size_t entity = PAGE_ENTITY + page_key(s);
	size_t bytes = null_bytes(s) + (entity > PAGE_LOG ? entity : PAGE_LOG);

	for (size_t i = 0; i < s->field_count; i++)
		bytes += page_field(s, i);
	return bytes;
}

/* Returns the longest VARCHAR that is never moved and that would use less if it could be moved. */
static struct field *longest_staying(struct schema *s)
{
	struct field *found = NULL;

	for (size_t i = 0; i < s->field_count; i++) {
		struct field *f = &s->fields[i];

		if ((int)i != s->pk && f->varchar < ROW_MOVABLE && f->varchar > 0 &&
		    varchar_bytes(f->varchar) > movable_bytes(f) &&
		    (found == NULL || f->varchar > found->varchar))
			found = f;
	}
	return found;
}

static void free_page(struct schema *s)
{
	size_t bytes = page_bytes(s);
	struct field *f;

	while (bytes > PAGE_BYTES && (f = longest_staying(s)) != NULL) {
		bytes -= varchar_bytes(f->varchar) - movable_bytes(f);
		f->varchar = ROW_MOVABLE;
	}
}

void row_plan(struct schema *s)
{
	bool *in_key = xcalloc(s->field_count + 1, sizeof(*in_key));

	for (size_t i = 0; i < s->field_count; i++) {
		struct field *f = &s->fields[i];
		size_t n = declared_characters(f);

		in_key[i] = is_in_key(s, i);
		f->varchar = n > LONGEST_KEY || (n > LONG_TEXT && !in_key[i]) ? 0 : (unsigned)n;
	}
	free_page(s); /* first, because it makes rows longer */
	shorten_row(s, in_key);
	free(in_key);
}

/* ---- the check ---- */

/* Returns how many texts may stay in the page before it is full, if all others have their full
 * length. */
static size_t texts_that_may_stay(const struct schema *s)
{
	return (PAGE_BYTES - page_bytes(s)) / (STAYS_BYTES + 1 - MOVED_BYTES);
}

static size_t texts_that_leave(const struct schema *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->field_count; i++)
		n += !has_fixed_bytes(&s->fields[i]) && page_field(s, i) == MOVED_BYTES;
	return n;
}

int row_check(const struct schema *s, const struct schema *deployed, struct buf *errors,
	      struct buf *warnings)
{
	size_t bytes = page_bytes(s);

	if (bytes > PAGE_BYTES && (deployed == NULL || page_bytes(deployed) <= PAGE_BYTES)) {
		buf_addf(errors,
			 "%s: its %zu fields take up to %zu bytes of a row, and a row has %d"
			 " (docs/protocol.md R5.20): remove fields, or move some to a schema"
			 " of their own that links to this one\n",
			 s->id, s->field_count, bytes, PAGE_BYTES);
		return -1;
	}
	if (warnings == NULL)
		return 0;
	if (bytes > PAGE_BYTES)
		buf_addf(warnings,
			 "%s: its %zu fields take up to %zu bytes of a row, and a row has %d: a"
			 " record that does not fit is refused (docs/protocol.md R5.20)\n",
			 s->id, s->field_count, bytes, PAGE_BYTES);
	else if (texts_that_leave(s) > texts_that_may_stay(s))
		buf_addf(warnings,
			 "%s: a record in which more than %zu of the longer texts have 21 to %d"
			 " bytes may not fit into a row and is then refused (docs/protocol.md"
			 " R5.20)\n",
			 s->id, texts_that_may_stay(s), STAYS_BYTES);
	return 0;
}
