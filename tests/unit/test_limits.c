/* SPDX-License-Identifier: MIT */
/*
 * R2.13: buckets with a clock of the test, floods of unknown addresses, several threads and
 * processes at the same time, processes that are killed at any instruction.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session/limits.h"

#define S     INT64_C(1000000)
#define START (1000 * S) /* the machine has run for a while */

static const struct limits_rate logons = {.count = 30, .per_s = 60, .burst = 30};

static struct limits *limits;

static int map(void **state)
{
	(void)state;
	limits = limits_map();
	return limits != NULL ? 0 : -1;
}

static int unmap(void **state)
{
	(void)state;
	limits_unmap(&limits);
	return limits == NULL ? 0 : -1;
}

static struct in6_addr numbered(uint64_t n)
{
	struct in6_addr a = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8}};

	memcpy(&a.s6_addr[8], &n, sizeof(n));
	return a;
}

static void fail_times(uint64_t who, unsigned times, int64_t now_us)
{
	const struct in6_addr a = numbered(who);

	while (times-- > 0)
		limits_logon_failed(limits, &a, &logons, now_us);
}

static unsigned wait_of(uint64_t who, int64_t now_us)
{
	const struct in6_addr a = numbered(who);

	return limits_logon_wait_s(limits, &a, &logons, now_us);
}

/* Makes calls of OPERATOR at NOW until one is refused, at most 10,000; returns the number of
 * accepted calls. */
static unsigned let_in(int64_t operator, const struct limits_rate * rate, int64_t now_us)
{
	unsigned n = 0;

	while (n < 10000 && limits_operator_call(limits, operator, rate, now_us) == 0)
		n++;
	return n;
}

