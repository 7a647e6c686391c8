/* SPDX-License-Identifier: MIT */
/* Rows for people or for scripts. */
#include "config.h"
#include "admin/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"

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

/* Columns on a terminal: UTF-8 continuation bytes take no place. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; text != NULL && *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static const char *shown(enum table_kind kind, const char *cell)
{
	if (cell == NULL)
		return "-";
	if (kind == TABLE_BOOLEAN)
		return strcmp(cell, "0") == 0 ? "no" : "yes";
	return cell;
}

/* Control characters of a value would break the line, or worse, steer the terminal. */
static void print_cell(const char *text, size_t pad)
{
	for (const char *s = text; *s != '\0'; s++)
		putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
	printf("%*s", (int)pad, "");
}

static void print_text(const struct table *t)
{
	size_t *widest = xcalloc(t->column_count, sizeof(*widest));
	size_t rows = t->cell_count / t->column_count;
	size_t last = 0;

	for (size_t c = 0; c < t->column_count; c++) {
		if (t->columns[c].title == NULL)
			continue;
		last = c;
		widest[c] = width(t->columns[c].title);
		for (size_t r = 0; r < rows; r++) {
			size_t w =
			    width(shown(t->columns[c].kind, t->cells[r * t->column_count + c]));
			if (w > widest[c])
				widest[c] = w;
		}
	}
	for (size_t r = 0; r <= rows; r++) { /* row 0 is the titles */
		for (size_t c = 0; c < t->column_count; c++) {
			const char *text = t->columns[c].title;

			if (text == NULL)
				continue;
			if (r > 0)
				text = shown(t->columns[c].kind,
					     t->cells[(r - 1) * t->column_count + c]);
			print_cell(text, c == last ? 0 : widest[c] - width(text) + 2);
		}
		putchar('\n');
	}
	free(widest);
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
