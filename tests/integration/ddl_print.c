/* SPDX-License-Identifier: MIT */
/*
 * Prints the SQL that a srcSchema file comes to: log, rejects, view, and the entity's table,
 * each ended by a line ";;".  For tests that need the tables without a whole installation.
 * Knows no other schema: a link's foreign key counts as a uuid.  Exit 1 with lines on standard
 * error for a source that a deployment would refuse.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "schema/ddl.h"
#include "schema/row.h"
#include "schema/source.h"

static int read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "re");
	size_t n;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	while ((n = fread(buf_reserve(out, 4096), 1, 4096, file)) > 0)
		buf_took(out, n);
	fclose(file);
	return 0;
}

static void print_all(const struct schema *s)
{
	struct buf sql = BUF_INIT;

	if (s->staged) {
		ddl_create(&sql, s, DDL_LOG);
		buf_add(&sql, "\n;;\n");
		ddl_create(&sql, s, DDL_REJECT);
		buf_add(&sql, "\n;;\n");
		ddl_view(&sql, s);
		buf_add(&sql, "\n;;\n");
	}
	ddl_create(&sql, s, DDL_ENTITY);
	buf_add(&sql, "\n;;\n");
	fputs(buf_text(&sql), stdout);
	buf_free(&sql);
}

int main(int argc, char **argv)
{
	struct buf source = BUF_INIT, errors = BUF_INIT;
	struct schema *s = NULL;

	if (argc != 2) {
		fprintf(stderr, "usage: %s SCHEMA.xml\n", argv[0]);
		return 2;
	}
	if (read_file(argv[1], &source) == 0)
		s = schema_compile(buf_text(&source), source.length, NULL, NULL, &errors, NULL);
	if (s != NULL && row_check(s, NULL, &errors, NULL) < 0)
		schema_free(&s);
	if (s != NULL)
		print_all(s);
	fputs(buf_text(&errors), stderr);
	buf_free(&source);
	buf_free(&errors);
	if (s == NULL)
		return 1;
	schema_free(&s);
	return 0;
}
