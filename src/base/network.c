/* SPDX-License-Identifier: MIT */
/*
 * Parses addresses and networks.  Both families are stored as IPv6 (v4 as ::ffff:a.b.c.d), so a
 * v4 network of prefix n is a v6 network of prefix 96 + n, and one comparison handles both.
 * Host names, zone ids ("%eth0") and short v4 forms ("10.1") are refused.
 */
#include "config.h"

#include "base/conf.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_OFFSET 96 /* bits in front of a mapped v4 address */

static int parse_v4(const char *text, struct in6_addr *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) != 1)
		return -1;
	memset(out, 0, sizeof(*out));
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	memcpy(&out->s6_addr[12], &v4, sizeof(v4));
	return 0;
}

int address_parse(const char *text, struct in6_addr *out)
{
	struct in6_addr address;

	if (parse_v4(text, &address) < 0 && inet_pton(AF_INET6, text, &address) != 1)
		return -1;
	*out = address;
	return 0;
}

/* Reads a number of 1 to 3 digits that is at most LIMIT. */
static int parse_prefix(const char *text, unsigned limit, unsigned *out)
{
	unsigned value = 0;
	size_t length = strlen(text);

	if (length < 1 || length > 3 || strspn(text, "0123456789") != length)
		return -1;
	for (; *text != '\0'; text++)
		value = value * 10 + (unsigned)(*text - '0');
	if (value > limit)
		return -1;
	*out = value;
	return 0;
}

int network_parse(const char *text, struct network *out)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned offset, prefix;
	struct network n;

	if (length >= sizeof(address))
		return -1;
	memcpy(address, text, length);
	address[length] = '\0';
	if (address_parse(address, &n.address) < 0)
		return -1;
	/* The prefix refers to the family of the text: "::ffff:10.0.0.0/104" is v6. */
	offset = strchr(address, ':') == NULL ? V4_OFFSET : 0;
	prefix = 128 - offset;
	if (slash != NULL && parse_prefix(slash + 1, prefix, &prefix) < 0)
		return -1;
	n.prefix = offset + prefix;
	*out = n;
	return 0;
}

bool network_contains(const struct network *n, const struct in6_addr *a)
{
	unsigned bytes = n->prefix / 8, bits = n->prefix % 8;
	unsigned difference;

	if (memcmp(n->address.s6_addr, a->s6_addr, bytes) != 0)
		return false;
	if (bits == 0)
		return true;
	difference = n->address.s6_addr[bytes] ^ a->s6_addr[bytes];
	return difference >> (8 - bits) == 0;
}
