/* SPDX-License-Identifier: MIT */
/*
 * A document and its schema become a change for the staging log: docs/protocol.md 7.2, 7.3
 * and section 8.  Knows no database: what it has to ask for, it asks through record_ops.
 */
#ifndef CAMPAIGN_API_RECORD_H
#define CAMPAIGN_API_RECORD_H

#include "schema/cast.h"
#include "soap/xml.h"
#include "staging/change.h"

struct record_ops { /* those that return int: -1 with *P set */
	/* A deployed schema; NULL if there is none of this id. */
	const struct schema *(*schema)(void *context, const char *id);
	/* The field WANTED of a row of the local schema TARGET whose FIELDS have VALUES; text
	 * NULL in *OUT if there is no such row. */
	int (*find)(void *context, const struct schema *target, size_t wanted, const size_t *fields,
		    const struct db_value *values, size_t count, struct db_value *out,
		    struct fault_cause *p);
	/* The next number for a primary key of S, in digits (R7.11). */
	int (*number)(void *context, const struct schema *s, const char **out,
		      struct fault_cause *p);
	void (*uuid)(char out[37]);
};

struct record_context {
	const struct record_ops *ops;
	void *ops_context;
	bool ext;	     /* IngestExt; else Ingest */
	bool ignore_unknown; /* R7.5 */
	struct cast_options cast;
	struct arena *arena;
};

struct record {
	/* All but operator and address, which the caller knows.  Do not stage OPERATION_NONE. */
	struct change change;
	const char *made_id; /* R7.12: the primary key that the server made; "" if it did not */
};

/* R7.8: whether ROOT's children are the records, and not ROOT itself. */
bool record_is_collection(const struct xml_element *root, const struct schema *s);

/* -1 with *P set.  What RECORD points to lives in the context's arena. */
int record_read(const struct record_context *c, const struct schema *s, const struct xml_element *e,
		struct record *out, struct fault_cause *p);

#endif
