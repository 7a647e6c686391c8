/* SPDX-License-Identifier: MIT */
/* Implements record_ops with the registry, the sequences and the staging database. */
#include "config.h"

#include "api/record_lookup.h"

#include "api/lookup.h"
#include "api/sequence.h"
#include "base/arena.h"
#include "base/uuid.h"

static const struct schema *find_schema(void *context, const char *id)
{
	const struct record_lookup *l = context;

	return registry_find(l->registry, id, NULL);
}

/* R7.7.  "<=>" matches NULL too, because a part of the key may be empty (R8.2). */
static int find_row(void *context, const struct schema *target, size_t wanted, const size_t *fields,
		    const struct db_value *values, size_t count, struct db_value *out,
		    struct fault_cause *p)
{
	const struct record_lookup *l = context;
	struct buf sql = BUF_INIT;
	int rc;

	buf_add(&sql, "SELECT ");
	db_quote_name(&sql, target->fields[wanted].column);
	buf_add(&sql, " FROM ");
	db_quote_name(&sql, target->table);
	for (size_t i = 0; i < count; i++) {
		buf_add(&sql, i == 0 ? " WHERE " : " AND ");
		db_quote_name(&sql, target->fields[fields[i]].column);
		buf_add(&sql, " <=> ?");
	}
	buf_add(&sql, " LIMIT 1");
	rc = lookup_value(l->shared, buf_text(&sql), values, count, l->arena, out, p);
	buf_free(&sql);
	return rc;
}

static int next_number(void *context, const struct schema *s, const char **out,
		       struct fault_cause *p)
{
	const struct record_lookup *l = context;
	uint64_t number;

	if (sequence_next(l->shared, s, l->arena, &number, p) < 0)
		return -1;
	*out = arena_printf(l->arena, "%llu", (unsigned long long)number);
	return 0;
}

const struct record_ops record_lookup_ops = {
    .schema = find_schema,
    .find = find_row,
    .number = next_number,
    .uuid = uuid_text,
};
