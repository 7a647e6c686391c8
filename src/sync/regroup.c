/* SPDX-License-Identifier: MIT */
/*
 * Reorders a batch; see regroup.h.
 *
 * The graph has a node for each key (list and values) that a change of the batch names. It also
 * has a node for each row, identified by its primary key, that the target has or that a change
 * could insert. An edge means that the row could have this key at some time during the batch:
 *
 *   1. the target has a row with this key now;
 *   2. a change that is matched by one key sets the fields of another key, or leaves them at their
 *      defaults when it inserts. If it sets only some of them, the row's other fields are unknown
 *      here, so there is an edge to every key of that list;
 *   3. a change that inserts brings a primary key: an edge to that row.
 *
 * Changes in the same component keep their order. A row that a change could affect is always in
 * the component of that change, whatever the order of the components.
 */
#include "config.h"

#include "sync/regroup.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "cloud/mask.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

/* The limit of key lists, because clients may use any number of them. */
#define LISTS_MAX 16

/* Reorder only if the batch would need more than FEW_RUNS + count/100 merges; fewer do not pay
 * for the look-ups. */
#define FEW_RUNS	4
#define CHANGES_FOR_RUN 100

/* The rows that the target may return, on average per change. */
#define ROWS_FOR_CHANGE 4

#define NONE ((size_t)-1)

struct node {
	struct node *parent; /* itself, if it is the root of its component */
	unsigned rank;
	/* Used in a root while changes are ordered: its first change without a place, and its
	 * last. */
	size_t first, last;
	struct node *next_root;
	UT_hash_handle hh;
};

struct list { /* a key list by which changes identify their records */
	const struct fold_key *key;
	struct node *all;    /* represents every key of the list; NULL if it is not needed */
	struct node **nodes; /* indexed by record */
	struct merge_record *records; /* one for each key that a change names */
	size_t count, size;
	struct node *heads, *tail; /* components whose next change uses this list */
	size_t waiting;
};

struct member { /* one change */
	struct node *node;
	size_t list;
	size_t next; /* the next change of its component */
};

struct regroup {
	const struct schema *schema;
	struct arena *arena; /* nodes and keys of the batch */
	struct node *by_key;
	struct fold_key pk; /* the list of the primary key alone; its nodes are the rows */
	size_t pk_field;
	struct db_value *cells; /* room for one key, one value per schema field */
	unsigned char *nothing; /* an empty mask */
	struct list lists[LISTS_MAX];
	size_t list_count;
	size_t rows, rows_max; /* the number of rows that the target returned, and its limit */
	struct member *members;
	size_t size;
};

struct regroup *regroup_new(const struct schema *s)
{
	struct regroup *r = xcalloc(1, sizeof(*r));

	r->schema = s;
	r->arena = arena_new();
	r->cells = xcalloc(s->field_count + 1, sizeof(*r->cells));
	r->nothing = xcalloc(1, mask_size(s) + 1);
	if (s->pk >= 0) {
		r->pk_field = (size_t)s->pk;
		r->pk = (struct fold_key){.count = 1, .fields = &r->pk_field};
	}
	return r;
}

static void reset(struct regroup *r)
{
	HASH_CLEAR(hh, r->by_key);
	for (size_t i = 0; i < r->list_count; i++) {
		free(r->lists[i].nodes);
		free(r->lists[i].records);
	}
	r->list_count = r->rows = 0;
	arena_reset(r->arena);
}

void regroup_free(struct regroup **r)
{
	if (*r == NULL)
		return;
	reset(*r);
	arena_free(&(*r)->arena);
	free((*r)->cells);
	free((*r)->nothing);
	free((*r)->members);
	free(*r);
	*r = NULL;
}

/* ---- nodes ---- */

static struct node *node_new(struct regroup *r)
{
	struct node *n = arena_zalloc(r->arena, sizeof(*n));

	n->parent = n;
	n->first = n->last = NONE;
	return n;
}

static struct node *root_of(struct node *n)
{
	while (n->parent != n) {
		n->parent = n->parent->parent;
		n = n->parent;
	}
	return n;
}

static void join(struct node *a, struct node *b)
{
	a = root_of(a);
	b = root_of(b);
	if (a == b)
		return;
	if (a->rank < b->rank) {
		struct node *swap = a;

		a = b;
		b = swap;
	}
	b->parent = a;
	a->rank += a->rank == b->rank;
}

/* Returns the node of the key in CELLS, and creates it if necessary (*MADE). */
static struct node *node_of(struct regroup *r, const struct fold_key *key,
			    const struct db_value *cells, bool *made)
{
	size_t length, fields = key->count * sizeof(*key->fields);
	char *values = key_bytes(r->arena, r->schema, key, cells, &length);
	char *name = arena_alloc(r->arena, fields + length);
	struct node *n = NULL;

	memcpy(name, key->fields, fields);
	memcpy(name + fields, values, length);
	HASH_FIND(hh, r->by_key, name, fields + length, n);
	*made = n == NULL;
	if (n == NULL) {
		n = node_new(r);
		HASH_ADD_KEYPTR(hh, r->by_key, name, fields + length, n);
	}
	return n;
}

