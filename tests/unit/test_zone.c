/* SPDX-License-Identifier: MIT */
/* R2.16 and docs/protocol.md 4.5: the client's address, and the zones of an address. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/zone.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct network net(const char *text)
{
	struct network n;

	assert_int_equal(network_parse(text, &n), 0);
	return n;
}

static void R2_16_client_is_the_right_most_that_is_no_trusted_proxy(void **state)
{
	static const struct {
		const char *peer, *forwarded, *client; /* client NULL: refused */
	} cases[] = {
	    {"203.0.113.7", NULL, "203.0.113.7"},
	    {"::ffff:203.0.113.7", NULL, "203.0.113.7"},
	    {"2001:0db8:0000::0001", NULL, "2001:db8::1"},
	    /* the header of an untrusted peer is ignored */
	    {"203.0.113.7", "127.0.0.1", "203.0.113.7"},
	    {"203.0.113.7", "rubbish", "203.0.113.7"},
	    {"127.0.0.1", "198.51.100.3", "198.51.100.3"},
	    {"127.0.0.1", "192.0.2.66, 198.51.100.3", "198.51.100.3"},
	    {"127.0.0.1", "rubbish,198.51.100.3", "198.51.100.3"},
	    {"127.0.0.1", "198.51.100.3, 10.1.2.3,10.9.9.9", "198.51.100.3"},
	    {"10.0.0.1", " 198.51.100.3\t,, ", "198.51.100.3"},
	    {"10.0.0.1", "2001:DB8::5", "2001:db8::5"},
	    {"10.0.0.1", "::ffff:198.51.100.3", "198.51.100.3"},
	    {"10.0.0.1", "198.51.100.3:8080", "198.51.100.3"},
	    {"10.0.0.1", "[2001:db8::5]:443", "2001:db8::5"},
	    {"10.0.0.1", "[2001:db8::5]", "2001:db8::5"},
	    {"2001:db8:ffff::1", "198.51.100.3", "198.51.100.3"},
	    /* only proxies: the peer is the client */
	    {"127.0.0.1", "", "127.0.0.1"},
	    {"127.0.0.1", "10.1.1.1, 10.2.2.2", "127.0.0.1"},
	    /* a trusted proxy did not know the address */
	    {"127.0.0.1", "198.51.100.3, unknown", NULL},
	    {"127.0.0.1", "198.51.100.3, 10.0.0.256", NULL},
	    {"127.0.0.1", "1111111111222222222233333333334444444444555555555566666666667777", NULL},
	    {"unix:", NULL, NULL},
	    {"", NULL, NULL},
	};
	struct network trusted[] = {net("127.0.0.1"), net("10.0.0.0/8"), net("2001:db8:ffff::/48")};
	struct conf conf = {.trusted_proxies = trusted, .trusted_proxy_count = COUNT(trusted)};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[ADDRESS_TEXT_SIZE] = "";
		struct in6_addr address;
		struct in6_addr expected;
		int rc =
		    zone_client_address(&conf, cases[i].peer, cases[i].forwarded, &address, text);

		if (cases[i].client == NULL) {
			if (rc != -1)
				fail_msg("case %zu: got %s", i, text);
			continue;
		}
		if (rc != 0)
			fail_msg("case %zu: refused", i);
		assert_string_equal(text, cases[i].client);
		assert_int_equal(address_parse(cases[i].client, &expected), 0);
		assert_memory_equal(&address, &expected, sizeof(address));
	}
}

static char public_name[] = "public", local_name[] = "local", office_name[] = "office";

static struct conf three_zones(void)
{
	static struct network everywhere[2], loopback[2], office[1];
	static struct zone zones[3];
	struct conf conf = {.zones = zones, .zone_count = 3};

	everywhere[0] = net("198.51.100.0/24");
	everywhere[1] = net("127.0.0.0/8");
	loopback[0] = net("127.0.0.0/8");
	loopback[1] = net("::1");
	office[0] = net("2001:db8::/32");
	zones[0] = (struct zone){
	    .name = public_name, .networks = everywhere, .network_count = 2, .show_errors = true};
	zones[1] = (struct zone){.name = local_name,
				 .networks = loopback,
				 .network_count = 2,
				 .allow_http = true,
				 .allow_empty_password = true};
	zones[2] = (struct zone){.name = office_name,
				 .networks = office,
				 .network_count = 1,
				 .allow_user_password = true,
				 .session_token_only = true,
				 .security_token_always = true};
	return conf;
}

static struct in6_addr at(const char *text)
{
	struct in6_addr address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static void section_4_5_flags_are_the_union_of_all_zones_of_the_address(void **state)
{
	static const struct {
		const char *address;
		struct zone_flags flags;
	} cases[] = {
	    {"198.51.100.9", {.any = true, .show_errors = true}},
	    {"127.0.0.1",
	     {.any = true, .show_errors = true, .allow_http = true, .allow_empty_password = true}},
	    {"::1", {.any = true, .allow_http = true, .allow_empty_password = true}},
	    {"2001:db8::9",
	     {.any = true,
	      .allow_user_password = true,
	      .session_token_only = true,
	      .security_token_always = true}},
	    {"203.0.113.1", {.any = false}},
	};
	struct conf conf = three_zones();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct in6_addr address = at(cases[i].address);
		struct zone_flags flags = zone_of(&conf, &address);

		assert_memory_equal(&flags, &cases[i].flags, sizeof(flags));
	}
}

static void section_4_5_an_operator_is_bound_to_a_zone_by_name(void **state)
{
	struct conf conf = three_zones();
	struct in6_addr loopback = at("127.0.0.1");
	struct in6_addr office = at("2001:db8::9");

	(void)state;
	assert_true(zone_named_contains(&conf, "local", &loopback));
	assert_true(zone_named_contains(&conf, "public", &loopback));
	assert_false(zone_named_contains(&conf, "office", &loopback));
	assert_true(zone_named_contains(&conf, "office", &office));
	assert_false(zone_named_contains(&conf, "local", &office));
	assert_false(zone_named_contains(&conf, "gone", &loopback));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R2_16_client_is_the_right_most_that_is_no_trusted_proxy),
	    cmocka_unit_test(section_4_5_flags_are_the_union_of_all_zones_of_the_address),
	    cmocka_unit_test(section_4_5_an_operator_is_bound_to_a_zone_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
