/* SPDX-License-Identifier: MIT */
/*
 * A change is one accepted record on its way into the staging log.  This header defines what the
 * columns of the log mean; the sync and the view read them:
 *
 *   _operation  1 insert, 2 insertOrUpdate, 3 update, 4 delete
 *   _key        canonical xpaths joined by ",": "@id", "@email,@folder-id"; empty only for a
 *               schema without primary key
 *   _fields     field names joined by ",", in schema order: every attribute that the document
 *               names, including key fields, and a primary key that the server made and
 *               returned.  A candidate (R7.13) has a value in its column but is not in _fields.
 *   _links      NULL, or look-ups that the replication has to make (R7.7): see change_links_read
 *
 * A delete carries its key fields only (R8.6).  If the document of a record names neither a key nor
 * the primary key, the server makes a primary key, names it in _fields, and the record reconciles
 * on it.  No other record has this key, so the change can be replayed without harm.
 */
#ifndef CAMPAIGN_STAGING_CHANGE_H
#define CAMPAIGN_STAGING_CHANGE_H

#include <stdint.h>

#include "base/buf.h"
#include "db/db.h"
#include "schema/model.h"

enum operation {
	OPERATION_INSERT = 1,
	OPERATION_UPSERT = 2, /* insertOrUpdate */
	OPERATION_UPDATE = 3,
	OPERATION_DELETE = 4,
	OPERATION_NONE = 0, /* never staged */
};

const char *operation_name(enum operation op); /* as in documents: "insertOrUpdate" */
int operation_parse(const char *name, enum operation *out);

/* Appends the names of a log's columns, which are also those of its reject table: _seq, _operation,
 * _key, _fields, _links, _at, _operator, _address, then the schema's, separated by commas. */
void change_columns(struct buf *sql, const struct schema *s);

struct change {
	const struct schema *schema;
	enum operation operation;
	const char *key;
	const char *fields;
	const char *links;	      /* NULL for none */
	const struct db_value *cells; /* one per schema field; text NULL: SQL NULL */
	const char *operator;	      /* login */
	const char *address;	      /* of the client; "" if not known */
};

/*
 * _links has one line per link: "<fk xpath>\t<target id>\t<key xpath>\t<value>[\t<key xpath>
 * \t<value>]...\n".  In values, backslash, tab and newline are written \\, \t, \n. change_link_add
 * starts a line, change_link_key adds a pair, change_link_end ends the line.
 */
void change_link_add(struct buf *links, const char *fk_xpath, const char *target);
void change_link_key(struct buf *links, const char *xpath, const char *value, size_t length);
void change_link_end(struct buf *links);

struct change_link {
	char *fk_xpath, *target;
	size_t key_count;
	char **xpaths, **values;
};
/* Parses all lines.  The result lives in ARENA; *COUNT is its length.  NULL: TEXT is malformed. */
struct arena;
struct change_link *change_links_read(struct arena *arena, const char *text, size_t *count);

#endif
