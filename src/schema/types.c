/* SPDX-License-Identifier: MIT */
/* One table of the XTK types (R5.4).  bin, ANY, primarykey and link are not in it: the compiler
 * refuses them as types of fields. */
#include "config.h"

#include "schema/types.h"

#include <stddef.h>
#include <string.h>

#define IS_NUMBER  1 /* NOT NULL DEFAULT 0 in the cloud; empty counts as 0 */
#define IS_TEXT	   2
#define IS_MEMO	   4
#define HAS_LENGTH 8

static const struct {
	const char *name;
	unsigned traits;
} types[] = {
    [XTK_STRING] = {"string", IS_TEXT | HAS_LENGTH},
    [XTK_LONG] = {"long", IS_NUMBER},
    [XTK_INT64] = {"int64", IS_NUMBER},
    [XTK_SHORT] = {"short", IS_NUMBER},
    [XTK_BYTE] = {"byte", IS_NUMBER},
    [XTK_DOUBLE] = {"double", IS_NUMBER},
    [XTK_FLOAT] = {"float", IS_NUMBER},
    [XTK_PERCENT] = {"percent", IS_NUMBER},
    [XTK_BOOLEAN] = {"boolean", IS_NUMBER},
    [XTK_DATE] = {"date", 0},
    [XTK_DATETIME] = {"datetime", 0},
    [XTK_DATETIMETZ] = {"datetimetz", 0},
    [XTK_DATETIMENOTZ] = {"datetimenotz", 0},
    [XTK_TIME] = {"time", 0},
    [XTK_TIMESPAN] = {"timespan", IS_NUMBER},
    [XTK_MEMO] = {"memo", IS_TEXT | IS_MEMO},
    [XTK_CDATA] = {"CDATA", IS_TEXT | IS_MEMO},
    [XTK_HTML] = {"html", IS_TEXT | IS_MEMO},
    [XTK_BLOB] = {"blob", 0},
    [XTK_UUID] = {"uuid", IS_TEXT | HAS_LENGTH},
    [XTK_ENUM] = {"enum", IS_TEXT | HAS_LENGTH},
    [XTK_MNTOKEN] = {"MNTOKEN", IS_TEXT | HAS_LENGTH},
};

int xtk_type_parse(const char *name, enum xtk_type *out)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, name) == 0) {
			*out = (enum xtk_type)i;
			return 0;
		}
	}
	return -1;
}

const char *xtk_type_name(enum xtk_type type)
{
	return types[type].name;
}

bool xtk_type_is_number(enum xtk_type type)
{
	return (types[type].traits & IS_NUMBER) != 0;
}

bool xtk_type_is_text(enum xtk_type type)
{
	return (types[type].traits & IS_TEXT) != 0;
}

bool xtk_type_is_memo(enum xtk_type type)
{
	return (types[type].traits & IS_MEMO) != 0;
}

bool xtk_type_has_length(enum xtk_type type)
{
	return (types[type].traits & HAS_LENGTH) != 0;
}
