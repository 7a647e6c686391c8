/* SPDX-License-Identifier: MIT */
/* The table of methods as clients read it: inside served schemas, and as WSDL. */
#ifndef CAMPAIGN_API_METHOD_SCHEMA_H
#define CAMPAIGN_API_METHOD_SCHEMA_H

#include <stdbool.h>

#include "base/buf.h"

/* Whether ID is a service whose schema is not deployed but made of the table: xtk:session,
 * nms:replicationStrategy. */
bool method_schema_is_service(const char *id);
/* The whole document of such a service (for xtk:session: appendix A). */
void method_schema_service(struct buf *out, const char *id, char md5[33]);
/* <methods> with the methods of service ID; nothing if it has none. */
void method_schema_methods(struct buf *out, const char *id);

#endif
