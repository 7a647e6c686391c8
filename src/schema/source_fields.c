/* SPDX-License-Identifier: MIT */
/*
 * Compiles the fields of a source: attributes, memo elements, structures, the autopk (R5.3 to
 * R5.8), and their defaults (R5.12).  Refuses types that this server does not store, defaults that
 * it cannot evaluate, and names that are not possible in SQL or in a list of names.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "schema/cast.h"
#include "schema/compiler.h"

#define LENGTH_MAX 16383 /* characters of the longest VARCHAR of utf8mb4 */

static void set_text(char **holder, const char *text)
{
	if (text == NULL)
		return;
	free(*holder);
	*holder = xstrdup(text);
}

static int read_type(struct compiler *c, const struct xml_element *e, const char *xpath,
		     enum xtk_type *type)
{
	const char *name = compiler_text(e, "type");

	*type = XTK_STRING;
	if (name == NULL || xtk_type_parse(name, type) == 0)
		return 0;
	if (strcmp(name, "bin") == 0 || strcmp(name, "ANY") == 0 || strcmp(name, "primarykey") == 0)
		compiler_error(c, "'%s': type \"%s\" is not stored by this server", xpath, name);
	else if (strcmp(name, "link") == 0)
		compiler_error(c, "'%s': a link must be an element", xpath);
	else
		compiler_error(c, "'%s': unknown type \"%s\"", xpath, compiler_quote(c, name));
	return -1;
}

static void read_length(struct compiler *c, const struct xml_element *e, struct field *f)
{
	const char *text = compiler_text(e, "length");
	char *end;
	long value;

	if (text == NULL || !xtk_type_has_length(f->type) || f->type == XTK_UUID)
		return; /* numbers and memos have no length, R5.8 fixes that of a uuid */
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < 1 || value > LENGTH_MAX)
		compiler_error(c, "'%s': length=\"%s\" is not between 1 and %d", f->xpath,
			       compiler_quote(c, text), LENGTH_MAX);
	else
		f->length = (unsigned)value;
}

static void read_enumeration(struct compiler *c, const struct xml_element *e, struct field *f)
{
	const char *name = compiler_text(e, "enum");

	if (name == NULL)
		return;
	f->enumeration = xstrdup(name);
	if (strchr(name, ':') != NULL)
		return; /* an enumeration of another schema */
	for (const struct xml_element *n = c->root->first_child; n != NULL; n = n->next) {
		const char *known = xml_attribute(n, "name");

		if (strcmp(n->name, "enumeration") == 0 && known != NULL &&
		    strcmp(known, name) == 0)
			return;
	}
	compiler_warning(c, "'%s': there is no enumeration \"%s\"", f->xpath,
			 compiler_quote(c, name));
}

static bool is_moment(enum xtk_type type)
{
	return type == XTK_DATE || type == XTK_DATETIME || type == XTK_DATETIMETZ ||
	       type == XTK_DATETIMENOTZ;
}

/* [sign] digits [. digits] */
static bool is_plain_number(const char *text)
{
	static const char digits[] = "0123456789";
	size_t whole, fraction = 0;

	if (*text == '-' || *text == '+')
		text++;
	whole = strspn(text, digits);
	text += whole;
	if (*text == '.') {
		fraction = strspn(++text, digits);
		text += fraction;
	}
	return whole + fraction > 0 && *text == '\0';
}

/* Returns the constant of a default without its quotes, or NULL if TEXT is not a constant. */
static const char *constant_of(struct compiler *c, const char *text)
{
	size_t n = strlen(text);

	if (n >= 2 && (text[0] == '\'' || text[0] == '"') && text[n - 1] == text[0] &&
	    memchr(text + 1, text[0], n - 2) == NULL)
		return arena_strndup(c->arena, text + 1, n - 2);
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || is_plain_number(text))
		return text;
	return NULL;
}

/* A default that is a date-time without a zone is in UTC, so that a schema means the same on every
 * server. */
