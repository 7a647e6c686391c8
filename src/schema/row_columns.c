/* SPDX-License-Identifier: MIT */
/*
 * The additional columns of cloud tables; see row_columns.h.
 *
 * They have no index. _deleted_at is NULL in nearly all rows, so an index would not help a query
 * for those rows, and each insert would have to maintain it.
 */
#include "config.h"

#include "schema/row_columns.h"

#include <string.h>
#include <strings.h>

#include "schema/ddl.h"

const char *const row_column_names[ROW_COLUMNS] = {
    [ROW_LOADED_AT] = "_loaded_at",
    [ROW_RUN] = "_run",
    [ROW_DELETED_AT] = "_deleted_at",
};

static const struct {
	const char *sql;
	const char *shown; /* as information_schema prints it */
	const char *comment;
} kinds[ROW_COLUMNS] = {
    [ROW_LOADED_AT] = {"DATETIME(3)", "datetime(3)", "campaign-sync: written last, in UTC"},
    [ROW_RUN] = {"BIGINT UNSIGNED", "bigint(20) unsigned", "campaign-sync: run that wrote it last"},
    [ROW_DELETED_AT] = {"DATETIME(3)", "datetime(3)", "campaign-sync: deleted, in UTC"},
};

enum row_column row_column_of(const char *name)
{
	enum row_column c = ROW_LOADED_AT;

	while (c < ROW_COLUMNS && strcasecmp(row_column_names[c], name) != 0)
		c++;
	return c;
}

const char *row_column_setting(enum row_column c)
{
	return c == ROW_DELETED_AT ? "deletes = soft" : "loaded_columns = true";
}

bool row_column_wanted(const struct conf_rows *rows, enum row_column c)
{
	return c == ROW_DELETED_AT ? rows->deletes == CONF_DELETES_SOFT : rows->loaded_columns;
}

bool row_column_fits(enum row_column c, const char *type, bool nullable, bool generated)
{
	return strcasecmp(kinds[c].shown, type) == 0 && nullable && !generated;
}

bool row_column_is_ours(enum row_column c, const char *comment)
{
	return strcmp(kinds[c].comment, comment) == 0;
}

void row_column_define(struct buf *sql, enum row_column c)
{
	buf_addf(sql, "`%s` %s NULL COMMENT ", row_column_names[c], kinds[c].sql);
	ddl_quote_text(sql, kinds[c].comment);
}
