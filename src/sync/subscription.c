/* SPDX-License-Identifier: MIT */
/*
 * The history of subscriptions; see subscription.h.
 *
 * Folding combines several changes, so the merged records do not show each line. Instead the
 * state of each record is read before the merge, and each of its changes is then applied to that
 * state.
 *
 * Only changes that reconcile on service and recipient write lines: those of Subscribe and
 * Unsubscribe, and records of Ingest and IngestExt with this key. Another key does not identify
 * the subscription.
 */
#include "config.h"

#include "sync/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "cloud/mask.h"
#include "base/uuid.h"

static const char subscription_id[] = "nms:subscription";
static const char history_id[] = "nms:subHisto";
static const char *const line_actions[] = {[LINE_ENDED] = "0", [LINE_MADE] = "1"};

struct subhisto {
	const struct schema *subscription;
	const struct schema *schema; /* nms:subHisto */
	size_t status;		     /* deleteStatus of nms:subscription */
	size_t service, recipient;   /* its foreign keys */
	size_t action, to, of;	     /* fields of nms:subHisto: action, recipient-id, service-id */
	unsigned char *given, *nothing;	 /* masks over `schema` */
	enum subscription_state *states; /* of the records of the current run */
	size_t size;
	struct merge_record *lines;
	size_t line_count, lines_size;
	struct arena *arena; /* owns the lines */
	bool idle;	     /* the current key writes no lines */
};

/* Pure: uses no database. */

enum subscription_line subscription_step(enum subscription_state *state, enum operation operation,
					 enum subscription_status status)
{
	enum subscription_state before = *state;

	switch (operation) {
	case OPERATION_INSERT:
	case OPERATION_UPSERT:
		if (status == STATUS_SET)
			*state = SUBSCRIPTION_ENDED;
		else if (status == STATUS_ZERO || before == SUBSCRIPTION_NONE)
			*state = SUBSCRIPTION_ACTIVE;
		if (status == STATUS_ZERO) /* Subscribe, also when it is repeated: R9.5 */
			return LINE_MADE;
		break;
	case OPERATION_UPDATE:
		if (before != SUBSCRIPTION_NONE && status != STATUS_UNNAMED)
			*state = status == STATUS_SET ? SUBSCRIPTION_ENDED : SUBSCRIPTION_ACTIVE;
		break;
	case OPERATION_DELETE:
		*state = SUBSCRIPTION_NONE;
		break;
	case OPERATION_NONE:
		break;
	}
	if ((before == SUBSCRIPTION_ACTIVE) == (*state == SUBSCRIPTION_ACTIVE))
		return LINE_NONE;
	return before == SUBSCRIPTION_ACTIVE ? LINE_ENDED : LINE_MADE;
}

static bool is_zero(struct db_value number)
{
	return number.text == NULL || strtol(number.text, NULL, 10) == 0;
}

/* ---- set-up ---- */

bool subscription_writes_to(const struct schema *s, const struct schema *other)
{
	return strcmp(s->id, subscription_id) == 0 && strcmp(other->id, history_id) == 0;
}

/* Returns false if S does not have the field. */
static bool find(const struct schema *s, const char *xpath, size_t *field)
{
	int found = schema_field_by_xpath(s, xpath);

	*field = found >= 0 ? (size_t)found : 0;
	return found >= 0;
}

struct subhisto *subhisto_new(const struct registry *registry, const struct schema *s)
{
	const struct schema *history = registry_find(registry, history_id, NULL);
	struct subhisto h = {.subscription = s, .schema = history}, *out;

	if (strcmp(s->id, subscription_id) != 0 || history == NULL || history->local ||
	    history->pk < 0)
		return NULL;
	if (!find(s, "@deleteStatus", &h.status) || !find(s, "@service-id", &h.service) ||
	    !find(s, "@recipient-id", &h.recipient) || !find(history, "@action", &h.action) ||
	    !find(history, "@recipient-id", &h.to) || !find(history, "@service-id", &h.of))
		return NULL;
	out = xcalloc(1, sizeof(*out));
	*out = h;
	out->given = xcalloc(1, mask_size(history));
	out->nothing = xcalloc(1, mask_size(history));
	mask_set(out->given, (size_t)history->pk);
	mask_set(out->given, h.action);
	mask_set(out->given, h.to);
	mask_set(out->given, h.of);
	out->arena = arena_new();
	return out;
}

void subhisto_free(struct subhisto **h)
{
	if (*h == NULL)
		return;
	free((*h)->given);
	free((*h)->nothing);
	free((*h)->states);
	free((*h)->lines);
	arena_free(&(*h)->arena);
	free(*h);
	*h = NULL;
}

