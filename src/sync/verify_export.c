/* SPDX-License-Identifier: MIT */
/* Writes and reads export files; see verify_export.h. */
#include "config.h"

#include "sync/verify_export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

struct export_writer {
	char *path, *beside;
	FILE *file;
	struct buf line;
	char *schema; /* the table that is being written; NULL: none */
	long place;   /* the file offset of its first line */
	uint64_t rows;
	struct checksum checksum;
	bool failed;
};

struct export_reader {
	const char *path;
	FILE *file;
	char *line;
	size_t line_size;
	size_t line_number;
	char *time;
	struct export_table *tables;
	size_t count;
	struct range range; /* the last range that was returned */
};

/* ---- writing ---- */

/* Logs and keeps the first failure. */
static void judge(struct export_writer *w, bool good)
{
	if (!good && !w->failed) {
		w->failed = true;
		log_errno("export %s", w->path);
	}
}

static void write_line(struct export_writer *w)
{
	if (!w->failed)
		judge(w, fwrite(buf_text(&w->line), w->line.length, 1, w->file) == 1);
	buf_clear(&w->line);
}

static void writer_free(struct export_writer **w)
{
	buf_free(&(*w)->line);
	free((*w)->schema);
	free((*w)->beside);
	free((*w)->path);
	free(*w);
	*w = NULL;
}

struct export_writer *export_writer_open(const char *path)
{
	struct export_writer *w = xcalloc(1, sizeof(*w));
	char time[CLOCK_TEXT_SIZE];
	int fd;

	w->path = xstrdup(path);
	w->beside = xasprintf("%s.XXXXXX", path);
	fd = mkstemp(w->beside); /* mode 0600 */
	if (fd < 0 || (w->file = fdopen(fd, "w")) == NULL) {
		log_errno("export %s", path);
		if (fd >= 0) {
			close(fd);
			unlink(w->beside);
		}
		writer_free(&w);
		return NULL;
	}
	lines_add_file(&w->line, clock_format(time, clock_utc_ms(), ' '));
	write_line(w);
	return w;
}

/* Removes the lines of a table whose comparison failed. */
static void take_back(struct export_writer *w)
{
	if (w->schema == NULL || w->failed)
		return;
	judge(w, fflush(w->file) == 0 && ftruncate(fileno(w->file), w->place) == 0 &&
		     fseek(w->file, w->place, SEEK_SET) == 0);
}

void export_writer_begin(struct export_writer *w, const struct schema *s, const size_t *fields,
			 size_t count)
{
	take_back(w);
	free(w->schema);
	w->schema = xstrdup(s->id);
	w->place = ftell(w->file);
	judge(w, w->place >= 0);
	w->rows = 0;
	w->checksum = (struct checksum){{0}};
	lines_add_table(&w->line, s, fields, count);
	write_line(w);
}

void export_writer_range(void *context, const struct range *range)
{
	struct export_writer *w = context;

	w->rows += range->rows;
	checksum_add(&w->checksum, &range->checksum);
	lines_add_range(&w->line, range);
	write_line(w);
}

void export_writer_end(struct export_writer *w)
{
	lines_add_end(&w->line, w->schema, w->rows, &w->checksum);
	write_line(w);
	free(w->schema);
	w->schema = NULL;
}

int export_writer_close(struct export_writer **holder, bool keep)
{
	struct export_writer *w = *holder;
	int rc;

	if (w == NULL)
		return 0;
	w->checksum = (struct checksum){{0}};
	lines_add_end(&w->line, NULL, 0, &w->checksum);
	write_line(w);
	keep = keep && !w->failed;
	if (keep)
		judge(w, fflush(w->file) == 0 && fsync(fileno(w->file)) == 0);
	fclose(w->file);
	if (keep && !w->failed)
		judge(w, rename(w->beside, w->path) == 0);
	if (!keep || w->failed)
		unlink(w->beside);
	rc = w->failed ? -1 : 0;
	writer_free(holder);
	return rc;
}

/* ---- reading ---- */

static bool next_line(struct export_reader *r)
{
	r->line_number++;
	return getline(&r->line, &r->line_size, r->file) > 0;
}

static int bad_line(const struct export_reader *r, const char *what)
{
	log_error("%s:%zu: %s", r->path, r->line_number, what);
	return -1;
}

