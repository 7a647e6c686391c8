/* SPDX-License-Identifier: MIT */
/* Reports how many numbers the sequences have left; see numbers.h. */
#include "config.h"

#include "admin/numbers.h"

#include <stdlib.h>

#include "base/json.h"
#include "schema/ddl.h"

/* Returns the first number that no worker has drawn, 0 if it cannot be read. */
static unsigned long long next_number(struct db *staging, const char *sequence)
{
	struct buf sql = BUF_INIT;
	struct db_rows *rows = NULL;
	unsigned long long next = 0;

	buf_add(&sql, "SELECT next_not_cached_value FROM ");
	db_quote_name(&sql, sequence);
	if (db_run(staging, buf_text(&sql), NULL, 0, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows))
		next = strtoull(db_rows_text(rows, 0), NULL, 10);
	db_rows_free(&rows);
	buf_free(&sql);
	return next;
}

static void add_json(struct buf *out, const struct schema *s, unsigned long long left)
{
	json_next(out);
	buf_add_char(out, '{');
	json_name(out, "schema");
	json_text(out, s->id);
	json_name(out, "sequence");
	json_text(out, s->sequence);
	json_name(out, "left");
	buf_addf(out, "%llu}", left);
}

static void add_line(struct buf *out, const struct schema *s, unsigned long long left)
{
	if (left == 0)
		buf_addf(out, "numbers           %s: sequence %s is used up", s->id, s->sequence);
	else
		buf_addf(out, "numbers           %s: sequence %s has %llu left", s->id, s->sequence,
			 left);
	buf_addf(out, "%s\n",
		 s->fields[s->pk].type == XTK_LONG
		     ? ": deploy the schema with <attribute name=\"id\" type=\"int64\"/>"
		     : ": restart it where numbers are free");
}

void numbers_add(struct db *staging, const struct registry *r, bool json, struct buf *out)
{
	for (size_t i = 0; i < registry_count(r); i++) {
		const struct schema *s = registry_at(r, i);
		unsigned long long next, last, left;

		if (s->sequence == NULL || (next = next_number(staging, s->sequence)) == 0)
			continue;
		last = ddl_last_number(s);
		left = next <= last ? last - next + 1 : 0;
		if (json)
			add_json(out, s, left);
		else if (left < last / 10)
			add_line(out, s, left);
	}
}