/* ---- before the merge ---- */

static bool is_their_key(const struct subhisto *h, const struct fold_key *key)
{
	return key->count == 2 &&
	       ((key->fields[0] == h->service && key->fields[1] == h->recipient) ||
		(key->fields[0] == h->recipient && key->fields[1] == h->service));
}

/* If several rows have the key (R10.4), the subscription is active if one of them is. */
static void take_state(void *context, size_t record, struct db_value status)
{
	struct subhisto *h = context;

	if (is_zero(status))
		h->states[record] = SUBSCRIPTION_ACTIVE;
	else if (h->states[record] == SUBSCRIPTION_NONE)
		h->states[record] = SUBSCRIPTION_ENDED;
}

enum outcome subhisto_before(struct subhisto *h, const struct ends *e, const struct fold_key *key,
			     const struct merge_record *records, size_t count)
{
	if (h == NULL)
		return OUTCOME_OK;
	h->idle = !is_their_key(h, key);
	if (h->idle)
		return OUTCOME_OK;
	if (count > h->size) {
		h->states = xrealloc(h->states, count, sizeof(*h->states));
		h->size = count;
	}
	for (size_t i = 0; i < count; i++)
		h->states[i] = SUBSCRIPTION_NONE;
	return e->ops->read(e->target, h->subscription, key->fields, key->count, records, count,
			    h->status, take_state, h);
}

/* ---- after the merge ---- */

static void add_line(struct subhisto *h, const struct fold_change *c, enum subscription_line line)
{
	struct db_value *cells = arena_zalloc(h->arena, h->schema->field_count * sizeof(*cells));
	char *uuid = arena_alloc(h->arena, UUID_TEXT_SIZE);

	uuid_text(uuid);
	cells[h->schema->pk] = db_text(uuid);
	cells[h->action] = db_text(line_actions[line]);
	cells[h->to] = c->cells[h->recipient];
	cells[h->of] = c->cells[h->service];
	if (h->line_count == h->lines_size) {
		h->lines_size = h->lines_size == 0 ? 256 : h->lines_size * 2;
		h->lines = xrealloc(h->lines, h->lines_size, sizeof(*h->lines));
	}
	h->lines[h->line_count++] = (struct merge_record){
	    .cells = cells,
	    .update = h->nothing,
	    .given = h->given,
	    .insert = true,
	    .at = c->at, /* date is not given; its default is this time */
	};
}

static void play(struct subhisto *h, enum subscription_state *state, const struct fold_change *c)
{
	enum subscription_status status = STATUS_UNNAMED;
	enum subscription_line line;

	if (mask_has(c->named, h->status))
		status = is_zero(c->cells[h->status]) ? STATUS_ZERO : STATUS_SET;
	line = subscription_step(state, c->operation, status);
	if (line != LINE_NONE)
		add_line(h, c, line);
}

enum outcome subhisto_after(struct subhisto *h, const struct ends *e, const struct fold *fold,
			    const struct fold_change *changes, size_t first, size_t last)
{
	static const size_t no_key[1];
	struct merge_counts ignored = {0};
	enum outcome rc;

	if (h == NULL || h->idle)
		return OUTCOME_OK;
	arena_reset(h->arena);
	h->line_count = 0;
	for (size_t i = first; i < last; i++) {
		size_t n = fold_at(fold, i)->first;

		for (; n != FOLD_NONE; n = fold_next(fold, n))
			play(h, &h->states[i - first], &changes[n]);
	}
	if (h->line_count == 0)
		return OUTCOME_OK;
	rc = e->ops->merge(e->target, h->schema, no_key, 0, h->lines, h->line_count, &ignored);
	/* The subscription is not at fault, so it must not be rejected. */
	return rc == OUTCOME_REJECTED ? OUTCOME_INVALID : rc;
}

/* ---- the purge ---- */

struct purge {
	const struct ends *ends;
	const struct schema *schema;
	size_t field;
	uint64_t deleted;
};

static enum outcome purge(void *context)
{
	struct purge *p = context;

	return p->ends->ops->purge(p->ends->target, p->schema, p->field, &p->deleted);
}

enum outcome subscription_purge(struct ends *e, const struct schema *s, struct run_counts *counts)
{
	struct purge p = {.ends = e, .schema = s};
	enum outcome rc;

	if (strcmp(s->id, subscription_id) != 0 || !find(s, "@deleteStatus", &p.field))
		return OUTCOME_OK;
	rc = ends_persist(e, purge, &p, &counts->retries);
	if (rc == OUTCOME_OK)
		counts->deleted += p.deleted;
	return rc;
}