static void forget_range(struct export_reader *r)
{
	free(r->range.first);
	free(r->range.last);
	r->range = (struct range){0};
}

static int check_file_line(struct export_reader *r)
{
	unsigned version = 0;

	if (!next_line(r) || lines_parse_file(r->line, &version, &r->time) < 0)
		return bad_line(r, "this file was not written by campaign-sync --verify --export");
	if (version != EXPORT_VERSION) {
		log_error("%s: the file has format %u, and this program reads format %d", r->path,
			  version, EXPORT_VERSION);
		return -1;
	}
	return 0;
}

/* Reads the ranges of a table and its end line, and checks that their sums equal the table's
 * sums. */
static int check_ranges(struct export_reader *r, const struct export_table *t)
{
	uint64_t rows = 0, rows_said = 0;
	struct checksum sum = {{0}}, sum_said;
	char *schema = NULL;
	int rc = 0;

	while (next_line(r) && lines_parse_range(r->line, &r->range) == 0) {
		if ((r->range.last == NULL) != (t->key == NULL))
			rc = bad_line(r, "the range does not fit the table's primary key");
		rows += r->range.rows;
		checksum_add(&sum, &r->range.checksum);
		forget_range(r);
		if (rc < 0)
			return rc;
	}
	if (feof(r->file))
		return bad_line(r, "the file ends too early");
	if (lines_parse_end(r->line, &schema, &rows_said, &sum_said) < 0)
		return bad_line(r, "the line is damaged");
	if (schema == NULL || strcmp(schema, t->schema) != 0 || rows != rows_said ||
	    !checksum_is_equal(&sum, &sum_said))
		rc = bad_line(r, "the ranges above do not add up to the table's sums");
	free(schema);
	return rc;
}

static int check_table(struct export_reader *r)
{
	struct export_table t;

	if (lines_parse_table(r->line, &t) < 0)
		return bad_line(r, "the line is damaged");
	t.place = ftell(r->file);
	t.line = r->line_number;
	r->tables = xrealloc(r->tables, r->count + 1, sizeof(*r->tables));
	r->tables[r->count++] = t;
	return check_ranges(r, &r->tables[r->count - 1]);
}

static int check_all(struct export_reader *r)
{
	struct checksum sum;
	uint64_t rows;
	char *schema = NULL;

	if (check_file_line(r) < 0)
		return -1;
	while (next_line(r)) {
		if (lines_parse_end(r->line, &schema, &rows, &sum) < 0) {
			if (check_table(r) < 0)
				return -1;
			continue;
		}
		if (schema == NULL)
			return 0;
		free(schema);
		return bad_line(r, "a table ends that has not begun");
	}
	return bad_line(r, "the file ends too early");
}

struct export_reader *export_reader_open(const char *path)
{
	struct export_reader *r = xcalloc(1, sizeof(*r));

	r->path = path;
	r->file = fopen(path, "re");
	if (r->file == NULL)
		log_errno("export %s", path);
	if (r->file == NULL || check_all(r) < 0)
		export_reader_close(&r);
	return r;
}

void export_reader_close(struct export_reader **holder)
{
	struct export_reader *r = *holder;

	if (r == NULL)
		return;
	forget_range(r);
	for (size_t i = 0; i < r->count; i++)
		export_table_free(&r->tables[i]);
	free(r->tables);
	free(r->time);
	free(r->line);
	if (r->file != NULL)
		fclose(r->file);
	free(r);
	*holder = NULL;
}

const char *export_reader_time(const struct export_reader *r)
{
	return r->time;
}

size_t export_reader_count(const struct export_reader *r)
{
	return r->count;
}

const struct export_table *export_reader_table(const struct export_reader *r, size_t n)
{
	return &r->tables[n];
}

int export_reader_begin(struct export_reader *r, size_t n)
{
	r->line_number = r->tables[n].line;
	return fseek(r->file, r->tables[n].place, SEEK_SET);
}

/* The file was checked when it was opened, so a line that is not a range is the end of the
 * table. */
int export_reader_next(void *context, struct range *range)
{
	struct export_reader *r = context;

	forget_range(r);
	if (!next_line(r) || lines_parse_range(r->line, &r->range) < 0)
		return -1;
	*range = r->range;
	return 0;
}