/* Returns the node of the row with this primary key. */
static struct node *row_of(struct regroup *r, struct db_value pk)
{
	bool made;

	r->cells[r->pk_field] = pk;
	return node_of(r, &r->pk, r->cells, &made);
}

/* ---- key lists ---- */

static size_t find_list(const struct regroup *r, const struct fold_key *key)
{
	size_t i = 0;

	while (i < r->list_count && !key_equal(r->lists[i].key, key))
		i++;
	return i;
}

/* Collects the batch's lists and counts its runs. Returns false if there are too many lists. */
static bool look_at_lists(struct regroup *r, const struct fold_change *changes, size_t count,
			  size_t *runs)
{
	const struct fold_key *before = NULL;

	*runs = 0;
	for (size_t i = 0; i < count; i++) {
		const struct fold_key *key = changes[i].key;

		if (changes[i].fate != FOLD_IN || (before != NULL && key_equal(before, key)))
			continue;
		before = key;
		(*runs)++;
		if (find_list(r, key) < r->list_count)
			continue;
		if (r->list_count == LISTS_MAX)
			return false;
		r->lists[r->list_count++] = (struct list){.key = key};
	}
	return true;
}

static void add_record(struct regroup *r, struct list *l, struct node *n,
		       const struct db_value *cells)
{
	struct db_value *own = arena_zalloc(r->arena, r->schema->field_count * sizeof(*own));

	if (l->count == l->size) {
		l->size = l->size == 0 ? 256 : l->size * 2;
		l->nodes = xrealloc(l->nodes, l->size, sizeof(struct node *));
		l->records = xrealloc(l->records, l->size, sizeof(*l->records));
	}
	for (size_t i = 0; i < l->key->count; i++) {
		size_t field = l->key->fields[i];

		own[field] = key_value(r->schema, field, cells[field]);
	}
	l->nodes[l->count] = n;
	l->records[l->count++] = (struct merge_record){
	    .cells = own,
	    .update = r->nothing,
	    .given = r->nothing,
	};
}

/* Returns the node of a change's own key. A change without a key gets a new node. */
static struct node *node_of_change(struct regroup *r, const struct fold_change *c, struct list *l)
{
	bool made = true;
	struct node *n;

	if (c->key->count == 0)
		return node_new(r);
	n = node_of(r, c->key, c->cells, &made);
	if (made)
		add_record(r, l, n, c->cells);
	return n;
}

/* ---- effects of changes on other keys ---- */

static bool may_insert(const struct fold_change *c)
{
	return c->operation == OPERATION_INSERT || c->operation == OPERATION_UPSERT;
}

static bool sets(const struct fold_change *c, size_t field)
{
	return mask_has(c->named, field) || key_has(c->key, field);
}

/* Used if the change could give a row some key of list L, but its values are unknown. */
static void join_all(struct regroup *r, struct node *n, struct list *l)
{
	if (l->all == NULL)
		l->all = node_new(r);
	join(n, l->all);
}

/* An update of an existing row. The row keeps its primary key, and the fields that are not
 * named. */
static void join_updated(struct regroup *r, struct node *n, const struct fold_change *c,
			 struct list *l)
{
	bool touched = false, known = true, made;

	for (size_t i = 0; i < l->key->count; i++) {
		size_t field = l->key->fields[i];
		bool is_pk = (int)field == r->schema->pk;

		touched |= mask_has(c->named, field) && !is_pk && !key_has(c->key, field);
		known &= key_has(c->key, field) || (mask_has(c->named, field) && !is_pk);
	}
	if (touched && known)
		join(n, node_of(r, l->key, c->cells, &made));
	else if (touched)
		join_all(r, n, l);
}

/* Returns false if only the target can compute the default. */
static bool default_of(const struct field *f, struct db_value *value)
{
	*value = f->default_kind == DEFAULT_CONSTANT ? db_text(f->default_text) : DB_NULL;
	return f->default_kind == DEFAULT_NONE || f->default_kind == DEFAULT_CONSTANT;
}

static void join_inserted(struct regroup *r, struct node *n, const struct fold_change *c,
			  struct list *l)
{
	const struct schema *s = r->schema;
	bool known = true, made;

	for (size_t i = 0; i < l->key->count; i++) {
		size_t field = l->key->fields[i];

		if ((int)field == s->pk || sets(c, field))
			r->cells[field] = c->cells[field];
		else
			known &= default_of(&s->fields[field], &r->cells[field]);
	}
	if (known)
		join(n, node_of(r, l->key, r->cells, &made));
	else
		join_all(r, n, l);
}

static void join_what_it_makes(struct regroup *r, const struct fold_change *c, struct member *m)
{
	if (c->operation != OPERATION_UPDATE && !may_insert(c))
		return;
	for (size_t i = 0; i < r->list_count; i++) {
		if (i == m->list || r->lists[i].key->count == 0)
			continue;
		join_updated(r, m->node, c, &r->lists[i]);
		if (may_insert(c))
			join_inserted(r, m->node, c, &r->lists[i]);
	}
	if (may_insert(c) && c->cells[r->pk_field].text != NULL)
		join(m->node, row_of(r, c->cells[r->pk_field]));
}

