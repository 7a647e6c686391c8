/* SPDX-License-Identifier: MIT */
/*
 * A compiled schema: the result of compiling a source (docs/protocol.md 5.2 and 5.3).
 * schema_compile (source.h) makes it; afterwards it is read-only, so threads can share it.
 */
#ifndef CAMPAIGN_SCHEMA_MODEL_H
#define CAMPAIGN_SCHEMA_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/types.h"

enum field_default { DEFAULT_NONE, DEFAULT_CONSTANT, DEFAULT_GETDATE, DEFAULT_NEWUUID };

struct field {
	char *xpath; /* canonical: "@email", "location/@city", "comment" */
	/* xpath without a leading "@": "email", "location/@city"; "./a" for an element if there is
	 * an attribute @a.  The log's _fields lists these names. */
	char *name;
	char *column; /* R5.6 */
	char *label;  /* "" if the source gives none */
	char *desc;
	char *enumeration;  /* name, or NULL */
	char *default_text; /* the cast constant of DEFAULT_CONSTANT; else NULL */
	enum field_default default_kind;
	enum xtk_type type;
	unsigned length;  /* characters; strings only */
	unsigned varchar; /* characters of its column, if that is a VARCHAR, else 0 (row.h) */
	bool is_element;  /* memo element: the value is the element's text */
	bool xml;
	bool not_null; /* notNull="true" */
	bool required;
	int link; /* index of the link whose foreign key this is; -1 for none */
};

struct key {
	char *name;
	size_t *fields; /* indexes into schema.fields */
	size_t field_count;
	bool internal;
	bool allow_empty_part;
	bool no_db_index;
};

struct dbindex {
	char *name;
	size_t *fields;
	size_t field_count;
	bool unique; /* as declared; the log and the cloud have plain indexes only: R10.4 */
};

struct link {
	char *name;   /* element name */
	char *target; /* "xtk:folder" */
	char *label;
	bool unbound;	    /* cardinality many: no foreign key here; using it gives CIN-100306 */
	int field;	    /* the foreign key's field; -1 when unbound */
	char *target_xpath; /* xpath-dst, "@id" */
	char *rev_link;	    /* or NULL */
};

struct schema {
	char *ns, *name;
	char *id;	  /* "dem:sampleTable" */
	char *staging_id; /* "dem:sampleTableStg"; NULL when not staged */
	char *label;
	char *table;	    /* R5.5, cloud; "dem_sampleTable" */
	char *log_table;    /* "dem_sampleTableStg_log"; NULL when not staged */
	char *staging_view; /* "dem_sampleTableStg" */
	char *reject_table; /* "dem_sampleTableStg_rej": like the log, for rejected changes */
	char *sequence; /* "dem_sampleTable_id"; NULL if ids are not generated numbers (R7.11) */
	char *source;	/* the source document, UTF-8 */
	struct field *fields;
	size_t field_count;
	struct key *keys; /* schema order, the internal one first (R5.7) */
	size_t key_count;
	struct dbindex *indexes;
	size_t index_count;
	struct link *links;
	size_t link_count;
	int pk; /* field of the internal key; -1 for none, or for a key of several fields */
	bool autopk, autouuid;
	bool staged;	 /* autoStg */
	bool local;	 /* no dataSource: its table is in the staging database */
	bool replicated; /* local, and copied to the cloud (R10.7): replicate="true" */
};

void schema_free(struct schema **schema);

/* Return an index, or -1 if there is none.  XPATH is in canonical form; NAME is a field.name or
 * link.name. */
int schema_field_by_xpath(const struct schema *s, const char *xpath);
int schema_field_by_name(const struct schema *s, const char *name);
/* The field stored in COLUMN; names of columns have no case in MariaDB.  -1 if there is none. */
int schema_field_by_column(const struct schema *s, const char *column);
int schema_link_by_name(const struct schema *s, const char *name);
/* True if PATH ("location", "a/b") is a structure element of S. */
bool schema_is_structure(const struct schema *s, const char *path);

/* Finds the field of one item of a _key list (R7.6), which has one of the forms @a, [@a], a, [a],
 * s/@a, [s/@a] and s/a, with blanks around it.  Returns the field's index, or -1.  For a name that
 * is both an attribute and an element it returns the attribute and sets *OTHER to the element's
 * field; otherwise *OTHER is -1.  If LINK is not NULL, "[folder/@name]" gives -1 with *LINK = the
 * link's index and *LINK_XPATH = "@name", which the caller frees. */
int schema_key_item(const struct schema *s, const char *item, size_t length, int *other, int *link,
		    char **link_xpath);

#endif
