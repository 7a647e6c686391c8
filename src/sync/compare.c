/* SPDX-License-Identifier: MIT */
/* Compares two tables row by row, or one table with its saved ranges; see compare.h. */
#include "config.h"

#include "sync/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sync/interrupt.h"

struct side {
	const struct db_value *row; /* the next row; NULL after the last */
	bool any;		    /* a row was taken; LAST is its key */
	struct buf first, last;	    /* keys of taken rows; FIRST is the range's first */
	uint64_t rows;		    /* rows of the incomplete range */
	struct checksum sum;	    /* checksum of the incomplete range */
};

struct walk {
	const struct compare_options *o;
	struct comparison *c;
	struct side sides[2];
	bool two;	/* there is a second table or a list of saved ranges */
	bool expecting; /* side 1 is a saved range */
	const char *reason;
};

static bool is_live(const struct walk *w, int side)
{
	return w->o->readers[side] != NULL;
}

static struct db_value key_of(const struct walk *w, int side)
{
	return w->sides[side].row[w->o->schema->pk];
}

static int key_order(const struct walk *w, struct db_value a, struct db_value b)
{
	return checksum_key_order(w->o->schema->fields[w->o->schema->pk].type, a, b);
}

static struct db_value kept(const struct buf *key)
{
	return (struct db_value){buf_text(key), key->length};
}

static void keep(struct buf *to, struct db_value key)
{
	buf_clear(to);
	if (key.length > 0)
		buf_add_n(to, key.text, key.length);
}

/* Checks that keys ascend: otherwise the comparison would report existing rows as missing. */
static enum outcome check_order(struct walk *w, int side)
{
	struct side *s = &w->sides[side];
	int order;

	if (w->o->schema->pk < 0 || s->row == NULL || !s->any)
		return OUTCOME_OK;
	order = key_order(w, kept(&s->last), key_of(w, side));
	if (order == 0)
		w->c->doubled++;
	if (order <= 0)
		return OUTCOME_OK;
	w->reason = "the database does not give the rows in the order of their primary key";
	return OUTCOME_INVALID;
}

static enum outcome advance(struct walk *w, int side)
{
	const struct reader_ops *ops = w->o->ops[side];
	struct reader *reader = w->o->readers[side];
	enum outcome rc;

	if ((rc = ops->scan_next(reader, &w->sides[side].row)) != OUTCOME_OK) {
		w->reason = ops->reason(reader);
		return rc;
	}
	return check_order(w, side);
}

/* Adds the current row of SIDE, whose checksum is ROW, to the range. */
static enum outcome take(struct walk *w, int side, const struct checksum *row)
{
	struct side *s = &w->sides[side];

	checksum_add(&s->sum, row);
	if (w->o->schema->pk >= 0) {
		if (s->rows == 0)
			keep(&s->first, key_of(w, side));
		keep(&s->last, key_of(w, side));
	}
	s->rows++;
	s->any = true;
	return advance(w, side);
}

static void sum_of(const struct walk *w, int side, struct checksum *out)
{
	*out = (struct checksum){{0}};
	checksum_add_row(out, w->o->schema, w->o->fields, w->o->field_count, w->sides[side].row);
}

/* ---- ranges ---- */

static char *text_or_null(const struct walk *w, const struct buf *key)
{
	return w->o->schema->pk >= 0 ? xstrdup(buf_text(key)) : NULL;
}

static void list_range(struct walk *w)
{
	const struct side *a = &w->sides[0], *b = &w->sides[1];
	struct range_difference *d;
	bool first_of_b, last_of_b;

	if (w->c->ranges_different++ >= COMPARE_LISTED)
		return;
	d = &w->c->ranges[w->c->ranges_different - 1];
	d->rows[0] = a->rows;
	d->rows[1] = b->rows;
	if (w->o->schema->pk < 0)
		return;
	first_of_b =
	    a->rows == 0 || (b->rows > 0 && key_order(w, kept(&b->first), kept(&a->first)) < 0);
	last_of_b =
	    a->rows == 0 || (b->rows > 0 && key_order(w, kept(&b->last), kept(&a->last)) > 0);
	d->first = text_or_null(w, first_of_b ? &b->first : &a->first);
	d->last = text_or_null(w, last_of_b ? &b->last : &a->last);
}

static void tell_complete(struct walk *w)
{
	const struct side *s = &w->sides[0];
	struct range range = {.rows = s->rows, .checksum = s->sum};

	range.first = text_or_null(w, &s->first);
	range.last = text_or_null(w, &s->last);
	w->o->complete(w->o->context, &range);
	free(range.first);
	free(range.last);
}

static void end_range(struct walk *w)
{
	if (w->sides[0].rows + w->sides[1].rows == 0)
		return;
	if (w->two && (w->sides[0].rows != w->sides[1].rows ||
		       !checksum_is_equal(&w->sides[0].sum, &w->sides[1].sum)))
		list_range(w);
	if (w->o->complete != NULL && w->sides[0].rows > 0)
		tell_complete(w);
	for (int i = 0; i < 2; i++) {
		w->c->rows[i] += w->sides[i].rows;
		checksum_add(&w->c->checksums[i], &w->sides[i].sum);
		w->sides[i].rows = 0;
		w->sides[i].sum = (struct checksum){{0}};
	}
}

/* Takes the next saved range as side 1. After the last one follows an empty range. */
static void expect_next(struct walk *w)
{
	struct range range = {0};

	w->expecting = w->o->next(w->o->context, &range) == 0;
	if (!w->expecting)
		return;
	keep(&w->sides[1].first, db_text(range.first));
	keep(&w->sides[1].last, db_text(range.last));
	w->sides[1].rows = range.rows;
	w->sides[1].sum = range.checksum;
}

