/* SPDX-License-Identifier: MIT */
/* Snapshots of the configuration: who holds one keeps it, whoever comes later gets the new. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "ingestd/conf_slot.h"

static struct conf *conf_with(unsigned max_records)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	conf->max_records = max_records;
	return conf;
}

static void newest_is_given_out(void **state)
{
	struct conf_slot *slot = conf_slot_new(conf_with(1));
	const struct conf *first = conf_slot_get(slot), *second, *third;

	(void)state;
	conf_slot_set(slot, conf_with(2));
	second = conf_slot_get(slot);
	conf_slot_set(slot, conf_with(3));
	third = conf_slot_get(slot);
	assert_int_equal(first->max_records, 1);
	assert_int_equal(second->max_records, 2);
	assert_int_equal(third->max_records, 3);
	conf_slot_put(slot, second);
	assert_int_equal(first->max_records, 1);
	conf_slot_put(slot, first);
	conf_slot_put(slot, third);
	third = conf_slot_get(slot);
	assert_int_equal(third->max_records, 3);
	conf_slot_put(slot, third);
	conf_slot_free(&slot);
	assert_null(slot);
}

static void one_snapshot_many_holders(void **state)
{
	struct conf_slot *slot = conf_slot_new(conf_with(1));
	const struct conf *a = conf_slot_get(slot), *b = conf_slot_get(slot);

	(void)state;
	assert_ptr_equal(a, b);
	conf_slot_set(slot, conf_with(2));
	conf_slot_put(slot, a);
	assert_int_equal(b->max_records, 1); /* still held: a sanitizer would say otherwise */
	conf_slot_put(slot, b);
	conf_slot_free(&slot);
}

static void reload_keeps_the_time_zone(void **state)
{
	char file[] = "conf_slot.XXXXXX";
	struct conf *now, *next;
	FILE *f;
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	fputs("[soap]\ntimezone = UTC\n[pool]\nworkers = 3\n", f);
	fflush(f);
	now = conf_load(file);
	assert_non_null(now);
	rewind(f);
	fputs("[soap]\ntimezone = CET\n[pool]\nworkers = 4\n", f);
	fflush(f);
	next = conf_reload(file, now);
	assert_non_null(next);
	assert_string_equal(next->timezone, "UTC");
	assert_int_equal(next->workers, 4);
	conf_free(&next);
	fputs("[nonsense]\n", f);
	fclose(f);
	assert_null(conf_reload(file, now));
	unlink(file);
	conf_free(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(newest_is_given_out),
	    cmocka_unit_test(one_snapshot_many_holders),
	    cmocka_unit_test(reload_keeps_the_time_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
