/* SPDX-License-Identifier: MIT */
/* Reads the highest sequence number of every staging log; see arrivals.h. */
#include "config.h"

#include "sync/arrivals.h"

#include <stdlib.h>

#include "base/alloc.h"

struct arrivals {
	struct buf sql;	  /* one query with a column for each log */
	uint64_t *newest; /* the highest number seen in each log */
	size_t count;
	bool asked;
};

struct arrivals *arrivals_new(const struct registry *registry)
{
	struct arrivals *a = xcalloc(1, sizeof(*a));

	a->newest = xcalloc(registry_count(registry) + 1, sizeof(*a->newest));
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct schema *s = registry_at(registry, i);

		if (!s->staged)
			continue;
		buf_addf(&a->sql, "%s COALESCE((SELECT MAX(_seq) FROM ",
			 a->count == 0 ? "SELECT" : ",");
		db_quote_name(&a->sql, s->log_table);
		buf_add(&a->sql, "), 0)");
		a->count++;
	}
	return a;
}

void arrivals_free(struct arrivals **a)
{
	if (*a == NULL)
		return;
	buf_free(&(*a)->sql);
	free((*a)->newest);
	free(*a);
	*a = NULL;
}

/* An emptied log has no highest number. The last known one is kept, and counting goes on from
 * it. */
static uint64_t advance(uint64_t *newest, uint64_t now)
{
	uint64_t more = now > *newest ? now - *newest : 0;

	*newest += more;
	return more;
}

uint64_t arrivals_ask(struct arrivals *a, struct db *db)
{
	struct db_rows *rows = NULL;
	uint64_t sum = 0;

	if (a->count > 0 && db_run(db, buf_text(&a->sql), NULL, 0, &rows, NULL) == OUTCOME_OK &&
	    db_rows_next(rows)) {
		for (size_t i = 0; i < a->count; i++)
			sum += advance(&a->newest[i], strtoull(db_rows_text(rows, i), NULL, 10));
		sum = a->asked ? sum : 0;
		a->asked = true;
	}
	db_rows_free(&rows);
	return sum;
}
