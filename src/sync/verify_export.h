/* SPDX-License-Identifier: MIT */
/*
 * The file that `campaign-sync --verify --export` writes and --against-export reads: a line each
 * (verify_lines.h) for the file, for a table, for each of its ranges, for the table's end, and for
 * the file's end.  It holds primary keys and checksums, and no other values.
 */
#ifndef CAMPAIGN_SYNC_VERIFY_EXPORT_H
#define CAMPAIGN_SYNC_VERIFY_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/model.h"
#include "sync/compare.h"
#include "sync/verify_lines.h"

/* ---- writing ---- */

struct export_writer;

/* Writes to a file beside PATH, readable for its owner only, which takes PATH's place at the end.
 * NULL after a failure, which is logged. */
struct export_writer *export_writer_open(const char *path);
/* A table begins.  The one before it, if it has not ended, is taken back: its reading has failed.
 */
void export_writer_begin(struct export_writer *w, const struct schema *s, const size_t *fields,
			 size_t count);
/* As compare_options.complete; CONTEXT is a struct export_writer. */
void export_writer_range(void *context, const struct range *range);
void export_writer_end(struct export_writer *w);
/* KEEP: the file is complete and takes its place.  -1 after a failure, which is logged; PATH is as
 * it was before then. */
int export_writer_close(struct export_writer **w, bool keep);

/* ---- reading ---- */

struct export_reader;

/* Reads the whole file once.  NULL if it is no export, or not a complete one, which is logged with
 * the number of the line. */
struct export_reader *export_reader_open(const char *path);
void export_reader_close(struct export_reader **r);
const char *export_reader_time(const struct export_reader *r); /* when it was written, UTC */
size_t export_reader_count(const struct export_reader *r);
const struct export_table *export_reader_table(const struct export_reader *r, size_t n);
/* From now on export_reader_next gives the ranges of table N, as compare_options.next does; CONTEXT
 * is a struct export_reader.  -1: the file cannot be read any more. */
int export_reader_begin(struct export_reader *r, size_t n);
int export_reader_next(void *context, struct range *range);

#endif
