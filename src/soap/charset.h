/* SPDX-License-Identifier: MIT */
/*
 * Which character set a message is in (docs/protocol.md R2.2), and its text as UTF-8.
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
 * CHARSET is the parameter of the Content-Type; NULL or "": none.  OUT points into BYTES
 * where nothing had to be converted, else into ARENA.  Returns -1 with *P = CODE_XML.
 */
int charset_to_utf8(const char *bytes, size_t length, const char *charset, struct arena *arena,
		    struct charset_text *out, struct fault_cause *p);

#endif
