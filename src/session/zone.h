/* SPDX-License-Identifier: MIT */
/* The client's address and its zones: docs/protocol.md 4.5 and R2.16. */
#ifndef CAMPAIGN_SESSION_ZONE_H
#define CAMPAIGN_SESSION_ZONE_H

#include "base/conf.h"

struct zone_flags { /* the union of all zones that contain the address */
	bool any;   /* in at least one zone; else XSV-350013 */
	bool allow_http;
	bool allow_user_password;
	bool session_token_only;
	bool security_token_always;
	bool allow_empty_password;
	bool show_errors;
};

#define ADDRESS_TEXT_SIZE 46

/* Finds the client's address from the peer's and X-Forwarded-For (NULL: none).  Returns -1 if PEER
 * is not an address, or if a trusted proxy names something that is not an address.  OUT_TEXT is the
 * shortest form, IPv4 addresses as IPv4. */
int zone_client_address(const struct conf *conf, const char *peer, const char *forwarded_for,
			struct in6_addr *out, char out_text[ADDRESS_TEXT_SIZE]);
struct zone_flags zone_of(const struct conf *conf, const struct in6_addr *address);
bool zone_named_contains(const struct conf *conf, const char *name, const struct in6_addr *address);

#endif
