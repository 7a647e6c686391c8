/* SPDX-License-Identifier: MIT */
/*
 * The lines of an export (verify_export.h). Each is a JSON object and ends with a newline. The
 * parser accepts only the form that the writer produces, not JSON in general.
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

/* The contents of a table's line. */
struct export_table {
	char *schema;
	char *key; /* name of the primary key field; NULL: none */
	char **fields, **types;
	size_t field_count;
	long place;  /* file offset of its first range; not part of the line */
	size_t line; /* its line number; not part of the line */
};

void export_table_free(struct export_table *t);

void lines_add_file(struct buf *out, const char *time);
/* FIELDS lists the COUNT fields of S over which the checksums are computed. */
void lines_add_table(struct buf *out, const struct schema *s, const size_t *fields, size_t count);
void lines_add_range(struct buf *out, const struct range *range);
/* Ends a table, after its ranges, with their sums. SCHEMA is NULL at the end of the file. */
void lines_add_end(struct buf *out, const char *schema, uint64_t rows,
		   const struct checksum *checksum);

/* Return -1 if TEXT is not such a line; the caller then owns nothing. Otherwise the caller frees
 * the strings. */
int lines_parse_file(const char *text, unsigned *version, char **time);
int lines_parse_table(const char *text, struct export_table *out);
int lines_parse_range(const char *text, struct range *out);
int lines_parse_end(const char *text, char **schema, uint64_t *rows, struct checksum *checksum);

#endif
