/* SPDX-License-Identifier: MIT */
/*
 * Makes a change for the staging log from a document and its schema: docs/protocol.md 7.2, 7.3 and
 * section 8.  It knows no database; record_ops looks up what it needs.
 */
#ifndef CAMPAIGN_API_RECORD_H
#define CAMPAIGN_API_RECORD_H

#include "schema/cast.h"
#include "soap/xml.h"
#include "staging/change.h"

struct record_ops { /* functions that return int: -1 with *P set */
	/* Finds a deployed schema by its id; NULL if there is none. */
	const struct schema *(*schema)(void *context, const char *id);
	/* Reads the field WANTED of the row of the local schema TARGET in which FIELDS have VALUES.
	 * The text in *OUT is NULL if there is no such row. */
	int (*find)(void *context, const struct schema *target, size_t wanted, const size_t *fields,
		    const struct db_value *values, size_t count, struct db_value *out,
		    struct fault_cause *p);
	/* Makes the next number for a primary key of S, in digits (R7.11). */
	int (*number)(void *context, const struct schema *s, const char **out,
		      struct fault_cause *p);
	void (*uuid)(char out[37]);
};

struct record_context {
	const struct record_ops *ops;
	void *ops_context;
	bool ext;	     /* true: IngestExt; false: Ingest */
	bool ignore_unknown; /* R7.5 */
	struct cast_options cast;
	struct arena *arena;
};

struct record {
	/* All members are set except operator and address, which the caller sets.  A change with
	 * OPERATION_NONE must not be staged. */
	struct change change;
	const char *made_id; /* R7.12: the primary key that the server made; else "" */
};

/* R7.8: true if ROOT's children are the records; false if ROOT is the record. */
bool record_is_collection(const struct xml_element *root, const struct schema *s);

/* Returns -1 with *P set.  All that RECORD points to lives in the context's arena. */
int record_read(const struct record_context *c, const struct schema *s, const struct xml_element *e,
		struct record *out, struct fault_cause *p);

#endif
