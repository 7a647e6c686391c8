/* SPDX-License-Identifier: MIT */
/* Blocks of numbers, one per sequence; see sequence.h. */
#include "config.h"

#include "api/sequence.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/lookup.h"
#include "base/alloc.h"
#include "base/log.h"
#include "db/classify.h"
#include "schema/ddl.h"
#include "soap/codes.h"

struct block {
	char *name;
	uint64_t next, end; /* empty when equal */
	/* Held while a new block is drawn, so that threads that wait for numbers of this
	 * sequence draw one block between them, and those of other sequences go on. */
	pthread_mutex_t drawing;
	struct block *following;
};

static struct block *blocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list, and next and end */

/* There are as many blocks as schemas that need them; they live as long as the process. */
static struct block *block_of(const char *sequence)
{
	struct block *b;

	pthread_mutex_lock(&lock);
	for (b = blocks; b != NULL; b = b->following)
		if (strcmp(b->name, sequence) == 0)
			break;
	if (b == NULL) {
		b = xcalloc(1, sizeof(*b));
		b->name = xstrdup(sequence);
		pthread_mutex_init(&b->drawing, NULL);
		b->following = blocks;
		blocks = b;
	}
	pthread_mutex_unlock(&lock);
	return b;
}

static bool take(struct block *b, uint64_t *out)
{
	bool taken;

	pthread_mutex_lock(&lock);
	taken = b->next < b->end;
	if (taken)
		*out = b->next++;
	pthread_mutex_unlock(&lock);
	return taken;
}

/* The caller is told the schema; what helps is for the administrator, in the log. */
static int used_up(const struct schema *s, struct fault_cause *p)
{
	const struct field *key = &s->fields[s->pk];

	log_error("%s: the numbers for new records are used up: sequence %s has none left that"
		  " column %s can hold, up to %llu; %s",
		  s->id, s->sequence, key->column, (unsigned long long)ddl_last_number(s),
		  key->type == XTK_LONG
		      ? "deploy the schema with <attribute name=\"id\" type=\"int64\"/>"
		      : "restart it where numbers are free, with ALTER SEQUENCE ... RESTART");
	fault_cause_set(
	    p, CODE_DATABASE,
	    "The numbers for new records of schema '%s' are used up, nothing was stored: "
	    "the administrator has to widen its primary key.",
	    s->id);
	return -1;
}

static int draw(struct block *b, const struct schema *s, struct shared_session *shared,
		struct arena *arena, struct fault_cause *p)
{
	struct buf sql = BUF_INIT;
	struct db_value value = DB_NULL;
	uint64_t first, last = ddl_last_number(s);
	unsigned error = 0;
	int rc;

	buf_add(&sql, "SELECT NEXTVAL(");
	db_quote_name(&sql, b->name);
	buf_add(&sql, ")");
	rc = lookup_value_or_error(shared, buf_text(&sql), arena, &value, &error, p);
	buf_free(&sql);
	if (rc < 0)
		return db_is_used_up(error) ? used_up(s, p) : -1;
	first = strtoull(value.text, NULL, 10);
	if (first > last)
		return used_up(s, p);
	pthread_mutex_lock(&lock);
	b->next = first;
	b->end = last - first < DDL_SEQUENCE_BLOCK ? last + 1 : first + DDL_SEQUENCE_BLOCK;
	pthread_mutex_unlock(&lock);
	return 0;
}

int sequence_next(struct shared_session *shared, const struct schema *s, struct arena *arena,
		  uint64_t *out, struct fault_cause *p)
{
	struct block *b = block_of(s->sequence);
	int rc = 0;

	if (take(b, out))
		return 0;
	pthread_mutex_lock(&b->drawing);
	while (!take(b, out)) /* others may empty a new block before us */
		if ((rc = draw(b, s, shared, arena, p)) < 0)
			break;
	pthread_mutex_unlock(&b->drawing);
	return rc;
}
