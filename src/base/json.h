/* SPDX-License-Identifier: MIT */
/* Writes JSON for the option --json: quoted strings, names and the commas between them. */
#ifndef CAMPAIGN_BASE_JSON_H
#define CAMPAIGN_BASE_JSON_H

#include "base/buf.h"

/* Writes a quoted string; NULL gives null.  Each byte that is not UTF-8 becomes U+FFFD. */
void json_text(struct buf *out, const char *text);
/* Writes "name": with a comma before it unless it is the first member of its object. */
void json_name(struct buf *out, const char *name);
/* Writes a comma unless the next value is the first of its array. */
void json_next(struct buf *out);

#endif
