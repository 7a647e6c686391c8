/* SPDX-License-Identifier: MIT */
/* Rows for people (aligned columns) or for scripts (a JSON array of objects). */
#ifndef CAMPAIGN_ADMIN_TABLE_H
#define CAMPAIGN_ADMIN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table;

enum table_kind { TABLE_TEXT, TABLE_NUMBER, TABLE_BOOLEAN, TABLE_RAW /* JSON as it stands */ };

struct table_column {
	const char *name;  /* of the JSON member */
	const char *title; /* NULL: in JSON only */
	enum table_kind kind;
};

/* COLUMNS is borrowed. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_add(struct table *t, const char *text); /* the next cell; NULL: none (null) */
/* Prints on stdout and frees; EMPTY is said instead of a table without rows. */
void table_print(struct table **t, bool json, const char *empty);
void table_free(struct table **t);

#endif
