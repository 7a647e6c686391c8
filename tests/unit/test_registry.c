/* SPDX-License-Identifier: MIT */
/* The registry, with a list of rows as database: order, cycles of links, the slot. */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "schema/registry.h"

#define MAIN(ns, name, main, fields)                                                               \
	"<srcSchema namespace='" ns "' name='" name "'><element name='" name "' " main ">" fields  \
	"</element></srcSchema>"
#define STAGED		   "autopk='true' autoStg='true' dataSource='nms:extAccount:ffda'"
#define LINK(name, target) "<element name='" name "' type='link' target='" target "'/>"

struct row {
	const char *id, *source;
};

/* The fake database: db_run returns these rows. */
static const struct row *table;
static size_t table_count;
static _Atomic uint64_t version;
static enum outcome answer = OUTCOME_OK;
static atomic_uint loads;

struct db_rows {
	bool schemas;
	size_t next, count;
	char number[24];
};

enum outcome db_run(struct db *db, const char *sql, const struct db_value *params, size_t count,
		    struct db_rows **rows, uint64_t *affected)
{
	struct db_rows *r;

	(void)db;
	(void)params;
	(void)affected;
	assert_int_equal(count, 0);
	if (answer != OUTCOME_OK)
		return answer;
	r = xcalloc(1, sizeof(*r));
	r->schemas = strstr(sql, "campaign_schema") != NULL;
	r->count = r->schemas ? table_count : 1;
	snprintf(r->number, sizeof(r->number), "%llu", (unsigned long long)version);
	if (r->schemas)
		atomic_fetch_add(&loads, 1);
	*rows = r;
	return OUTCOME_OK;
}

bool db_rows_next(struct db_rows *rows)
{
	return rows->next++ < rows->count;
}

size_t db_rows_count(const struct db_rows *rows)
{
	return rows->count;
}

const char *db_rows_text(const struct db_rows *rows, size_t column)
{
	if (!rows->schemas)
		return rows->number;
	return column == 0 ? table[rows->next - 1].id : table[rows->next - 1].source;
}

int64_t db_rows_int(const struct db_rows *rows, size_t column)
{
	return strtoll(db_rows_text(rows, column), NULL, 10);
}

void db_rows_free(struct db_rows **rows)
{
	free(*rows);
	*rows = NULL;
}

static struct registry *load(const struct row *rows, size_t count)
{
	struct registry *r = NULL;

	table = rows;
	table_count = count;
	assert_int_equal(registry_load(NULL, &r), OUTCOME_OK);
	return r;
}

#define LOAD(rows) load(rows, sizeof(rows) / sizeof((rows)[0]))

/* Sorted by id, as in the database: link targets come after the schemas that link to them. */
static const struct row plain[] = {
    {"a:one", MAIN("a", "one", STAGED, LINK("two", "b:two"))},
    {"b:two", MAIN("b", "two", STAGED, LINK("three", "c:three") LINK("own", "b:two"))},
    {"c:bad", MAIN("c", "bad", "", "<attribute name='x' type='bin'/>")},
    {"c:local", MAIN("c", "local", "autopk='true' autouuid='true'", LINK("three", "c:three"))},
    {"c:other", MAIN("c", "renamed", "", "<attribute name='x'/>")},
    {"c:three", MAIN("c", "three", STAGED, LINK("gone", "x:gone"))},
    {"nms:subscription",
     MAIN("nms", "subscription", STAGED " autouuid='true'", "<attribute name='x'/>")},
};

static void finds_by_every_name(void **state)
{
	static const struct {
		const char *id, *found;
		bool staging;
	} cases[] = {
	    {"a:one", "a:one", false},
	    {"a:oneStg", "a:one", true},
	    {"c:local", "c:local", false},
	    {"c:localStg", NULL, false},
	    {"c:bad", NULL, false},
	    {"c:other", NULL, false},
	    {"c:renamed", NULL, false},
	    {"nms:subscriptionStg", "nms:subscription", true},
	    {"nms:subscriptionRcp", "nms:subscription", false},
	    {"nms:subscriptionRcpStg", "nms:subscription", true},
	    {"nowhere", NULL, false},
	    {"", NULL, false},
	};
	struct registry *r = LOAD(plain);

	(void)state;
	assert_int_equal(registry_count(r), 5);
	assert_string_equal(registry_at(r, 0)->id, "a:one");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool staging = false;
		const struct schema *s = registry_find(r, cases[i].id, &staging);

		assert_ptr_equal(registry_lookup(r, cases[i].id), s);
		if (cases[i].found == NULL) {
			assert_null(s);
			continue;
		}
		assert_string_equal(s->id, cases[i].found);
		assert_int_equal(staging, cases[i].staging);
	}
	assert_null(registry_lookup(NULL, "a:one"));
	registry_release(&r);
	assert_null(r);
	registry_release(&r);
}

static enum xtk_type link_type(const struct registry *r, const char *id, size_t link)
{
	const struct schema *s = registry_find(r, id, NULL);

	return s->fields[s->links[link].field].type;
}

