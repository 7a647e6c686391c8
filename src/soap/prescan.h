/* SPDX-License-Identifier: MIT */
/*
 * Checks the limits of docs/protocol.md 2.3 that must hold before libxml2 runs.  Private to
 * src/soap.
 */
#ifndef CAMPAIGN_SOAP_PRESCAN_H
#define CAMPAIGN_SOAP_PRESCAN_H

#include "soap/charset.h"
#include "soap/xml.h"

/* Returns -1 with *P set to CODE_XML_LIMIT, or to CODE_XML for a NUL.  0 does not mean that TEXT is
 * well-formed. */
int prescan(const struct charset_text *text, const struct xml_limits *limits,
	    struct fault_cause *p);

#endif
