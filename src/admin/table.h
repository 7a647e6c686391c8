/* SPDX-License-Identifier: MIT */
/* Prints rows as aligned columns or, for scripts, as a JSON array of objects. */
#ifndef CAMPAIGN_ADMIN_TABLE_H
#define CAMPAIGN_ADMIN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table;

enum table_kind { TABLE_TEXT, TABLE_NUMBER, TABLE_BOOLEAN, TABLE_RAW /* JSON, unchanged */ };

struct table_column {
	const char *name;  /* name of the JSON member */
	const char *title; /* NULL: in JSON only */
	enum table_kind kind;
};

/* COLUMNS must outlive the table. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_add(struct table *t, const char *text); /* adds a cell; NULL: null */
/* Prints to stdout and frees the table. EMPTY is printed as text instead of a table without
 * rows. */
void table_print(struct table **t, bool json, const char *empty);
void table_free(struct table **t);

#endif
