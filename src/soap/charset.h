/* SPDX-License-Identifier: MIT */
/*
 * Determines the character set of a message (docs/protocol.md R2.2) and converts it to UTF-8.
 * Private to src/soap.
 */
#ifndef CAMPAIGN_SOAP_CHARSET_H
#define CAMPAIGN_SOAP_CHARSET_H

#include <stddef.h>

#include "base/arena.h"
#include "soap/fault_cause.h"

struct charset_text {
	const char *bytes; /* UTF-8 without byte order mark; not NUL-terminated */
	size_t length;
};

/*
 * CHARSET is the parameter of the Content-Type; NULL or "" means that it has none.  OUT points into
 * BYTES if nothing had to be converted, else into ARENA.  On failure returns -1 with *P = CODE_XML.
 */
int charset_to_utf8(const char *bytes, size_t length, const char *charset, struct arena *arena,
		    struct charset_text *out, struct fault_cause *p);

#endif
