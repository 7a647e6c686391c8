/* SPDX-License-Identifier: MIT */
/* A reference keeps its configuration; a later conf_ref_get returns the newest one. */
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
#include "base/conf_ref.h"

static struct conf *conf_with(unsigned max_records)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	conf->max_records = max_records;
	return conf;
}

static void newest_is_given_out(void **state)
{
	struct conf_ref *ref = conf_ref_new(conf_with(1));
	const struct conf *first = conf_ref_get(ref), *second, *third;

	(void)state;
	conf_ref_set(ref, conf_with(2));
	second = conf_ref_get(ref);
	conf_ref_set(ref, conf_with(3));
	third = conf_ref_get(ref);
	assert_int_equal(first->max_records, 1);
	assert_int_equal(second->max_records, 2);
	assert_int_equal(third->max_records, 3);
	conf_ref_put(ref, second);
	assert_int_equal(first->max_records, 1);
	conf_ref_put(ref, first);
	conf_ref_put(ref, third);
	third = conf_ref_get(ref);
	assert_int_equal(third->max_records, 3);
	conf_ref_put(ref, third);
	conf_ref_free(&ref);
	assert_null(ref);
}

static void one_snapshot_many_holders(void **state)
{
	struct conf_ref *ref = conf_ref_new(conf_with(1));
	const struct conf *a = conf_ref_get(ref), *b = conf_ref_get(ref);

	(void)state;
	assert_ptr_equal(a, b);
	conf_ref_set(ref, conf_with(2));
	conf_ref_put(ref, a);
	/* B is still valid; a sanitizer would report a use after free. */
	assert_int_equal(b->max_records, 1);
	conf_ref_put(ref, b);
	conf_ref_free(&ref);
}

static void reload_keeps_the_time_zone(void **state)
{
	char file[] = "conf_ref.XXXXXX";
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
