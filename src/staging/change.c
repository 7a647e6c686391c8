/* SPDX-License-Identifier: MIT */
/*
 * The names of the operations, and the text form of links: the API writes it, the sync reads it.  A
 * text that this file did not write is refused as a whole.
 */
#include "config.h"

#include "staging/change.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

static const struct {
	const char *name;
	enum operation operation;
} operations[] = {
    {"insert", OPERATION_INSERT}, {"insertOrUpdate", OPERATION_UPSERT},
    {"update", OPERATION_UPDATE}, {"delete", OPERATION_DELETE},
    {"none", OPERATION_NONE},
};

#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))

const char *operation_name(enum operation op)
{
	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		if (operations[i].operation == op)
			return operations[i].name;
	}
	return "none";
}

int operation_parse(const char *name, enum operation *out)
{
	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		if (strcmp(operations[i].name, name) == 0) {
			*out = operations[i].operation;
			return 0;
		}
	}
	return -1;
}

static void add_escaped(struct buf *links, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		switch (text[i]) {
		case '\\':
			buf_add(links, "\\\\");
			break;
		case '\t':
			buf_add(links, "\\t");
			break;
		case '\n':
			buf_add(links, "\\n");
			break;
		default:
			buf_add_char(links, text[i]);
		}
	}
}

void change_link_add(struct buf *links, const char *fk_xpath, const char *target)
{
	buf_add(links, fk_xpath);
	buf_add_char(links, '\t');
	buf_add(links, target);
}

void change_link_key(struct buf *links, const char *xpath, const char *value, size_t length)
{
	buf_add_char(links, '\t');
	buf_add(links, xpath);
	buf_add_char(links, '\t');
	add_escaped(links, value, length);
}

void change_link_end(struct buf *links)
{
	buf_add_char(links, '\n');
}

/* Reverses add_escaped in place.  Returns -1 at a sequence that add_escaped never writes. */
static int unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		switch (*++from) {
		case '\\':
			*to++ = '\\';
			break;
		case 't':
			*to++ = '\t';
			break;
		case 'n':
			*to++ = '\n';
			break;
		default:
			return -1;
		}
	}
	*to = '\0';
	return 0;
}

static size_t count_char(const char *text, char c)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == c;
	return count;
}

/* LINE has no newline; strsep() writes into it. */
static int read_link(struct arena *arena, char *line, struct change_link *out)
{
	size_t parts = count_char(line, '\t') + 1;

	if (parts < 4 || parts % 2 != 0)
		return -1;
	out->fk_xpath = strsep(&line, "\t");
	out->target = strsep(&line, "\t");
	out->key_count = (parts - 2) / 2;
	out->xpaths = arena_alloc(arena, out->key_count * sizeof(char *));
	out->values = arena_alloc(arena, out->key_count * sizeof(char *));
	if (*out->fk_xpath == '\0' || *out->target == '\0')
		return -1;
	for (size_t i = 0; i < out->key_count; i++) {
		out->xpaths[i] = strsep(&line, "\t");
		out->values[i] = strsep(&line, "\t");
		if (*out->xpaths[i] == '\0' || unescape(out->values[i]) < 0)
			return -1;
	}
	return 0;
}

struct change_link *change_links_read(struct arena *arena, const char *text, size_t *count)
{
	size_t lines = count_char(text, '\n');
	struct change_link *links = arena_alloc(arena, (lines + 1) * sizeof(*links));
	char *rest = arena_strdup(arena, text);

	for (size_t i = 0; i < lines; i++) {
		if (read_link(arena, strsep(&rest, "\n"), &links[i]) < 0)
			return NULL;
	}
	if (*rest != '\0') /* the last line has no newline: the text was cut */
		return NULL;
	*count = lines;
	return links;
}

void change_columns(struct buf *sql, const struct schema *s)
{
	buf_add(sql, "_seq, _operation, _key, _fields, _links, _at, _operator, _address");
	for (size_t i = 0; i < s->field_count; i++) {
		buf_add(sql, ", ");
		db_quote_name(sql, s->fields[i].column);
	}
}
