/* SPDX-License-Identifier: MIT */
/*
 * Writes faults: docs/protocol.md 3.3, R3.15 to R3.19.  The caller decides whether a fault is
 * masked; this file leaves the causes out of a masked fault.
 */
#include "config.h"

#include "soap/response.h"

#include "soap/xml.h"

static const char *const fault_codes[] = {/* R3.16 */
					  [SOAP_FAULT_CLIENT] = "Client",
					  [SOAP_FAULT_SERVER] = "Server",
					  [SOAP_FAULT_VERSION] = "VersionMismatch",
					  [SOAP_FAULT_MUST_UNDERSTAND] = "MustUnderstand",
					  [SOAP_FAULT_MASKED] = "Error"};

static void write_line(struct buf *out, const char *code, const char *text)
{
	buf_add(out, code);
	buf_add_char(out, ' ');
	xml_escape_content(out, text);
}

/* R3.18; the first line ends with the number of the record in a collection (section 13). */
static void write_detail(struct buf *out, const struct fault_cause *causes, size_t count)
{
	buf_add(out, "<detail xsi:type='xsd:string'>");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(out, '\n');
		write_line(out, causes[i].code, causes[i].text);
		if (i == 0 && causes[i].record > 0)
			buf_addf(out, " (record %lu)", causes[i].record);
	}
	buf_add(out, "</detail>\n");
}

void soap_fault_write(struct buf *out, enum soap_fault_class class, const char *code,
		      const char *text, const struct fault_cause *causes, size_t cause_count)
{
	buf_add(out, "<?xml version='1.0'?>\n"
		     "<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema'"
		     " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
		     " xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>\n"
		     "<SOAP-ENV:Body>\n<SOAP-ENV:Fault>\n<faultcode>SOAP-ENV:");
	buf_add(out, fault_codes[class]);
	buf_add(out, "</faultcode>\n<faultstring xsi:type='xsd:string'>");
	write_line(out, code, text);
	buf_add(out, "</faultstring>\n");
	if (cause_count > 0 && class != SOAP_FAULT_MASKED)
		write_detail(out, causes, cause_count);
	buf_add(out, "</SOAP-ENV:Fault>\n</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>\n");
}
