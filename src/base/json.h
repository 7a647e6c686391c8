/* SPDX-License-Identifier: MIT */
/* JSON out, for --json: text properly quoted, nothing more. */
#ifndef CAMPAIGN_BASE_JSON_H
#define CAMPAIGN_BASE_JSON_H

#include "base/buf.h"

/* A quoted string; NULL gives null.  Bytes that are no UTF-8 become U+FFFD. */
void json_text(struct buf *out, const char *text);
/* "name": with a comma before it unless it is the first member of its object. */
void json_name(struct buf *out, const char *name);
/* A comma unless the next value is the first of its array. */
void json_next(struct buf *out);

#endif