/* Ends the saved ranges whose last key is before KEY. */
static void go_to_range_of(struct walk *w, struct db_value key)
{
	while (w->expecting && key_order(w, key, kept(&w->sides[1].last)) > 0) {
		end_range(w);
		expect_next(w);
	}
}

/* ---- rows ---- */

static struct difference *list_difference(struct walk *w, enum difference_kind kind,
					  struct db_value key)
{
	struct difference *d;

	if (w->c->difference_count == COMPARE_LISTED)
		return NULL;
	d = &w->c->differences[w->c->difference_count++];
	d->kind = kind;
	d->key = xstrndup(key.text != NULL ? key.text : "", key.length);
	return d;
}

static enum outcome take_one(struct walk *w, int side)
{
	struct checksum row;

	if (w->o->schema->pk >= 0 && is_live(w, 1)) {
		*(side == 0 ? &w->c->only_first : &w->c->only_second) += 1;
		list_difference(w, side == 0 ? DIFFERENCE_ONLY_FIRST : DIFFERENCE_ONLY_SECOND,
				key_of(w, side));
	}
	sum_of(w, side, &row);
	return take(w, side, &row);
}

/* Appends the names of the fields in which the two rows differ. */
static void add_fields(const struct walk *w, struct buf *out)
{
	const struct schema *s = w->o->schema;

	for (size_t i = 0; i < w->o->field_count; i++) {
		size_t f = w->o->fields[i];

		if (checksum_equal(s->fields[f].type, w->sides[0].row[f], w->sides[1].row[f]))
			continue;
		buf_add(out, out->length > 0 ? "," : "");
		buf_add(out, s->fields[f].name);
	}
}

static enum outcome take_pair(struct walk *w)
{
	struct buf fields = BUF_INIT;
	struct checksum rows[2];
	struct difference *d;
	enum outcome rc;

	sum_of(w, 0, &rows[0]);
	add_fields(w, &fields);
	if (fields.length == 0) {
		rows[1] = rows[0];
	} else {
		sum_of(w, 1, &rows[1]);
		w->c->different++;
		if ((d = list_difference(w, DIFFERENCE_FIELDS, key_of(w, 0))) != NULL)
			d->fields = buf_steal(&fields);
	}
	buf_free(&fields);
	if ((rc = take(w, 0, &rows[0])) == OUTCOME_OK)
		rc = take(w, 1, &rows[1]);
	return rc;
}

static enum outcome take_next(struct walk *w)
{
	bool a = w->sides[0].row != NULL, b = is_live(w, 1) && w->sides[1].row != NULL;
	int order = a ? -1 : 1;

	if (w->o->schema->pk >= 0) {
		if (a && b)
			order = key_order(w, key_of(w, 0), key_of(w, 1));
		go_to_range_of(w, key_of(w, order > 0 ? 1 : 0));
	}
	return order == 0 ? take_pair(w) : take_one(w, order < 0 ? 0 : 1);
}

static bool range_is_full(const struct walk *w)
{
	return w->o->next == NULL && w->o->schema->pk >= 0 && w->sides[0].rows >= w->o->range_rows;
}

static enum outcome take_all(struct walk *w)
{
	enum outcome rc = OUTCOME_OK;

	while (w->sides[0].row != NULL || (is_live(w, 1) && w->sides[1].row != NULL)) {
		if (interrupted()) {
			w->reason = "interrupted";
			return OUTCOME_RETRY;
		}
		if ((rc = take_next(w)) != OUTCOME_OK)
			return rc;
		if (range_is_full(w))
			end_range(w);
		progress_add(w->o->progress, 1);
	}
	end_range(w);
	while (w->expecting) {
		expect_next(w);
		end_range(w);
	}
	return OUTCOME_OK;
}

static enum outcome begin(struct walk *w)
{
	enum outcome rc;

	for (int i = 0; i < 2; i++) {
		if (!is_live(w, i))
			continue;
		rc = w->o->ops[i]->scan_begin(w->o->readers[i], w->o->schema);
		if (rc != OUTCOME_OK)
			w->reason = w->o->ops[i]->reason(w->o->readers[i]);
		if (rc != OUTCOME_OK || (rc = advance(w, i)) != OUTCOME_OK)
			return rc;
	}
	if (w->o->next != NULL)
		expect_next(w);
	return OUTCOME_OK;
}

enum outcome compare_tables(const struct compare_options *options, struct comparison *c,
			    const char **reason)
{
	struct walk w = {.o = options, .c = c, .reason = ""};
	enum outcome rc;

	w.two = options->readers[1] != NULL || options->next != NULL;
	if ((rc = begin(&w)) == OUTCOME_OK)
		rc = take_all(&w);
	for (int i = 0; i < 2; i++) {
		buf_free(&w.sides[i].first);
		buf_free(&w.sides[i].last);
	}
	*reason = w.reason;
	return rc;
}

bool comparison_differs(const struct comparison *c, bool two_sides)
{
	return c->doubled > 0 || (two_sides && c->ranges_different > 0);
}

void comparison_free(struct comparison *c)
{
	for (size_t i = 0; i < c->difference_count; i++) {
		free(c->differences[i].key);
		free(c->differences[i].fields);
	}
	for (size_t i = 0; i < COMPARE_LISTED && i < c->ranges_different; i++) {
		free(c->ranges[i].first);
		free(c->ranges[i].last);
	}
	*c = (struct comparison){0};
}

/* ---- fields ---- */

void compare_all_fields(const struct schema *s, size_t *fields)
{
	for (size_t i = 0; i < s->field_count; i++) {
		size_t at = i;

		for (; at > 0 && strcmp(s->fields[fields[at - 1]].name, s->fields[i].name) > 0;
		     at--)
			fields[at] = fields[at - 1];
		fields[at] = i;
	}
}
