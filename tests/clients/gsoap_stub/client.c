/* SPDX-License-Identifier: MIT */
/*
 * usage: client BASE LOGIN PASSWORD
 *
 * A program on top of what gSOAP generates from the WSDL of xtk:session and nms:subscription:
 * logs on, ingests a row, provokes a fault, subscribes, logs off.  Prints what came of it, a line
 * each: name, tab, value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soapH.h"
#include "sessionMethodsSoap.nsmap"

static char endpoint[1024];

static void fail(struct soap *soap, const char *what)
{
	fprintf(stderr, "%s failed:\n", what);
	soap_print_fault(soap, stderr);
	exit(1);
}

static char *ingest(struct soap *soap, char *token, char *document)
{
	struct _session__Ingest in = {.sessiontoken = token};
	struct _wpp__IngestResponse out;

	in.domDoc.__any = document;
	if (soap_call___session__Ingest(soap, endpoint, NULL, &in, &out) != SOAP_OK)
		return NULL;
	return out.pstrSUuids;
}

static char *logon(struct soap *soap, char *login, char *password)
{
	struct session__Element nothing = {0};
	struct _session__Logon in = {.sessiontoken = "",
				     .strLogin = login,
				     .strPassword = password,
				     .elemParameters = &nothing};
	struct _session__LogonResponse out;

	if (soap_call___session__Logon(soap, endpoint, NULL, &in, &out) != SOAP_OK)
		return NULL;
	return out.pstrSessionToken;
}

static void subscribe(struct soap *soap, char *token)
{
	struct subscription__Element recipient = {
	    .__any = "<recipient _key=\"@email\" email=\"gsoap@example.test\"/>"};
	struct _subscription__Subscribe in = {.sessiontoken = token,
					      .strServiceName = "NEWS",
					      .elemRecipient = &recipient,
					      .bCreate = xsd__boolean__true_};
	struct _subscription__SubscribeResponse out;

	if (soap_call___subscription__Subscribe(soap, endpoint, NULL, &in, &out) != SOAP_OK)
		fail(soap, "Subscribe");
}

static void ingest_ext(struct soap *soap, char *token)
{
	struct _session__IngestExt in = {.sessiontoken = token};
	struct _wpp__IngestExtResponse out;

	in.domDoc.__any = "<sampleTableStg xtkschema=\"dem:sampleTableStg\" _key=\"@id\""
			  " id=\"GSOAP-1\" amount=\"9.95\"/>";
	if (soap_call___session__IngestExt(soap, endpoint, NULL, &in, &out) != SOAP_OK)
		fail(soap, "IngestExt");
}

static void logoff(struct soap *soap, char *token)
{
	struct _session__Logoff in = {.sessiontoken = token};
	struct _session__LogoffResponse out;

	if (soap_call___session__Logoff(soap, endpoint, NULL, &in, &out) != SOAP_OK)
		fail(soap, "Logoff");
}

int main(int argc, char **argv)
{
	struct soap *soap = soap_new1(SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING);
	char *token, *uuid;

	if (argc != 4)
		return 2;
	snprintf(endpoint, sizeof(endpoint), "%s/nl/jsp/soaprouter.jsp", argv[1]);
	soap_set_namespaces(soap, namespaces);

	if (logon(soap, argv[2], "wrong") != NULL)
		return 1;
	printf("wrong password\t%d\n", soap->error);
	if ((token = logon(soap, argv[2], argv[3])) == NULL)
		fail(soap, "Logon");
	printf("token\t%s\n", token);
	uuid = ingest(soap, token,
		      "<sampleTableStg xtkschema=\"dem:sampleTableStg\" testcol1=\"from gSOAP\">"
		      "<location city=\"Malm\xc3\xb6\"/></sampleTableStg>");
	if (uuid == NULL)
		fail(soap, "Ingest");
	printf("ingest\t%s\n", uuid);
	if (ingest(soap, token, "<x xtkschema=\"dem:sampleTableStg\" nothing=\"1\"/>") != NULL)
		return 1;
	printf("faultcode\t%s\nfaultstring\t%s\ndetail\t%s\n", *soap_faultcode(soap),
	       *soap_faultstring(soap), *soap_faultdetail(soap));
	ingest_ext(soap, token);
	subscribe(soap, token);
	logoff(soap, token);
	printf("logoff\tdone\n");
	soap_destroy(soap);
	soap_end(soap);
	soap_free(soap);
	return 0;
}
