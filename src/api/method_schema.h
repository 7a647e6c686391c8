/* SPDX-License-Identifier: MIT */
/* Writes the table of methods for clients: in served schemas and as WSDL. */
#ifndef CAMPAIGN_API_METHOD_SCHEMA_H
#define CAMPAIGN_API_METHOD_SCHEMA_H

#include <stdbool.h>

#include "base/buf.h"

/* True if ID is a service whose schema is not deployed but generated from the table: xtk:session,
 * nms:replicationStrategy. */
bool method_schema_is_service(const char *id);
/* Writes the whole schema document of such a service (for xtk:session: appendix A). */
void method_schema_service(struct buf *out, const char *id, char md5[33]);
/* Writes <methods> with the methods of service ID; nothing if it has none. */
void method_schema_methods(struct buf *out, const char *id);

#endif
