/* SPDX-License-Identifier: MIT */
/*
 * Generates WSDL from the table of methods (docs/protocol.md section 11): document/literal, one
 * port.  The WSDL of xtk:session contains the methods of the interface xtk:persist.  Their
 * responses have another name space, so they are declared in a second schema (R11.2).
 */
#include "config.h"

#include "api/wsdl.h"

#include <ctype.h>
#include <string.h>

#include "api/auth.h"
#include "api/method_schema.h"
#include "api/methods.h"
#include "base/arena.h"
#include "soap/envelope.h"

#define PERSIST "xtk:persist"

struct wsdl {
	struct buf *out;
	const char *id; /* "xtk:session" */
	const char *name;
	const char *address;
	bool legacy_body;
};

static bool is_persist(const struct method *m)
{
	return strcmp(m->service, PERSIST) == 0;
}

/* R11.2: the methods of xtk:persist belong to xtk:session. */
static bool belongs(const struct wsdl *w, const struct method *m)
{
	return strcmp(m->service, w->id) == 0 ||
	       (is_persist(m) && strcmp(w->id, "xtk:session") == 0);
}

static const struct method *next_method(const struct wsdl *w, size_t *i)
{
	size_t count;
	const struct method *table = methods_table(&count);

	while (*i < count && !belongs(w, &table[*i]))
		++*i;
	return *i < count ? &table[(*i)++] : NULL;
}

/* ---- types ---- */

static const char element_type[] =
    "<s:complexType name=\"Element\" mixed=\"true\"><s:sequence>"
    "<s:any processContents=\"lax\" minOccurs=\"0\"/></s:sequence></s:complexType>\n";

/* R11.1 */
static void write_parameter(struct buf *out, const struct soap_param *p, bool is_out,
			    const char *prefix)
{
	buf_add(out, "<s:element maxOccurs=\"1\" minOccurs=\"1\" name=\"");
	soap_param_element_name(out, p->type, p->name, is_out);
	if (p->type == SOAP_DOCUMENT)
		buf_addf(out,
			 "\"><s:complexType%s><s:sequence><s:any processContents=\"lax\"%s/>"
			 "</s:sequence></s:complexType></s:element>\n",
			 is_out ? " mixed=\"true\"" : "", is_out ? " minOccurs=\"0\"" : "");
	else if (p->type == SOAP_ELEMENT || p->type == SOAP_SCHEMA_ELEMENT)
		buf_addf(out, "\" type=\"%s:Element\"/>\n", prefix);
	else
		buf_addf(out, "\" type=\"s:%s\"/>\n", strchr(soap_type_xsi(p->type), ':') + 1);
}

static void write_request(struct buf *out, const struct method *m)
{
	buf_addf(out,
		 "<s:element name=\"%s\"><s:complexType><s:sequence>\n"
		 "<s:element maxOccurs=\"1\" minOccurs=\"1\" name=\"sessiontoken\""
		 " type=\"s:string\"/>\n",
		 m->name);
	for (size_t i = 0; i < m->in_count; i++)
		write_parameter(out, &m->in[i], false, "tns");
	buf_add(out, "</s:sequence></s:complexType></s:element>\n");
}

static void write_answer(struct buf *out, const struct method *m)
{
	buf_addf(out, "<s:element name=\"%sResponse\"><s:complexType><s:sequence>\n", m->name);
	for (size_t i = 0; i < m->out_count; i++)
		write_parameter(out, &m->out[i], true, is_persist(m) ? "wpp" : "tns");
	buf_add(out, "</s:sequence></s:complexType></s:element>\n");
}

static void write_types(const struct wsdl *w)
{
	const struct method *m;
	bool persist = false;

	buf_addf(w->out,
		 "<types>\n<s:schema elementFormDefault=\"qualified\""
		 " targetNamespace=\"urn:%s\">\n%s",
		 w->id, element_type);
	for (size_t i = 0; (m = next_method(w, &i)) != NULL;) {
		write_request(w->out, m);
		if (is_persist(m))
			persist = true;
		else
			write_answer(w->out, m);
	}
	buf_add(w->out, "</s:schema>\n");
	if (persist) {
		buf_addf(w->out,
			 "<s:schema elementFormDefault=\"qualified\""
			 " targetNamespace=\"urn:wpp:default\">\n%s",
			 element_type);
		for (size_t i = 0; (m = next_method(w, &i)) != NULL;)
			if (is_persist(m))
				write_answer(w->out, m);
		buf_add(w->out, "</s:schema>\n");
	}
	buf_add(w->out, "</types>\n");
}

/* ---- messages, port type, binding, service ---- */

static void write_messages(const struct wsdl *w)
{
	const struct method *m;

	for (size_t i = 0; (m = next_method(w, &i)) != NULL;)
		buf_addf(w->out,
			 "<message name=\"%sIn\"><part element=\"tns:%s\" name=\"parameters\"/>"
			 "</message>\n"
			 "<message name=\"%sOut\"><part element=\"%s:%sResponse\""
			 " name=\"parameters\"/></message>\n",
			 m->name, m->name, m->name, is_persist(m) ? "wpp" : "tns", m->name);
}

static void write_port_type(const struct wsdl *w)
{
	const struct method *m;

	buf_addf(w->out, "<portType name=\"%sMethodsSoap\">\n", w->name);
	for (size_t i = 0; (m = next_method(w, &i)) != NULL;)
		buf_addf(w->out,
			 "<operation name=\"%s\"><input message=\"tns:%sIn\"/>"
			 "<output message=\"tns:%sOut\"/></operation>\n",
			 m->name, m->name, m->name);
	buf_add(w->out, "</portType>\n");
}

