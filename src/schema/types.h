/* SPDX-License-Identifier: MIT */
/* The XTK types that a field can have: docs/protocol.md R5.4. */
#ifndef CAMPAIGN_SCHEMA_TYPES_H
#define CAMPAIGN_SCHEMA_TYPES_H

#include <stdbool.h>

enum xtk_type {
	XTK_STRING,
	XTK_LONG,
	XTK_INT64,
	XTK_SHORT,
	XTK_BYTE,
	XTK_DOUBLE,
	XTK_FLOAT,
	XTK_PERCENT,
	XTK_BOOLEAN,
	XTK_DATE,
	XTK_DATETIME,
	XTK_DATETIMETZ,
	XTK_DATETIMENOTZ,
	XTK_TIME,
	XTK_TIMESPAN,
	XTK_MEMO,
	XTK_CDATA,
	XTK_HTML,
	XTK_BLOB,
	XTK_UUID,
	XTK_ENUM,
	XTK_MNTOKEN,
};

/* Returns -1 if NAME is not a type that this server stores (bin, ANY, primarykey and link are
 * not). */
int xtk_type_parse(const char *name, enum xtk_type *out);
const char *xtk_type_name(enum xtk_type type);

bool xtk_type_is_number(enum xtk_type type);  /* or boolean: NOT NULL DEFAULT 0 in the cloud */
bool xtk_type_is_text(enum xtk_type type);    /* string, memo, CDATA, html, uuid, enum, MNTOKEN */
bool xtk_type_is_memo(enum xtk_type type);    /* memo, CDATA, html: no declared length */
bool xtk_type_has_length(enum xtk_type type); /* string, enum, MNTOKEN, uuid */

#define XTK_UUID_BYTES 64 /* R5.8 */

#endif
