/* SPDX-License-Identifier: MIT */
/*
 * The file that `campaign-sync --verify --export` writes and --against-export reads. It has one
 * line (verify_lines.h) for the file, one for each table, one for each range of it, one for the
 * end of the table, and one for the end of the file. It contains primary keys and checksums, and
 * no other values.
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

/* Creates a temporary file in the folder of PATH, readable by its owner only. The file replaces
 * PATH when it is closed. Returns NULL after a failure, which is logged. */
struct export_writer *export_writer_open(const char *path);
/* Begins a table. If the previous table was not ended, its comparison failed, and its lines are
 * removed. */
void export_writer_begin(struct export_writer *w, const struct schema *s, const size_t *fields,
			 size_t count);
/* For compare_options.complete; CONTEXT is a struct export_writer. */
void export_writer_range(void *context, const struct range *range);
void export_writer_end(struct export_writer *w);
/* KEEP: the file is complete and replaces PATH. Returns -1 after a failure, which is logged;
 * PATH is then unchanged. */
int export_writer_close(struct export_writer **w, bool keep);

/* ---- reading ---- */

struct export_reader;

/* Reads and checks the whole file. Returns NULL if it is not a complete export; the reason is
 * logged with the line number. */
struct export_reader *export_reader_open(const char *path);
void export_reader_close(struct export_reader **r);
const char *export_reader_time(const struct export_reader *r); /* the time of the export, UTC */
size_t export_reader_count(const struct export_reader *r);
const struct export_table *export_reader_table(const struct export_reader *r, size_t n);
/* After export_reader_begin, export_reader_next returns the ranges of table N; it is for
 * compare_options.next, with a struct export_reader as CONTEXT. export_reader_begin returns -1
 * if the file can no longer be read. */
int export_reader_begin(struct export_reader *r, size_t n);
int export_reader_next(void *context, struct range *range);

#endif
