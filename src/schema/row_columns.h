/* SPDX-License-Identifier: MIT */
/*
 * The columns that a table of the cloud database has besides the schema's, if the configuration
 * asks for them (R10.12): when and by which run a row was loaded, and that it is deleted.  No
 * field of a schema can have such a name (R5.6): those begin with a letter.
 */
#ifndef CAMPAIGN_SCHEMA_ROW_COLUMNS_H
#define CAMPAIGN_SCHEMA_ROW_COLUMNS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/conf.h"

enum row_column { ROW_LOADED_AT, ROW_RUN, ROW_DELETED_AT, ROW_COLUMNS };

extern const char *const row_column_names[ROW_COLUMNS];

/* Which of them NAME is; ROW_COLUMNS for none. */
enum row_column row_column_of(const char *name);
/* The key of the configuration that asks for C, as it stands there. */
const char *row_column_setting(enum row_column c);
bool row_column_wanted(const struct conf_rows *rows, enum row_column c);
/* TYPE is COLUMN_TYPE of information_schema.  One of another kind is somebody else's. */
bool row_column_fits(enum row_column c, const char *type, bool nullable, bool generated);
/* The comment tells our columns from those that somebody else has named so. */
bool row_column_is_ours(enum row_column c, const char *comment);
/* Name, type and comment, for ADD COLUMN. */
void row_column_define(struct buf *sql, enum row_column c);

#endif
