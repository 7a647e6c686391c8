/* SPDX-License-Identifier: MIT */
/* Formats and parses the lines of an export; see verify_lines.h. */
#include "config.h"

#include "sync/verify_lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"

/* More fields than any schema has. It limits the memory that a damaged file can use. */
#define FIELDS_MAX 10000

static const char line_table[] = "{\"schema\":";
static const char line_key[] = ",\"key\":";
static const char line_fields[] = ",\"fields\":[";
static const char line_types[] = "],\"types\":[";
static const char line_table_close[] = "]}";
static const char line_first[] = "{\"first\":";
static const char line_last[] = ",\"last\":";
static const char line_rows[] = ",\"rows\":";
static const char line_checksum[] = ",\"checksum\":";
static const char line_end[] = "{\"end\":";
static const char line_written[] = "{\"campaign_export\":";
static const char line_time[] = ",\"time\":";

/* ---- writing ---- */

static void add_sum(struct buf *out, uint64_t rows, const struct checksum *checksum)
{
	char text[CHECKSUM_TEXT_SIZE];

	buf_addf(out, "%s%" PRIu64 "%s\"%s\"}\n", line_rows, rows, line_checksum,
		 checksum_format(text, checksum));
}

void lines_add_file(struct buf *out, const char *time)
{
	buf_addf(out, "%s%d%s", line_written, EXPORT_VERSION, line_time);
	json_text(out, time);
	buf_add(out, "}\n");
}

void lines_add_table(struct buf *out, const struct schema *s, const size_t *fields, size_t count)
{
	buf_add(out, line_table);
	json_text(out, s->id);
	buf_add(out, line_key);
	json_text(out, s->pk >= 0 ? s->fields[s->pk].name : NULL);
	buf_add(out, line_fields);
	for (size_t i = 0; i < count; i++) {
		json_next(out);
		json_text(out, s->fields[fields[i]].name);
	}
	buf_add(out, line_types);
	for (size_t i = 0; i < count; i++) {
		json_next(out);
		json_text(out, xtk_type_name(s->fields[fields[i]].type));
	}
	buf_add(out, line_table_close);
	buf_add_char(out, '\n');
}

void lines_add_range(struct buf *out, const struct range *range)
{
	buf_add(out, line_first);
	json_text(out, range->first);
	buf_add(out, line_last);
	json_text(out, range->last);
	add_sum(out, range->rows, &range->checksum);
}

void lines_add_end(struct buf *out, const char *schema, uint64_t rows,
		   const struct checksum *checksum)
{
	buf_add(out, line_end);
	json_text(out, schema);
	add_sum(out, rows, checksum);
}

/* ---- reading: each function advances *P over its token; it returns -1 for any other text ---- */

static int take_word(const char **p, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*p, word, length) != 0)
		return -1;
	*p += length;
	return 0;
}

/* Parses the code that json_text writes for a control character. */
static int take_code(const char **p, struct buf *out)
{
	char digits[5] = "", *end;
	unsigned long code;

	for (size_t i = 0; i < 4 && (*p)[i] != '\0'; i++)
		digits[i] = (*p)[i];
	code = strtoul(digits, &end, 16);
	if (end != digits + 4 || code == 0 || code > 0x7f)
		return -1;
	buf_add_char(out, (char)code);
	*p += 4;
	return 0;
}

static int take_escape(const char **p, struct buf *out)
{
	if (take_word(p, "u") == 0)
		return take_code(p, out);
	if (take_word(p, "n") == 0)
		buf_add_char(out, '\n');
	else if (take_word(p, "\"") == 0)
		buf_add_char(out, '"');
	else if (take_word(p, "\\") == 0)
		buf_add_char(out, '\\');
	else
		return -1;
	return 0;
}

static int take_characters(const char **p, struct buf *out)
{
	while (**p != '"') {
		size_t plain = strcspn(*p, "\"\\\n");

		buf_add_n(out, *p, plain);
		*p += plain;
		if (**p == '"')
			break;
		if (take_word(p, "\\") < 0 || take_escape(p, out) < 0)
			return -1;
	}
	++*p;
	return 0;
}