static void R2_13_operator_buckets(void **state)
{
	static const struct {
		const char *name;
		struct limits_rate rate;
		unsigned at_once;     /* calls that are accepted at START */
		unsigned wait_s;      /* the wait that the next call is told */
		int64_t pause_us;     /* after this pause ... */
		unsigned after_pause; /* ... this many more are accepted */
	} cases[] = {
	    {"off", {0, 1, 100}, 10000, 0, 0, 10000},
	    {"one a second", {1, 1, 1}, 1, 1, S, 1},
	    {"not yet", {1, 1, 1}, 1, 1, S - 1, 0},
	    {"a burst", {1, 1, 5}, 5, 1, 3 * S, 3},
	    {"no more than the burst is saved up", {10, 1, 5}, 5, 1, 3600 * S, 5},
	    {"ten a second", {10, 1, 20}, 20, 1, S, 10},
	    {"one a minute", {1, 60, 1}, 1, 60, 59 * S, 0},
	    {"one a minute, later", {1, 60, 1}, 1, 60, 60 * S, 1},
	    {"a million a second", {1000000, 1, 3}, 3, 1, 2, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct limits_rate *rate = &cases[i].rate;
		int64_t who = (int64_t)i + 1;
		unsigned first = let_in(who, rate, START);
		unsigned wait = limits_operator_call(limits, who, rate, START);
		unsigned then = let_in(who, rate, START + cases[i].pause_us);

		if (first != cases[i].at_once || wait != cases[i].wait_s ||
		    then != cases[i].after_pause)
			fail_msg("%s: %u, wait %u, then %u", cases[i].name, first, wait, then);
	}
}

static void R2_13_refused_calls_cost_nothing(void **state)
{
	static const struct limits_rate rate = {1, 1, 1};

	(void)state;
	assert_int_equal(let_in(1, &rate, START), 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(limits_operator_call(limits, 1, &rate, START), 1);
	assert_int_equal(let_in(1, &rate, START + S), 1);
}

static void R2_13_a_reload_changes_the_rate_at_once(void **state)
{
	static const struct limits_rate slow = {1, 1, 1000}, fast = {100, 1, 10}, off = {0, 1, 10};

	(void)state;
	assert_int_equal(let_in(1, &slow, START), 1000); /* owes 1000 seconds */
	assert_int_equal(limits_operator_call(limits, 1, &off, START), 0);
	assert_int_equal(limits_operator_call(limits, 1, &fast, START), 1);
	assert_int_equal(let_in(1, &fast, START + S / 20), 0); /* empty under the new rate ... */
	assert_int_equal(let_in(2, &fast, START), 10);
	assert_int_equal(let_in(2, &fast, START + S / 20), 5);
	assert_int_equal(limits_operator_call(limits, 2, &slow, START + S / 20), 0);
}

static void R2_13_thirty_failures_a_minute(void **state)
{
	(void)state;
	assert_int_equal(wait_of(1, START), 0);
	fail_times(1, 29, START);
	assert_int_equal(wait_of(1, START), 0);
	fail_times(1, 1, START);
	assert_int_equal(wait_of(1, START), 2);
	assert_int_equal(wait_of(1, START + S), 1);
	assert_int_equal(wait_of(1, START + 2 * S), 0);
	fail_times(1, 1, START + 2 * S);
	assert_int_equal(wait_of(1, START + 2 * S), 2);
	assert_int_equal(wait_of(2, START), 0); /* other callers are not limited */

	/* After a minute the failures no longer count. */
	fail_times(1, 29, START + 62 * S);
	assert_int_equal(wait_of(1, START + 62 * S), 0);
}

static void R2_13_what_was_judged_at_once_is_paid_for(void **state)
{
	(void)state;
	fail_times(1, 45, START); /* 15 more checks were running when the limit was reached */
	assert_int_equal(wait_of(1, START), 32);
	assert_int_equal(wait_of(1, START + 31 * S), 1);
	assert_int_equal(wait_of(1, START + 32 * S), 0);
}

static void R2_13_a_limit_of_zero_is_none(void **state)
{
	static const struct limits_rate off = {0, 60, 0};
	const struct in6_addr a = numbered(1);

	(void)state;
	fail_times(1, 100, START);
	assert_int_equal(limits_logon_wait_s(limits, &a, &off, START), 0);
	for (int i = 0; i < 100; i++)
		limits_logon_failed(limits, &a, &off, START);
	assert_int_equal(wait_of(1, START), 142);
}

static unsigned login_wait_of(const char *login, uint64_t who, int64_t now_us)
{
	const struct in6_addr a = numbered(who);

	return limits_login_wait_s(limits, login, &a, &logons, now_us);
}

static void login_proven(const char *login, uint64_t who, int64_t now_us)
{
	const struct in6_addr a = numbered(who);

	limits_login_proven(limits, login, &a, now_us);
}

static void R2_13_thirty_failures_of_a_login(void **state)
{
	(void)state;
	login_proven("feed1", 7, START);
	for (int i = 0; i < 30; i++)
		limits_login_failed(limits, "feed1", &logons, START);
	assert_int_equal(login_wait_of("feed1", 1, START), 2); /* from every address */
	assert_int_equal(login_wait_of("feed1", 2, START), 2);
	assert_int_equal(login_wait_of("feed1", 1, START + 2 * S), 0);
	assert_int_equal(login_wait_of("feed2", 1, START), 0); /* other callers are not limited */
	assert_int_equal(wait_of(1, START), 0);		       /* nor are addresses */

	assert_int_equal(login_wait_of("feed1", 7, START), 0); /* this address is proven */
	login_proven("feed1", 7, START);
	login_proven("feed2", 1, START); /* proven for another operator only */
	assert_int_equal(login_wait_of("feed1", 1, START), 2);
	for (int i = 0; i < 30; i++)
		limits_login_failed(limits, "feed1", &logons, START + 32 * 86400 * S);
	assert_int_equal(login_wait_of("feed1", 7, START + 32 * 86400 * S), 2); /* the proof has
										 * expired */
}

static void R2_13_who_fails_is_known_until_it_is_forgiven(void **state)
{
	const struct in6_addr a = numbered(1);

	(void)state;
	assert_false(limits_logon_failed_lately(limits, &a, START));
	fail_times(1, 1, START);
	assert_true(limits_logon_failed_lately(limits, &a, START + S));
	assert_false(limits_logon_failed_lately(limits, &a, START + 2 * S));
}

static void R2_13_strangers_do_not_lift_a_block(void **state)
{
	static const struct limits_rate rate = {1, 1, 5};
	const uint64_t blocked = 20;

	(void)state;
	for (uint64_t who = 1; who <= blocked; who++)
		fail_times(who, 60, START); /* blocked for a minute */
	let_in(1, &rate, START);
	/* Ten times as many addresses as there are slots, with two failures each. */
	for (uint64_t who = 1000; who < 1000 + 655360; who++)
		fail_times(who, 2, START + S);
	for (uint64_t who = 1; who <= blocked; who++)
		assert_in_range(wait_of(who, START + S), 60, 61);
	/* A flood of addresses does not affect operators. */
	assert_int_equal(let_in(1, &rate, START), 0);
	/* No address is blocked for the failures of others. */
	for (uint64_t who = 1000; who < 1000 + 655360; who++)
		assert_int_equal(wait_of(who, START + S), 0);
}

static void R2_13_a_full_table_gives_places_back(void **state)
{
	(void)state;
	for (uint64_t who = 1; who <= 200000; who++)
		fail_times(who, 30, START);
	/* Blocked addresses use all slots; a further address is counted nevertheless. */
	fail_times(1000000, 40, START);
	assert_int_equal(wait_of(1000000, START), 22);
	/* A minute later all slots are free again. */
	for (uint64_t who = 2000000; who < 2000100; who++)
		fail_times(who, 30, START + 60 * S);
	for (uint64_t who = 2000000; who < 2000100; who++)
		assert_int_equal(wait_of(who, START + 60 * S), 2);
}

/* --- threads and processes ---------------------------------------------------------------- */

#define THREADS	  4
#define THOUSAND  1000
#define OPERATORS 40

static const struct limits_rate thousand = {1, 3600, THOUSAND};
static atomic_uint counted[OPERATORS];

static void *call_much(void *arg)
{
	(void)arg;
	for (int i = 0; i < THOUSAND; i++)
		for (int who = 0; who < OPERATORS; who++)
			if (limits_operator_call(limits, who, &thousand, START) == 0)
				atomic_fetch_add(&counted[who], 1);
	return NULL;
}

static void R2_13_threads_share_a_bucket_exactly(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	/* Adds the keys first: two threads that add the same new key at the same time may give it a
	 * second slot. */
	for (int64_t who = 0; who < OPERATORS; who++) {
		atomic_store(&counted[who], 1);
		assert_int_equal(limits_operator_call(limits, who, &thousand, START), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_much, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t who = 0; who < OPERATORS; who++)
		assert_int_equal(atomic_load(&counted[who]), THOUSAND);
}

static void *strangers(void *arg)
{
	const uint64_t base = *(const uint64_t *)arg;

	for (uint64_t who = base; who < base + 100000; who++)
		fail_times(who, 1, START);
	return NULL;
}

static void R2_13_threads_that_push_each_other_out(void **state)
{
	static const uint64_t bases[THREADS] = {1000, 51000, 101000, 151000};
	pthread_t threads[THREADS];

	(void)state;
	for (uint64_t who = 1; who <= 10; who++)
		fail_times(who, 60, START);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, strangers, (void *)(uintptr_t)&bases[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (uint64_t who = 1; who <= 10; who++)
		assert_int_equal(wait_of(who, START), 62);
}

static void R2_13_processes_share_a_bucket(void **state)
{
	static const struct limits_rate hundred = {1, 3600, 100};
	pid_t children[3];
	unsigned n = 0;

	(void)state;
	assert_int_equal(limits_operator_call(limits, 7, &hundred, START), 0);
	for (size_t i = 0; i < 3; i++)
		if ((children[i] = fork()) == 0)
			_exit((int)let_in(7, &hundred, START));
	for (size_t i = 0; i < 3; i++) {
		int status = 0;

		waitpid(children[i], &status, 0);
		assert_true(WIFEXITED(status));
		n += (unsigned)WEXITSTATUS(status);
	}
	assert_int_equal(n, 99);
	assert_int_equal(let_in(7, &hundred, START), 0);
}

static _Noreturn void churn(uint64_t base)
{
	for (uint64_t who = base;; who++)
		fail_times(who, 1, START);
}

static void R2_13_killed_processes_leave_a_valid_table(void **state)
{
	(void)state;
	fail_times(1, 60, START);
	for (uint64_t i = 0; i < 40; i++) {
		const struct timespec a_while = {.tv_nsec = 1000000 + (long)i * 50000};
		pid_t child = fork();

		if (child == 0)
			churn((i + 1) << 32);
		nanosleep(&a_while, NULL);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	assert_int_equal(wait_of(1, START), 62);
	/* Every neighbourhood still accepts a key. */
	for (uint64_t who = 1000; who < 21000; who++) {
		fail_times(who, 31, START);
		assert_in_range(wait_of(who, START), 4, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(R2_13_operator_buckets, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_refused_calls_cost_nothing, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_a_reload_changes_the_rate_at_once, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_thirty_failures_a_minute, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_what_was_judged_at_once_is_paid_for, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_a_limit_of_zero_is_none, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_thirty_failures_of_a_login, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_who_fails_is_known_until_it_is_forgiven, map,
					    unmap),
	    cmocka_unit_test_setup_teardown(R2_13_strangers_do_not_lift_a_block, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_a_full_table_gives_places_back, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_threads_share_a_bucket_exactly, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_threads_that_push_each_other_out, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_processes_share_a_bucket, map, unmap),
	    cmocka_unit_test_setup_teardown(R2_13_killed_processes_leave_a_valid_table, map, unmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
