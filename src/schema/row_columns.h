/* SPDX-License-Identifier: MIT */
/*
 * The columns that a cloud table has in addition to the schema's, if the configuration requests
 * them (R10.12): when and by which run a row was loaded, and that it is deleted. A field of a
 * schema cannot have such a name, because field names begin with a letter (R5.6).
 */
#ifndef CAMPAIGN_SCHEMA_ROW_COLUMNS_H
#define CAMPAIGN_SCHEMA_ROW_COLUMNS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/conf.h"

enum row_column { ROW_LOADED_AT, ROW_RUN, ROW_DELETED_AT, ROW_COLUMNS };

extern const char *const row_column_names[ROW_COLUMNS];

/* Returns the column called NAME, or ROW_COLUMNS if it is none of them. */
enum row_column row_column_of(const char *name);
/* Returns the configuration setting that requests C, as it is written in the file. */
const char *row_column_setting(enum row_column c);
bool row_column_wanted(const struct conf_rows *rows, enum row_column c);
/* True if an existing column has the type of C. TYPE is COLUMN_TYPE of information_schema. A
 * column of another type does not belong to campaign-sync. */
bool row_column_fits(enum row_column c, const char *type, bool nullable, bool generated);
/* True if the column's comment is ours. A column of the same name without it was created by
 * another program. */
bool row_column_is_ours(enum row_column c, const char *comment);
/* Writes name, type and comment, for ADD COLUMN. */
void row_column_define(struct buf *sql, enum row_column c);

#endif