static void read_constant(struct compiler *c, struct field *f, const char *text)
{
	const struct cast_options options = {.lenient = false, .timezone = "UTC"};
	struct db_value value = DB_NULL;
	struct fault_cause p = {0};

	if (f->type == XTK_BLOB) {
		compiler_error(c, "'%s': a blob cannot have a default", f->xpath);
		return;
	}
	if (cast_value(f, text, &options, c->arena, &value, &p) < 0) {
		compiler_error(c, "'%s': the default does not fit the type: %s", f->xpath, p.text);
		return;
	}
	if (value.text == NULL)
		return; /* an empty string and an absent value are both NULL */
	f->default_kind = DEFAULT_CONSTANT;
	f->default_text = xstrndup(value.text, value.length);
}

/* R5.12 */
static void read_default(struct compiler *c, const struct xml_element *e, struct field *f)
{
	const char *text = compiler_text(e, "default");
	const char *constant;

	if (text == NULL)
		return;
	constant = constant_of(c, text);
	if (constant != NULL) {
		read_constant(c, f, constant);
	} else if (strcmp(text, "GetDate()") == 0) {
		f->default_kind = DEFAULT_GETDATE;
		if (!is_moment(f->type))
			compiler_error(c, "'%s': GetDate() does not fit type %s", f->xpath,
				       xtk_type_name(f->type));
	} else if (strcmp(text, "NewUuid()") == 0) {
		f->default_kind = DEFAULT_NEWUUID;
		if (!xtk_type_is_text(f->type) || (f->length != 0 && f->length < 36))
			compiler_error(c, "'%s': NewUuid() does not fit type %s", f->xpath,
				       xtk_type_name(f->type));
	} else {
		compiler_error(
		    c,
		    "'%s': unsupported default \"%s\"; supported are a quoted constant, a "
		    "number, true, false, GetDate() and NewUuid()",
		    f->xpath, compiler_quote(c, text));
	}
}

/* R5.6: makes location_city of "location" and "city". */
static char *column_name(const char *path, const char *name)
{
	char *column = path[0] == '\0' ? xstrdup(name) : xasprintf("%s_%s", path, name);

	for (char *p = column; *p != '\0'; p++)
		if (*p == '/')
			*p = '_';
	return column;
}

static void check_column(struct compiler *c, const struct field *f, bool sqlname)
{
	if (sqlname && !compiler_is_name(f->column, false))
		compiler_error(c, "'%s': sqlname=\"%s\" is not a plain name", f->xpath,
			       compiler_quote(c, f->column));
	else if (strlen(f->column) > SQL_NAME_MAX)
		compiler_error(c, "'%s': the column name has more than %d bytes; give a sqlname",
			       compiler_quote(c, f->xpath), SQL_NAME_MAX);
}

/* Returns the name of a field, link or structure, or NULL after an error. */
static const char *read_name(struct compiler *c, const struct xml_element *e, const char *path)
{
	const char *name = compiler_text(e, "name");

	if (name == NULL)
		compiler_error(c, "<%s> in '%s' has no name", compiler_quote(c, e->name),
			       path[0] != '\0' ? path : c->schema->name);
	else if (name[0] == '_')
		compiler_error(c, "'%s': names beginning with _ are reserved",
			       compiler_quote(c, name));
	else if (!compiler_is_name(name, true))
		compiler_error(c,
			       "'%s': only letters, digits, _ and - are allowed in names, and a "
			       "letter comes first",
			       compiler_quote(c, name));
	else
		return name;
	return NULL;
}

static char *field_xpath(const char *path, const char *name, bool is_element)
{
	return xasprintf("%s%s%s%s", path, path[0] != '\0' ? "/" : "", is_element ? "" : "@", name);
}

static void read_properties(struct compiler *c, const struct xml_element *e, struct field *f)
{
	set_text(&f->label, xml_attribute(e, "label"));
	set_text(&f->desc, xml_attribute(e, "desc"));
	f->xml = compiler_flag(c, e, "xml");
	f->not_null = compiler_flag(c, e, "notNull");
	f->required = compiler_flag(c, e, "required");
	read_length(c, e, f);
	read_enumeration(c, e, f);
	read_default(c, e, f);
	if (compiler_text(e, "expr") != NULL)
		compiler_warning(c, "'%s': expr has no effect, the field is stored", f->xpath);
}

