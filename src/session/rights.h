/* SPDX-License-Identifier: MIT */
/* Named rights and their scope: docs/protocol.md 4.4. */
#ifndef CAMPAIGN_SESSION_RIGHTS_H
#define CAMPAIGN_SESSION_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

enum right { RIGHT_ADMIN, RIGHT_INGEST, RIGHT_SUBSCRIBE, RIGHT_REPLICATE, RIGHT_NONE };

struct right_grant {
	enum right right;
	char scope[131]; /* "": every schema; "dem:sampleTable"; "dem:*" */
};

const char *right_name(enum right r); /* "admin", ... */
int right_parse_name(const char *name, enum right *out);
/* Accepts "ingest", "ingest=dem:sampleTable", "ingest=dem:*"; returns -1 for other texts. */
int right_grant_parse(const char *text, struct right_grant *out);

/* True if one of GRANTS allows RIGHT on SCHEMA (a source id; NULL: a grant of any scope is
 * enough). */
bool right_allows(const struct right_grant *grants, size_t count, enum right right,
		  const char *schema);

#endif
