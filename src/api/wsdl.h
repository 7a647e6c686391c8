/* SPDX-License-Identifier: MIT */
/* GET /nl/jsp/schemawsdl.jsp?schema=ns:name: docs/protocol.md section 11. */
#ifndef CAMPAIGN_API_WSDL_H
#define CAMPAIGN_API_WSDL_H

#include "api/call.h"

/* Answers the request.  False: its password is being checked. */
bool wsdl_page(struct call *call);

/* Writes the WSDL 1.1 document of a service.  ADDRESS is soap:address.  LEGACY_BODY adds
 * encodingStyle and namespace to soap:body, as in the documented sample. */
void wsdl_write(struct buf *out, const char *ns, const char *name, const char *address,
		bool legacy_body);

#endif
