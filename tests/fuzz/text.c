/* SPDX-License-Identifier: MIT */
/*
 * The functions that write a client's text into a form that is parsed later: XML content and
 * values, names in faults, log lines, JSON, SQL literals, the lines of _links, query strings.  An
 * input is any text.  The output keeps its form, and unless a character has to be replaced, parsing
 * it gives the same text.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "fuzz.h"
#include "schema/ddl.h"
#include "soap/envelope.h"
#include "soap/xml.h"
#include "staging/change.h"

/* The texts parsed from <a v="TEXT">TEXT</a>. */
struct copy {
	const char *value, *content;
};

static struct copy through_xml(const char *text, struct arena *arena)
{
	const struct xml_element *e;
	struct buf out = BUF_INIT;
	struct fault_cause p;

	buf_add(&out, "<a v=\"");
	xml_escape(&out, text);
	buf_add(&out, "\" w='");
	xml_escape_n(&out, text, strlen(text));
	buf_add(&out, "'>");
	xml_escape_content(&out, text);
	buf_add(&out, "</a>");
	FUZZ_CHECK(fuzz_is_xml_text(out.data));
	e = xml_parse(out.data, out.length, NULL, &xml_limits_default, arena, &p);
	FUZZ_CHECK(e != NULL && e->child_count == 0 && e->attribute_count == 2);
	FUZZ_CHECK(strcmp(e->attributes[0].value, e->attributes[1].value) == 0);
	buf_free(&out);
	return (struct copy){e->attributes[0].value, e->text};
}

/* Bytes that XML does not allow are replaced once; a second pass changes nothing. */
static void check_xml(const char *text, struct arena *arena)
{
	struct copy once = through_xml(text, arena), twice = through_xml(once.value, arena);

	FUZZ_CHECK(strcmp(once.value, once.content) == 0);
	FUZZ_CHECK(strcmp(once.value, twice.value) == 0);
	if (fuzz_is_xml_text(text))
		FUZZ_CHECK(strcmp(once.value, text) == 0);
}

static void check_names(const char *text)
{
	char name[FAULT_NAME_SIZE], line[64];
	struct fault_cause p = {0};

	FUZZ_CHECK(fault_quote(name, text) == name);
	FUZZ_CHECK(fuzz_is_one_line(name) && strstr(name, "XSV-350008") == NULL);
	fault_cause_set(&p, "CIN-100001", "'%s' and '%s' and '%s'", name, name, name);
	fuzz_check_cause(&p);

	for (size_t size = 1; size <= sizeof(line); size *= 2) {
		log_escape(line, size, text);
		FUZZ_CHECK(strlen(line) < size);
		for (const char *c = line; *c != '\0'; c++)
			FUZZ_CHECK(*c >= ' ' && *c <= '~');
	}
}

/* A JSON string is quoted, and nothing inside it ends it early. */
static void check_json(const char *text)
{
	struct buf out = BUF_INIT;
	const char *s;

	json_text(&out, text);
	FUZZ_CHECK(fuzz_is_one_line(out.data) || strchr(out.data, 0x7F) != NULL);
	FUZZ_CHECK(out.length >= 2 && out.data[0] == '"');
	for (s = out.data + 1; *s != '"'; s++) {
		FUZZ_CHECK((unsigned char)*s >= ' ');
		if (*s == '\\')
			FUZZ_CHECK(*++s != '\0' && strchr("\"\\/bfnrtu", *s) != NULL);
	}
	FUZZ_CHECK(s == out.data + out.length - 1);
	buf_free(&out);
}

/* Parses a literal as MariaDB does. */
static void check_sql(const char *text, struct arena *arena)
{
	struct buf out = BUF_INIT;
	char *back, *to;
	const char *s;

	ddl_quote_text(&out, text);
	FUZZ_CHECK(out.length >= 2 && out.data[0] == '\'' && out.data[out.length - 1] == '\'');
	back = to = arena_alloc(arena, out.length + 1);
	for (s = out.data + 1; s < out.data + out.length - 1; s++) {
		if (*s == '\'' || *s == '\\') {
			FUZZ_CHECK(s[1] == *s);
			s++;
		}
		*to++ = *s;
	}
	*to = '\0';
	FUZZ_CHECK(s == out.data + out.length - 1 && strcmp(back, text) == 0);
	buf_clear(&out);
	db_quote_name(&out, text);
	FUZZ_CHECK(out.data[0] == '`' && out.data[out.length - 1] == '`');
	for (s = out.data + 1; s < out.data + out.length - 1; s++)
		if (*s == '`')
			FUZZ_CHECK(*++s == '`' && s < out.data + out.length - 1);
	buf_free(&out);
}

/* R7.7: the API writes these lines, the replication reads them. */
static void check_links(const char *text, struct arena *arena)
{
	struct buf lines = BUF_INIT;
	struct change_link *links;
	size_t count;

	for (int i = 0; i < 2; i++) {
		change_link_add(&lines, "@folder-id", "xtk:folder");
		change_link_key(&lines, "@name", text, strlen(text));
		change_link_key(&lines, "@label", "", 0);
		change_link_end(&lines);
	}
	links = change_links_read(arena, buf_text(&lines), &count);
	FUZZ_CHECK(links != NULL && count == 2 && links[1].key_count == 2);
	FUZZ_CHECK(strcmp(links[1].fk_xpath, "@folder-id") == 0);
	FUZZ_CHECK(strcmp(links[1].values[0], text) == 0 && links[1].values[1][0] == '\0');
	buf_free(&lines);
	/* Any other text is refused, or consists of lines with pairs. */
	links = change_links_read(arena, text, &count);
	for (size_t i = 0; links != NULL && i < count; i++)
		FUZZ_CHECK(*links[i].target != '\0' && links[i].key_count > 0);
}

static void check_query(const char *text, struct arena *arena)
{
	struct buf query = BUF_INIT;
	const char *value;

	buf_add(&query, "a=1&soapAction=");
	for (const char *s = text; *s != '\0'; s++)
		buf_addf(&query, "%%%02X", (unsigned char)*s);
	buf_add(&query, "&b=2");
	value = soap_query_value(query.data, "soapAction", arena);
	FUZZ_CHECK(value != NULL && strcmp(value, text) == 0);
	buf_free(&query);
	value = soap_query_value(text, "a", arena);
	FUZZ_CHECK(value == NULL || strlen(value) < strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct fuzz_input in;
	const char *text;

	fuzz_open(&in, data, size);
	text = fuzz_rest(&in);
	check_xml(text, arena);
	check_names(text);
	check_json(text);
	check_sql(text, arena);
	check_links(text, arena);
	check_query(text, arena);
	arena_free(&arena);
	fuzz_close(&in);
	return 0;
}