/* Parses a string, or null if OR_NULL. */
static int take_text(const char **p, bool or_null, char **out)
{
	struct buf text = BUF_INIT;

	*out = NULL;
	if (or_null && take_word(p, "null") == 0)
		return 0;
	if (take_word(p, "\"") == 0 && take_characters(p, &text) == 0) {
		*out = buf_steal(&text);
		return 0;
	}
	buf_free(&text);
	return -1;
}

static int take_number(const char **p, uint64_t *out)
{
	char *end;

	if (**p < '0' || **p > '9')
		return -1;
	errno = 0;
	*out = strtoull(*p, &end, 10);
	*p = end;
	return errno == 0 ? 0 : -1;
}

static int take_end_of_line(const char **p)
{
	take_word(p, "\n");
	return **p == '\0' ? 0 : -1;
}

static int take_sum(const char **p, uint64_t *rows, struct checksum *checksum)
{
	char *text = NULL;
	int rc = -1;

	if (take_word(p, line_rows) == 0 && take_number(p, rows) == 0 &&
	    take_word(p, line_checksum) == 0 && take_text(p, false, &text) == 0 &&
	    take_word(p, "}") == 0 && take_end_of_line(p) == 0)
		rc = checksum_parse(text, checksum);
	free(text);
	return rc;
}

/* Parses strings separated by commas until another token follows; *COUNT is their number. */
static void take_list(const char **p, char ***out, size_t *count)
{
	char *text;

	*count = 0;
	while (*count < FIELDS_MAX && (*count == 0 || take_word(p, ",") == 0) &&
	       take_text(p, false, &text) == 0) {
		*out = xrealloc(*out, *count + 1, sizeof(**out));
		(*out)[(*count)++] = text;
	}
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void export_table_free(struct export_table *t)
{
	free(t->schema);
	free(t->key);
	free_list(t->fields, t->field_count);
	free_list(t->types, t->field_count);
	*t = (struct export_table){0};
}

int lines_parse_file(const char *text, unsigned *version, char **time)
{
	uint64_t number = 0;

	*time = NULL;
	if (take_word(&text, line_written) < 0 || take_number(&text, &number) < 0 ||
	    take_word(&text, line_time) < 0 || take_text(&text, false, time) < 0)
		return -1;
	*version = (unsigned)number;
	if (take_word(&text, "}") == 0 && take_end_of_line(&text) == 0)
		return 0;
	free(*time);
	*time = NULL;
	return -1;
}

int lines_parse_table(const char *text, struct export_table *out)
{
	struct export_table t = {0};
	size_t types = 0;
	bool good = take_word(&text, line_table) == 0 && take_text(&text, false, &t.schema) == 0 &&
		    take_word(&text, line_key) == 0 && take_text(&text, true, &t.key) == 0 &&
		    take_word(&text, line_fields) == 0;

	if (good) {
		take_list(&text, &t.fields, &t.field_count);
		good = take_word(&text, line_types) == 0;
	}
	if (good) {
		take_list(&text, &t.types, &types);
		good = types == t.field_count && take_word(&text, line_table_close) == 0 &&
		       take_end_of_line(&text) == 0;
	}
	if (good) {
		*out = t;
		return 0;
	}
	free_list(t.types, types);
	t.types = NULL;
	free_list(t.fields, t.field_count);
	t.field_count = 0;
	t.fields = NULL;
	export_table_free(&t);
	return -1;
}

int lines_parse_range(const char *text, struct range *out)
{
	struct range r = {0};

	if (take_word(&text, line_first) == 0 && take_text(&text, true, &r.first) == 0 &&
	    take_word(&text, line_last) == 0 && take_text(&text, true, &r.last) == 0 &&
	    (r.first == NULL) == (r.last == NULL) && take_sum(&text, &r.rows, &r.checksum) == 0) {
		*out = r;
		return 0;
	}
	free(r.first);
	free(r.last);
	return -1;
}

int lines_parse_end(const char *text, char **schema, uint64_t *rows, struct checksum *checksum)
{
	*schema = NULL;
	if (take_word(&text, line_end) == 0 && take_text(&text, true, schema) == 0 &&
	    take_sum(&text, rows, checksum) == 0)
		return 0;
	free(*schema);
	*schema = NULL;
	return -1;
}
