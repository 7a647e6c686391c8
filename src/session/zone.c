/* SPDX-License-Identifier: MIT */
/*
 * X-Forwarded-For is read from the right, because each proxy appends the address from which it got
 * the call.  Elements are believed only as long as trusted proxies wrote them; elements further
 * left may be forged.
 */
#include "config.h"

#include "session/zone.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_trusted_proxy(const struct conf *conf, const struct in6_addr *address)
{
	for (size_t i = 0; i < conf->trusted_proxy_count; i++) {
		if (network_contains(&conf->trusted_proxies[i], address))
			return true;
	}
	return false;
}

/* Parses one element of the list.  Some proxies add the port: "192.0.2.1:443",
 * "[2001:db8::1]:443". */
static int parse_hop(const char *text, size_t length, struct in6_addr *out)
{
	char copy[ADDRESS_TEXT_SIZE + sizeof("[]:65535")];
	char *address = copy;
	char *end;

	if (length >= sizeof(copy))
		return -1;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (copy[0] == '[' && (end = strchr(copy, ']')) != NULL) {
		address = copy + 1;
		*end = '\0';
	} else if (strchr(copy, '.') != NULL && (end = strchr(copy, ':')) != NULL && end != copy &&
		   strchr(end + 1, ':') == NULL) {
		*end = '\0';
	}
	return address_parse(address, out);
}

/* Cuts the last element off [TEXT, *END), and trims blanks around it. */
static size_t last_hop(const char *text, const char **end, const char **hop)
{
	const char *to = *end;
	const char *from;
	const char *blank = " \t";

	for (from = to; from > text && from[-1] != ','; from--)
		;
	*end = from > text ? from - 1 : text;
	while (from < to && strchr(blank, *from) != NULL)
		from++;
	while (to > from && strchr(blank, to[-1]) != NULL)
		to--;
	*hop = from;
	return (size_t)(to - from);
}

/* R2.16.  FOUND false: the list names only trusted proxies, so the peer is the client. */
static int forwarded_client(const struct conf *conf, const char *list, struct in6_addr *out,
			    bool *found)
{
	const char *end = list + strlen(list);

	*found = false;
	while (end > list && !*found) {
		struct in6_addr address;
		const char *hop;
		size_t length = last_hop(list, &end, &hop);

		if (length == 0)
			continue;
		if (parse_hop(hop, length, &address) < 0)
			return -1; /* "unknown": elements further left may come from the client
				    * itself */
		if (!is_trusted_proxy(conf, &address)) {
			*out = address;
			*found = true;
		}
	}
	return 0;
}

static void address_text(const struct in6_addr *address, char out[ADDRESS_TEXT_SIZE])
{
	const char *text;

	if (IN6_IS_ADDR_V4MAPPED(address))
		text = inet_ntop(AF_INET, &address->s6_addr[12], out, ADDRESS_TEXT_SIZE);
	else
		text = inet_ntop(AF_INET6, address, out, ADDRESS_TEXT_SIZE);
	if (text == NULL)
		out[0] = '\0';
}

int zone_client_address(const struct conf *conf, const char *peer, const char *forwarded_for,
			struct in6_addr *out, char out_text[ADDRESS_TEXT_SIZE])
{
	struct in6_addr address;
	struct in6_addr client;
	bool found = false;

	if (peer == NULL || address_parse(peer, &address) < 0)
		return -1;
	if (forwarded_for != NULL && is_trusted_proxy(conf, &address) &&
	    forwarded_client(conf, forwarded_for, &client, &found) < 0)
		return -1;
	*out = found ? client : address;
	address_text(out, out_text);
	return 0;
}

static bool zone_contains(const struct zone *zone, const struct in6_addr *address)
{
	for (size_t i = 0; i < zone->network_count; i++) {
		if (network_contains(&zone->networks[i], address))
			return true;
	}
	return false;
}

struct zone_flags zone_of(const struct conf *conf, const struct in6_addr *address)
{
	struct zone_flags flags = {0};

	for (size_t i = 0; i < conf->zone_count; i++) {
		const struct zone *zone = &conf->zones[i];

		if (!zone_contains(zone, address))
			continue;
		flags.any = true;
		flags.allow_http |= zone->allow_http;
		flags.allow_user_password |= zone->allow_user_password;
		flags.session_token_only |= zone->session_token_only;
		flags.security_token_always |= zone->security_token_always;
		flags.allow_empty_password |= zone->allow_empty_password;
		flags.show_errors |= zone->show_errors;
	}
	return flags;
}

bool zone_named_contains(const struct conf *conf, const char *name, const struct in6_addr *address)
{
	for (size_t i = 0; i < conf->zone_count; i++) {
		if (strcmp(conf->zones[i].name, name) == 0)
			return zone_contains(&conf->zones[i], address);
	}
	return false; /* the zone was renamed or removed: it contains no address */
}
