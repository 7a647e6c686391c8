/* SPDX-License-Identifier: MIT */
/* Addresses and networks: valid and invalid texts, and which addresses a network contains. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/conf.h"

static const struct {
	const char *text;
	int prefix; /* of 128 bits; -1: the text is refused */
} networks[] = {
    {"192.0.2.0/24", 120},
    {"192.0.2.7", 128},
    {"0.0.0.0/0", 96},
    {"10.0.0.0/8", 104},
    {"::/0", 0},
    {"::1", 128},
    {"2001:db8::/32", 32},
    {"::ffff:10.0.0.0/104", 104},
    {"", -1},
    {"/", -1},
    {"/8", -1},
    {"192.0.2.0/33", -1},
    {"192.0.2.0/", -1},
    {"192.0.2.0/-1", -1},
    {"192.0.2.0/+8", -1},
    {"192.0.2.0/ 8", -1},
    {"192.0.2.0/8/8", -1},
    {"192.0.2.0/4294967304", -1},
    {"192.0.2", -1},
    {"192.0.2.256", -1},
    {" 192.0.2.1", -1},
    {"2001:db8::/129", -1},
    {"2001:db8::g", -1},
    {"fe80::1%eth0", -1},
    {"localhost", -1},
    {"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/32", -1},
};

static void network_forms(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		struct network n = {.prefix = 999};
		int rc = network_parse(networks[i].text, &n);

		if (rc != (networks[i].prefix < 0 ? -1 : 0))
			fail_msg("\"%s\": %d", networks[i].text, rc);
		/* on failure OUT is not written */
		if (n.prefix != (networks[i].prefix < 0 ? 999 : (unsigned)networks[i].prefix))
			fail_msg("\"%s\": prefix %u", networks[i].text, n.prefix);
	}
}

static const struct {
	const char *network, *address;
	bool inside;
} members[] = {
    {"192.0.2.0/24", "192.0.2.255", true},
    {"192.0.2.0/24", "192.0.3.0", false},
    {"192.0.2.99/24", "192.0.2.1", true}, /* host bits do not count */
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.4/30", "192.0.2.7", true},
    {"192.0.2.4/30", "192.0.2.8", false},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
    {"0.0.0.0/0", "203.0.113.9", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"::/0", "2001:db8::1", true},
    {"::/0", "203.0.113.9", true}, /* as ::ffff:203.0.113.9 */
    {"192.0.2.0/24", "::ffff:192.0.2.1", true},
    {"::ffff:192.0.2.0/120", "192.0.2.1", true},
    {"2001:db8::/32", "2001:db8:ffff::1", true},
    {"2001:db8::/32", "2001:db9::1", false},
    {"2001:db8::/33", "2001:db8:8000::", false},
    {"::1", "127.0.0.1", false},
};

static void network_members(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct network n;
		struct in6_addr a;

		assert_int_equal(network_parse(members[i].network, &n), 0);
		assert_int_equal(address_parse(members[i].address, &a), 0);
		if (network_contains(&n, &a) != members[i].inside)
			fail_msg("%s in %s", members[i].address, members[i].network);
	}
}

static void addresses_have_no_prefix(void **state)
{
	struct in6_addr a;

	(void)state;
	assert_int_equal(address_parse("192.0.2.0/24", &a), -1);
	assert_int_equal(address_parse("", &a), -1);
	assert_int_equal(address_parse("unknown", &a), -1);
	assert_int_equal(address_parse("[::1]", &a), -1);
	assert_int_equal(address_parse("192.0.2.1:80", &a), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(network_forms),
	    cmocka_unit_test(network_members),
	    cmocka_unit_test(addresses_have_no_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
