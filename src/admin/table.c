/* SPDX-License-Identifier: MIT */
/* Prints rows as text, by libsmartcols, or as JSON; see table.h. The JSON is our own:
 * libsmartcols puts a list into an object, but scripts expect an array. */
#include "config.h"
#include "admin/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"

struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells;
	size_t cell_count;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->columns = columns;
	t->column_count = count;
	return t;
}

void table_add(struct table *t, const char *text)
{
	t->cells = xrealloc(t->cells, t->cell_count + 1, sizeof(*t->cells));
	t->cells[t->cell_count++] = text != NULL ? xstrdup(text) : NULL;
}

static const char *shown(enum table_kind kind, const char *cell)
{
	if (cell == NULL)
		return "-";
	if (kind == TABLE_BOOLEAN)
		return strcmp(cell, "0") == 0 ? "no" : "yes";
	return cell;
}

/* libsmartcols fails only if memory is exhausted. */
static void checked(int rc)
{
	if (rc >= 0)
		return;
	log_error("out of memory for a table");
	abort();
}

static void add_columns(const struct table *t, struct libscols_table *out)
{
	for (size_t c = 0; c < t->column_count; c++) {
		const struct table_column *column = &t->columns[c];
		int flags = column->kind == TABLE_NUMBER ? SCOLS_FL_RIGHT : 0;

		if (column->title != NULL &&
		    scols_table_new_column(out, column->title, 0, flags) == NULL)
			checked(-ENOMEM);
	}
}

static void add_line(const struct table *t, const char *const *cells, struct libscols_table *out)
{
	struct libscols_line *line = scols_table_new_line(out, NULL);
	size_t n = 0;

	if (line == NULL)
		checked(-ENOMEM);
	for (size_t c = 0; c < t->column_count; c++) {
		if (t->columns[c].title != NULL)
			checked(
			    scols_line_set_data(line, n++, shown(t->columns[c].kind, cells[c])));
	}
}

/* libsmartcols measures wide characters and prints control characters of a value as \x.., so
 * that they cannot control the terminal. Lines are never truncated to the terminal's width. */
static void print_text(const struct table *t)
{
	struct libscols_table *out = scols_new_table();

	if (out == NULL)
		checked(-ENOMEM);
	checked(scols_table_set_termforce(out, SCOLS_TERMFORCE_NEVER));
	checked(scols_table_set_column_separator(out, "  "));
	add_columns(t, out);
	for (size_t i = 0; i < t->cell_count; i += t->column_count)
		add_line(t, (const char *const *)&t->cells[i], out);
	checked(scols_print_table(out));
	scols_unref_table(out);
}

static void print_json(const struct table *t)
{
	struct buf out = BUF_INIT;

	buf_add_char(&out, '[');
	for (size_t i = 0; i < t->cell_count; i++) {
		const struct table_column *c = &t->columns[i % t->column_count];
		const char *cell = t->cells[i];

		if (i % t->column_count == 0) {
			json_next(&out);
			buf_add(&out, "\n{");
		}
		json_name(&out, c->name);
		if (c->kind == TABLE_TEXT || cell == NULL)
			json_text(&out, cell);
		else if (c->kind == TABLE_BOOLEAN)
			buf_add(&out, strcmp(cell, "0") == 0 ? "false" : "true");
		else
			buf_add(&out, cell);
		if (i % t->column_count == t->column_count - 1)
			buf_add_char(&out, '}');
	}
	buf_add(&out, "]\n");
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

void table_print(struct table **table, bool json, const char *empty)
{
	struct table *t = *table;

	if (json)
		print_json(t);
	else if (t->cell_count == 0)
		puts(empty);
	else
		print_text(t);
	table_free(table);
}

void table_free(struct table **table)
{
	struct table *t = *table;

	for (size_t i = 0; t != NULL && i < t->cell_count; i++)
		free(t->cells[i]);
	if (t != NULL)
		free(t->cells);
	free(t);
	*table = NULL;
}
