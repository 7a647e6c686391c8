/* SPDX-License-Identifier: MIT */
/* Finds schemas by name; see named.h. */
#include "config.h"

#include "sync/named.h"

#include <stdio.h>

const struct schema *named_schema(const struct registry *r, const char *id)
{
	const struct schema *s = registry_find(r, id, NULL);

	if (s != NULL && (s->staged || s->replicated))
		return s;
	fprintf(stderr, "campaign-sync: schema '%s' is not %s\n", id,
		s == NULL ? "deployed" : "staged or copied");
	return NULL;
}