bool regroup_begin(struct regroup *r, const struct fold_change *changes, size_t count)
{
	size_t runs;

	reset(r);
	if (r->schema->pk < 0 || !look_at_lists(r, changes, count, &runs) || r->list_count < 2 ||
	    runs <= FEW_RUNS + count / CHANGES_FOR_RUN)
		return false;
	r->rows_max = count * ROWS_FOR_CHANGE;
	if (count > r->size) {
		r->members = xrealloc(r->members, count, sizeof(*r->members));
		r->size = count;
	}
	for (size_t i = 0; i < count; i++) {
		struct member *m = &r->members[i];

		if (changes[i].fate != FOLD_IN)
			continue;
		m->list = find_list(r, changes[i].key);
		m->node = node_of_change(r, &changes[i], &r->lists[m->list]);
	}
	for (size_t i = 0; i < count; i++) { /* after the nodes of all changes exist */
		if (changes[i].fate == FOLD_IN)
			join_what_it_makes(r, &changes[i], &r->members[i]);
	}
	return true;
}

/* ---- rows of the target ---- */

bool regroup_asks(struct regroup *r, size_t n, struct regroup_question *question)
{
	if (n >= r->list_count)
		return false;
	*question =
	    (struct regroup_question){r->lists[n].key, r->lists[n].records, r->lists[n].count};
	return true;
}

void regroup_row(struct regroup *r, size_t n, size_t record, struct db_value pk)
{
	if (r->rows++ < r->rows_max)
		join(r->lists[n].nodes[record], row_of(r, pk));
}

/* ---- the new order ---- */

static void join_whole_lists(struct regroup *r)
{
	for (size_t i = 0; i < r->list_count; i++) {
		const struct list *l = &r->lists[i];

		for (size_t n = 0; n < l->count && l->all != NULL; n++)
			join(l->all, l->nodes[n]);
	}
}

static void push(struct regroup *r, struct node *root)
{
	struct list *l = &r->lists[r->members[root->first].list];

	root->next_root = NULL;
	if (l->heads == NULL)
		l->heads = root;
	else
		l->tail->next_root = root;
	l->tail = root;
	l->waiting++;
}

/* Links the changes of each component in log order. */
static void chain_members(struct regroup *r, const struct fold_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct node *root;

		if (changes[i].fate != FOLD_IN)
			continue;
		root = root_of(r->members[i].node);
		r->members[i].next = NONE;
		if (root->first == NONE)
			root->first = i;
		else
			r->members[root->last].next = i;
		root->last = i;
	}
	for (size_t i = 0; i < count; i++) {
		if (changes[i].fate == FOLD_IN && root_of(r->members[i].node)->first == i)
			push(r, root_of(r->members[i].node));
	}
}

/* Returns the list that the most components use next; NULL if no component is left. */
static struct list *most_waited_for(struct regroup *r)
{
	struct list *most = NULL;

	for (size_t i = 0; i < r->list_count; i++) {
		if (r->lists[i].waiting > (most != NULL ? most->waiting : 0))
			most = &r->lists[i];
	}
	return most;
}

/* Orders one run: for every component whose next change uses list L, all its next changes that
 * use it. Returns how many changes have a place in ORDER. */
static size_t take_run(struct regroup *r, struct list *l, size_t *order, size_t taken)
{
	struct node *root = l->heads, *next;
	size_t list = (size_t)(l - r->lists);

	l->heads = l->tail = NULL;
	l->waiting = 0;
	for (; root != NULL; root = next) {
		next = root->next_root;
		while (root->first != NONE && r->members[root->first].list == list) {
			order[taken++] = root->first;
			root->first = r->members[root->first].next;
		}
		if (root->first != NONE)
			push(r, root);
	}
	return taken;
}

static void put_in_order(struct regroup *r, struct fold_change *changes, size_t count)
{
	struct fold_change *copy = xcalloc(count + 1, sizeof(*copy));
	size_t *order = xcalloc(count + 1, sizeof(*order));
	size_t taken = 0;
	struct list *l;

	join_whole_lists(r);
	chain_members(r, changes, count);
	while ((l = most_waited_for(r)) != NULL)
		taken = take_run(r, l, order, taken);
	for (size_t i = 0; i < count; i++) { /* changes that are not folded may have any place */
		if (changes[i].fate != FOLD_IN)
			order[taken++] = i;
	}
	memcpy(copy, changes, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		changes[i] = copy[order[i]];
	free(order);
	free(copy);
}

bool regroup_changes(struct regroup *r, struct fold_change *changes, size_t count)
{
	bool fits = r->rows <= r->rows_max;

	if (fits)
		put_in_order(r, changes, count);
	reset(r);
	return fits;
}

static int by_seq(const void *a, const void *b)
{
	const struct fold_change *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

void regroup_restore(struct fold_change *changes, size_t count)
{
	qsort(changes, count, sizeof(*changes), by_seq);
}