/* R5.7: with autopk, an attribute id in the source must be like the one that autopk adds; numbers
 * may be declared wider. */
static void read_own_id(struct compiler *c, const struct xml_element *e)
{
	struct field *id = &c->schema->fields[0];
	enum xtk_type type;

	if (read_type(c, e, "@id", &type) < 0)
		return;
	if (id->type == XTK_LONG && type == XTK_INT64)
		id->type = type;
	if (type != id->type || compiler_text(e, "default") != NULL ||
	    (compiler_text(e, "sqlname") != NULL && strcmp(compiler_text(e, "sqlname"), "id") != 0))
		compiler_error(c,
			       "'@id' differs from the one that autopk adds (type %s, column id): "
			       "remove it",
			       xtk_type_name(id->type));
	set_text(&id->label, xml_attribute(e, "label"));
	set_text(&id->desc, xml_attribute(e, "desc"));
}

static void read_field(struct compiler *c, const struct xml_element *e, const char *path,
		       bool is_element)
{
	const char *name = read_name(c, e, path);
	const char *sqlname = compiler_text(e, "sqlname");
	char *xpath = NULL, *column = NULL;
	enum xtk_type type;
	struct field *f;

	if (name == NULL)
		return;
	xpath = field_xpath(path, name, is_element);
	if (c->schema->autopk && strcmp(xpath, "@id") == 0) {
		read_own_id(c, e);
	} else if (read_type(c, e, xpath, &type) == 0) {
		column = sqlname != NULL ? xstrdup(sqlname) : column_name(path, name);
		f = compiler_field(c, xpath, column, type);
		f->is_element = is_element;
		check_column(c, f, sqlname != NULL);
		read_properties(c, e, f);
	}
	free(column);
	free(xpath);
}

static bool has_fields(const struct xml_element *e)
{
	for (const struct xml_element *n = e->first_child; n != NULL; n = n->next)
		if (strcmp(n->name, "attribute") == 0 || strcmp(n->name, "element") == 0)
			return true;
	return false;
}

static void read_fields(struct compiler *c, const struct xml_element *parent, const char *path);

static void read_structure(struct compiler *c, const struct xml_element *e, const char *path)
{
	const char *name = read_name(c, e, path);
	char *inner;

	if (name == NULL)
		return;
	if (compiler_text(e, "type") != NULL) {
		compiler_error(c, "<element name=\"%s\"> has both a type and fields of its own",
			       name);
		return;
	}
	inner = field_xpath(path, name, true);
	read_fields(c, e, inner);
	free(inner);
}

static void read_element(struct compiler *c, const struct xml_element *e, const char *path)
{
	const char *type = compiler_text(e, "type");

	if (type != NULL && strcmp(type, "link") == 0) {
		const char *name = read_name(c, e, path);

		if (path[0] != '\0' && name != NULL)
			compiler_error(c, "<element name=\"%s\">: a link cannot be part of '%s'",
				       name, path);
		return; /* compiler_links reads it */
	}
	if (compiler_text(e, "ref") != NULL || compiler_text(e, "template") != NULL)
		compiler_warning(c, "<element name=\"%s\">: ref and template have no effect",
				 compiler_quote(c, xml_attribute(e, "name")));
	if (has_fields(e))
		read_structure(c, e, path);
	else
		read_field(c, e, path, true);
}

static void read_fields(struct compiler *c, const struct xml_element *parent, const char *path)
{
	for (const struct xml_element *e = parent->first_child; e != NULL; e = e->next) {
		if (strcmp(e->name, "attribute") == 0)
			read_field(c, e, path, false);
		else if (strcmp(e->name, "element") == 0)
			read_element(c, e, path);
	}
}

void compiler_fields(struct compiler *c)
{
	if (c->schema->autopk) /* R5.7 */
		compiler_field(c, "@id", "id", c->schema->autouuid ? XTK_UUID : XTK_LONG);
	read_fields(c, c->main, "");
}
