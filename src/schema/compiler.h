/* SPDX-License-Identifier: MIT */
/*
 * What the files of the compiler share: source.c (the schema as a whole), source_fields.c
 * (attributes, elements, structures), source_keys.c (links, keys, indexes).  For them only.
 */
#ifndef CAMPAIGN_SCHEMA_COMPILER_H
#define CAMPAIGN_SCHEMA_COMPILER_H

#include "base/alloc.h"
#include "schema/source.h"
#include "soap/xml.h"

/* What MariaDB takes as a name.  Our names are ASCII, so bytes are characters. */
#define SQL_NAME_MAX   64
#define KEY_FIELDS_MAX 16  /* columns of an index */
#define FIELDS_MAX     350 /* so many long texts fit into a row (row.c) */

struct compiler {
	struct schema *schema; /* under construction */
	struct arena *arena;   /* the tree, and names made for it */
	const struct xml_element *root, *main;
	schema_lookup *find; /* may be NULL */
	void *context;
	struct buf *errors, *warnings;
	size_t error_count;
};

/* One line, without the newline. */
void compiler_error(struct compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void compiler_warning(struct compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* TEXT of the source made fit for a line of errors; NULL counts as "". */
const char *compiler_quote(struct compiler *c, const char *text);

/* Letters, digits and "_", beginning with a letter; with DASH also "-". */
bool compiler_is_name(const char *text, bool dash);
/* A boolean attribute of E; absent is false, another text is an error. */
bool compiler_flag(struct compiler *c, const struct xml_element *e, const char *name);
/* The attribute's value; NULL if absent or empty. */
const char *compiler_text(const struct xml_element *e, const char *name);
/* Makes room for one more item in a list of COUNT: returns LIST, perhaps moved. */
void *compiler_grow(void *list, size_t count, size_t item_size);

/* A new field with every text set, appended; valid until the next one is added. */
struct field *compiler_field(struct compiler *c, const char *xpath, const char *column,
			     enum xtk_type type);
/* All fields of the main element, the autopk's first.  Link elements are passed over. */
void compiler_fields(struct compiler *c);
/* Default length and, where there is none, 0. */
unsigned compiler_default_length(enum xtk_type type);

/* Foreign keys are added as fields; their types come last, when the keys are known. */
void compiler_links(struct compiler *c);
void compiler_keys(struct compiler *c);
void compiler_link_types(struct compiler *c);

#endif
