/* SPDX-License-Identifier: MIT */
/* src/soap: faults are byte for byte as docs/protocol.md 3.3 shows them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "soap/codes.h"
#include "soap/response.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define BEGIN                                                                                      \
	"<?xml version='1.0'?>\n"                                                                  \
	"<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema' "                         \
	"xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "                                   \
	"xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>\n"                            \
	"<SOAP-ENV:Body>\n<SOAP-ENV:Fault>\n"
#define END "</SOAP-ENV:Fault>\n</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>\n"

static const struct fault_cause too_long = {.code = CODE_TOO_LONG,
					    .text = "Attribute 'testcol1' is longer than 255 "
						    "characters."};
static const struct fault_cause not_staged = {
    .code = CODE_RECORD_NOT_STAGED,
    .text = "Unable to save document of type 'Sample table (dem:sampleTableStg)'."};

static void R3_18_causes_innermost_first(void **state)
{
	const struct fault_cause causes[] = {too_long, not_staged};
	struct buf b = BUF_INIT;

	(void)state;
	soap_fault_write(&b, SOAP_FAULT_SERVER, CODE_METHOD_FAILED,
			 "Error while executing the method 'Ingest' of service "
			 "'xtk:persist|xtk:session'.",
			 causes, 2);
	assert_string_equal(
	    buf_text(&b),
	    BEGIN "<faultcode>SOAP-ENV:Server</faultcode>\n"
		  "<faultstring xsi:type='xsd:string'>SOP-330011 Error while executing the method "
		  "'Ingest' of service 'xtk:persist|xtk:session'.</faultstring>\n"
		  "<detail xsi:type='xsd:string'>CIN-100205 Attribute 'testcol1' is longer than "
		  "255 characters.\n"
		  "XSV-350023 Unable to save document of type 'Sample table "
		  "(dem:sampleTableStg)'.</detail>\n" END);
	buf_free(&b);
}

static const struct class_case {
	enum soap_fault_class class;
	const char *code;
	const char *expected;
} class_cases[] = {
    {SOAP_FAULT_CLIENT, CODE_XML,
     BEGIN "<faultcode>SOAP-ENV:Client</faultcode>\n<faultstring xsi:type='xsd:string'>"
	   "CIN-100001 T.</faultstring>\n" END},
    {SOAP_FAULT_SERVER, CODE_METHOD_FAILED,
     BEGIN "<faultcode>SOAP-ENV:Server</faultcode>\n<faultstring xsi:type='xsd:string'>"
	   "SOP-330011 T.</faultstring>\n" END},
    {SOAP_FAULT_VERSION, CODE_ENVELOPE_VERSION,
     BEGIN "<faultcode>SOAP-ENV:VersionMismatch</faultcode>\n"
	   "<faultstring xsi:type='xsd:string'>CIN-100003 T.</faultstring>\n" END},
    {SOAP_FAULT_MUST_UNDERSTAND, CODE_MUST_UNDERSTAND,
     BEGIN "<faultcode>SOAP-ENV:MustUnderstand</faultcode>\n"
	   "<faultstring xsi:type='xsd:string'>CIN-100004 T.</faultstring>\n" END},
    {SOAP_FAULT_MASKED, CODE_MASKED,
     BEGIN "<faultcode>SOAP-ENV:Error</faultcode>\n<faultstring xsi:type='xsd:string'>"
	   "SOP-330023 T.</faultstring>\n" END},
};

static void R3_16_fault_codes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(class_cases); i++) {
		buf_clear(&b);
		soap_fault_write(&b, class_cases[i].class, class_cases[i].code, "T.", NULL, 0);
		assert_string_equal(buf_text(&b), class_cases[i].expected);
	}
	buf_free(&b);
}

static void R3_19_masked_tells_no_causes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	soap_fault_write(&b, SOAP_FAULT_MASKED, CODE_MASKED, "T.", &too_long, 1);
	assert_null(strstr(b.data, "detail"));
	assert_null(strstr(b.data, "testcol1"));
	buf_free(&b);
}

/* Section 13: only the first line ends with the record's number. */
static void record_number_on_the_first_line(void **state)
{
	struct fault_cause causes[] = {too_long, not_staged};
	struct buf b = BUF_INIT;

	(void)state;
	causes[0].record = 17;
	causes[1].record = 17;
	soap_fault_write(&b, SOAP_FAULT_SERVER, CODE_METHOD_FAILED, "T.", causes, 2);
	assert_non_null(strstr(b.data, "CIN-100205 Attribute 'testcol1' is longer than 255 "
				       "characters. (record 17)\nXSV-350023 "));
	assert_non_null(strstr(b.data, "(dem:sampleTableStg)'.</detail>\n"));
	buf_free(&b);
}

static void texts_are_escaped(void **state)
{
	struct fault_cause cause = {.code = CODE_UNKNOWN_FIELD, .text = "<b>&\r\x02"};
	struct buf b = BUF_INIT;

	(void)state;
	soap_fault_write(&b, SOAP_FAULT_CLIENT, CODE_ACTION, "a < 'b'", &cause, 1);
	assert_non_null(strstr(b.data, ">CIN-100006 a &lt; 'b'</faultstring>"));
	assert_non_null(strstr(b.data, ">CIN-100202 &lt;b&gt;&amp;&#13;\xEF\xBF\xBD</detail>"));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R3_18_causes_innermost_first),
	    cmocka_unit_test(R3_16_fault_codes),
	    cmocka_unit_test(R3_19_masked_tells_no_causes),
	    cmocka_unit_test(record_number_on_the_first_line),
	    cmocka_unit_test(texts_are_escaped),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