static void write_body(const struct wsdl *w, const char *urn)
{
	buf_add(w->out, "<soap:body use=\"literal\"");
	if (w->legacy_body)
		buf_addf(w->out,
			 " encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\""
			 " namespace=\"%s\"",
			 urn);
	buf_add(w->out, "/>");
}

static void write_binding(const struct wsdl *w)
{
	const struct method *m;
	struct buf request_urn = BUF_INIT;

	buf_addf(&request_urn, "urn:%s", w->id);
	buf_addf(w->out,
		 "<binding name=\"%sMethodsSoap\" type=\"tns:%sMethodsSoap\">\n"
		 "<soap:binding style=\"document\""
		 " transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n",
		 w->name, w->name);
	for (size_t i = 0; (m = next_method(w, &i)) != NULL;) {
		buf_addf(w->out,
			 "<operation name=\"%s\"><soap:operation soapAction=\"%s#%s\""
			 " style=\"document\"/>\n<input>",
			 m->name, m->service, m->name);
		write_body(w, buf_text(&request_urn));
		buf_add(w->out, "</input><output>");
		write_body(w, methods_urn(m));
		buf_add(w->out, "</output></operation>\n");
	}
	buf_add(w->out, "</binding>\n");
	buf_free(&request_urn);
}

static void write_service(const struct wsdl *w, const char *ns)
{
	buf_addf(w->out,
		 "<service name=\"%c%s%c%s\">\n<port binding=\"tns:%sMethodsSoap\""
		 " name=\"%sMethodsSoap\">\n<soap:address location=\"",
		 toupper((unsigned char)*ns), ns + 1, toupper((unsigned char)*w->name), w->name + 1,
		 w->name, w->name);
	xml_escape(w->out, w->address);
	buf_add(w->out, "\"/>\n</port>\n</service>\n");
}

void wsdl_write(struct buf *out, const char *ns, const char *name, const char *address,
		bool legacy_body)
{
	struct buf id = BUF_INIT;
	struct wsdl w = {out, NULL, name, address, legacy_body};

	buf_addf(&id, "%s:%s", ns, name);
	w.id = buf_text(&id);
	buf_addf(out,
		 "<?xml version='1.0' encoding='UTF-8'?>\n"
		 "<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\""
		 " xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\""
		 " xmlns:s=\"http://www.w3.org/2001/XMLSchema\" xmlns:tns=\"urn:%s\""
		 " xmlns:wpp=\"urn:wpp:default\" targetNamespace=\"urn:%s\">\n",
		 w.id, w.id);
	write_types(&w);
	write_messages(&w);
	write_port_type(&w);
	write_binding(&w);
	write_service(&w, ns);
	buf_add(out, "</definitions>\n");
	buf_free(&id);
}

/* ---- the page ---- */

/* R11.3: the configured address, or else the one that the client used. */
static const char *address_of(const struct call *call)
{
	static const char path[] = "/nl/jsp/soaprouter.jsp";
	const char *host = call_host(call), *url = call->conf->public_url;
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		length--;
	if (length > 0)
		return arena_printf(call->arena, "%.*s%s", (int)length, url, path);
	return arena_printf(call->arena, "%s://%s%s", call->sent->https ? "https" : "http",
			    host != NULL ? host : "localhost", path);
}

/* CALL_OK: the client may read the page.  CALL_WAITING: the password is being checked.  Other
 * results: the client is answered. */
static enum call_result check_session(struct call *call)
{
	struct auth_tokens tokens;
	enum call_result result;

	if (!call->conf->wsdl_requires_session)
		return CALL_OK; /* from every address: the page has no secret */
	if (auth_place(call) < 0) {
		call_answer_refusal(call);
		return CALL_REFUSED;
	}
	auth_collect(call->sent, NULL, NULL, NULL, call->arena, &tokens);
	/* The session cookie is accepted without a security token, because browsers send only the
	 * cookie.  The page changes nothing that a forged request could exploit (R4.4). */
	tokens.by_cookie = false;
	result = auth_check(call, &tokens);
	if (result == CALL_REFUSED)
		call_answer_refusal(call);
	else if (result == CALL_FAILED)
		call_answer_text(
		    call, 503,
		    arena_printf(call->arena, "%s %s", call->causes[0].code, call->causes[0].text));
	return result;
}

/* The id of the requested schema; NULL: the client is answered. */
static const char *schema_asked_for(struct call *call)
{
	const char *id = soap_query_value(call->sent->query, "schema", call->arena);
	const struct schema *s;
	bool staging = false;

	if (id == NULL || *id == '\0') {
		call_answer_text(call, 400, "The parameter 'schema' is missing.");
		return NULL;
	}
	if (method_schema_is_service(id))
		return id;
	if (call->registry == NULL) {
		call_answer_text(call, 503, "Schemas are not loaded yet, try again later.");
		return NULL;
	}
	s = registry_find(call->registry, id, &staging);
	if (s == NULL) {
		call_answer_text(call, 404, "There is no such schema.");
		return NULL;
	}
	return staging ? s->staging_id : s->id; /* ID may be another name of the schema: 5.5 */
}

bool wsdl_page(struct call *call)
{
	enum call_result result = check_session(call);
	const char *id, *colon;

	if (result != CALL_OK)
		return result != CALL_WAITING;
	if ((id = schema_asked_for(call)) == NULL)
		return true;
	colon = strchr(id, ':');
	call->response->status = 200;
	call->response->content_type = "text/xml; charset=utf-8";
	buf_add(&call->response->headers, "Cache-Control: no-store\r\n");
	wsdl_write(&call->response->body, arena_strndup(call->arena, id, (size_t)(colon - id)),
		   colon + 1, address_of(call), call->conf->wsdl_legacy_body);
	return true;
}
