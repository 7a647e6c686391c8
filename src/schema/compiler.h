/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the schema compiler: source.c (the schema as a whole), source_fields.c
 * (attributes, elements, structures), source_keys.c (links, keys, indexes).  Private to them;
 * compiler.c implements the functions that all of them call.
 */
#ifndef CAMPAIGN_SCHEMA_COMPILER_H
#define CAMPAIGN_SCHEMA_COMPILER_H

#include "base/arena.h"
#include "schema/source.h"
#include "soap/xml.h"

/* The longest name in MariaDB, in characters.  Our names are ASCII, so these are bytes too. */
#define SQL_NAME_MAX   64
#define KEY_FIELDS_MAX 16  /* columns of an index */
#define FIELDS_MAX     350 /* so many long texts fit into a row (row.c) */

struct compiler {
	struct schema *schema; /* under construction */
	struct arena *arena;   /* holds the tree and temporary texts */
	const struct xml_element *root, *main;
	schema_lookup *find; /* may be NULL */
	void *context;
	struct buf *errors, *warnings;
	size_t error_count;
};

/* Append one line to the errors or warnings; the format has no newline. */
void compiler_error(struct compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void compiler_warning(struct compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Returns TEXT of the source in a form that is safe in an error (fault_quote).  NULL counts as
 * "". */
const char *compiler_quote(struct compiler *c, const char *text);

/* True if TEXT has only letters, digits and "_", with DASH also "-", and begins with a letter. */
bool compiler_is_name(const char *text, bool dash);
/* Returns a boolean attribute of E.  An absent one is false, an invalid one is an error. */
bool compiler_flag(struct compiler *c, const struct xml_element *e, const char *name);
/* Returns the attribute's value, or NULL if it is absent or empty. */
const char *compiler_text(const struct xml_element *e, const char *name);
/* Makes room for one more item in a list of COUNT items; returns the list, which may have moved. */
void *compiler_grow(void *list, size_t count, size_t item_size);

/* Appends a field with every text set.  The pointer is valid until the next field is added. */
struct field *compiler_field(struct compiler *c, const char *xpath, const char *column,
			     enum xtk_type type);
/* Adds all fields of the main element, the autopk first.  Ignores link elements. */
void compiler_fields(struct compiler *c);
/* Returns the default length of TYPE, or 0 for a type without a length. */
unsigned compiler_default_length(enum xtk_type type);

/* Call these in this order.  compiler_links adds foreign keys as fields; compiler_link_types sets
 * their types, for which the keys must be known. */
void compiler_links(struct compiler *c);
void compiler_keys(struct compiler *c);
void compiler_link_types(struct compiler *c);

#endif