static void R5_9_foreign_keys_know_their_targets(void **state)
{
	struct registry *r = LOAD(plain);

	(void)state;
	assert_int_equal(link_type(r, "a:one", 0), XTK_LONG);
	assert_int_equal(link_type(r, "b:two", 0), XTK_LONG);
	assert_int_equal(link_type(r, "b:two", 1), XTK_LONG); /* to itself */
	assert_int_equal(link_type(r, "c:local", 0), XTK_LONG);
	assert_int_equal(link_type(r, "c:three", 0), XTK_UUID); /* not deployed */
	registry_release(&r);
}

static const struct row ring[] = {
    {"a:first", MAIN("a", "first", STAGED, LINK("x", "c:x"))},
    {"b:y", MAIN("b", "y", STAGED, LINK("x", "c:x"))},
    {"c:x", MAIN("c", "x", STAGED, LINK("y", "b:y") LINK("z", "d:z"))},
    {"d:z", MAIN("d", "z", STAGED, "<attribute name='v'/>")},
    {"e:bad", MAIN("e", "bad", STAGED, "<attribute name='v' type='bin'/>")},
    {"f:toBad", MAIN("f", "toBad", STAGED, LINK("bad", "e:bad") LINK("z", "d:z"))},
};

static void rings_of_links(void **state)
{
	struct registry *r = LOAD(ring);

	(void)state;
	assert_int_equal(registry_count(r), 5);
	assert_int_equal(link_type(r, "a:first", 0), XTK_LONG);
	assert_int_equal(link_type(r, "b:y", 0), XTK_LONG);
	assert_int_equal(link_type(r, "c:x", 0), XTK_LONG);
	assert_int_equal(link_type(r, "f:toBad", 0), XTK_UUID);
	assert_int_equal(link_type(r, "f:toBad", 1), XTK_LONG);
	registry_release(&r);
}

static void check_order(const struct registry *r, const char *expected)
{
	const struct schema **order = xcalloc(registry_count(r) + 1, sizeof(const struct schema *));
	size_t count = registry_staged_order(r, order);
	struct buf ids = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_addf(&ids, "%s ", order[i]->id);
	assert_string_equal(buf_text(&ids), expected);
	buf_free(&ids);
	free(order);
}

static void R10_3_targets_before_sources(void **state)
{
	struct registry *r = LOAD(plain);

	(void)state;
	check_order(r, "c:three b:two a:one nms:subscription ");
	registry_release(&r);
	r = LOAD(ring);
	check_order(r, "b:y d:z c:x a:first f:toBad ");
	registry_release(&r);
}

static void slot_follows_the_version(void **state)
{
	struct registry_slot *slot = registry_slot_new();
	struct registry *first, *second;

	(void)state;
	table = plain;
	table_count = 1;
	version = 1;
	loads = 0;
	assert_null(registry_slot_get(slot));
	assert_int_equal(registry_slot_refresh(slot, NULL), OUTCOME_OK);
	assert_int_equal(registry_slot_refresh(slot, NULL), OUTCOME_OK);
	assert_int_equal(loads, 1);
	first = registry_slot_get(slot);
	assert_int_equal(registry_version(first), 1);

	version = 2;
	answer = OUTCOME_RETRY; /* the database is unreachable: the old registry stays */
	assert_int_equal(registry_slot_refresh(slot, NULL), OUTCOME_RETRY);
	answer = OUTCOME_OK;
	second = registry_slot_get(slot);
	assert_ptr_equal(first, second);
	registry_release(&second);

	table_count = 2;
	assert_int_equal(registry_slot_refresh(slot, NULL), OUTCOME_OK);
	second = registry_slot_get(slot);
	assert_int_equal(registry_count(second), 2);
	assert_int_equal(registry_count(first), 1); /* still complete: R5.12a */
	registry_release(&first);
	registry_slot_free(&slot);
	assert_non_null(registry_find(second, "a:one", NULL));
	registry_release(&second);
	registry_slot_free(&slot);
}

/* Reads the slot as a request thread does. */
static void *reader(void *argument)
{
	struct registry_slot *slot = argument;

	for (int i = 0; i < 2000; i++) {
		struct registry *r = registry_slot_get(slot);

		if (registry_find(r, "a:oneStg", NULL) == NULL)
			abort();
		registry_release(&r);
	}
	return NULL;
}

static void slot_among_threads(void **state)
{
	struct registry_slot *slot = registry_slot_new();
	pthread_t threads[3];

	(void)state;
	table = plain;
	table_count = 2;
	assert_int_equal(registry_slot_refresh(slot, NULL), OUTCOME_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, slot), 0);
	for (int i = 0; i < 50; i++) {
		version++;
		assert_int_equal(registry_slot_refresh(slot, NULL), OUTCOME_OK);
	}
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	registry_slot_free(&slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_by_every_name),
	    cmocka_unit_test(R5_9_foreign_keys_know_their_targets),
	    cmocka_unit_test(rings_of_links),
	    cmocka_unit_test(R10_3_targets_before_sources),
	    cmocka_unit_test(slot_follows_the_version),
	    cmocka_unit_test(slot_among_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
