/* SPDX-License-Identifier: MIT */
/*
 * The lines of an export (verify_export.h) as text.  Each is a JSON object and ends with a newline.
 * They are read in the form in which they are written, and in no other.
 */
#ifndef CAMPAIGN_SYNC_VERIFY_LINES_H
#define CAMPAIGN_SYNC_VERIFY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "schema/model.h"
#include "sync/compare.h"

#define EXPORT_VERSION 1

/* What a table's line says. */
struct export_table {
	char *schema;
	char *key; /* name of the primary key's field; NULL: none */
	char **fields, **types;
	size_t field_count;
	long place;  /* of its first range in the file; not part of the line */
	size_t line; /* likewise */
};

void export_table_free(struct export_table *t);

void lines_add_file(struct buf *out, const char *time);
/* FIELDS: those COUNT fields of S that the checksums are made of. */
void lines_add_table(struct buf *out, const struct schema *s, const size_t *fields, size_t count);
void lines_add_range(struct buf *out, const struct range *range);
/* Behind the ranges of a table, with their sums; SCHEMA is NULL behind the last table. */
void lines_add_end(struct buf *out, const char *schema, uint64_t rows,
		   const struct checksum *checksum);

/* -1 if TEXT is no such line; nothing is handed over then.  Texts are the caller's to free. */
int lines_parse_file(const char *text, unsigned *version, char **time);
int lines_parse_table(const char *text, struct export_table *out);
int lines_parse_range(const char *text, struct range *out);
int lines_parse_end(const char *text, char **schema, uint64_t *rows, struct checksum *checksum);

#endif
