/* SPDX-License-Identifier: MIT */
/*
 * The schemas of services, generated from the table that dispatches calls, so the schemas always
 * match the methods (docs/protocol.md 5.6 and appendix A).
 */
#include "config.h"

#include "api/method_schema.h"

#include <string.h>

#include "api/methods.h"
#include "schema/compiled.h"

/* Appendix A: the elements whose attributes the client library reads from answers. */
static const char session_elements[] =
    "<element name=\"serverInfo\">"
    "<attribute name=\"majNumber\" type=\"short\"/>"
    "<attribute name=\"minNumber\" type=\"short\"/>"
    "<attribute name=\"servicePack\" type=\"short\"/>"
    "<attribute name=\"buildNumber\" type=\"short\"/>"
    "<attribute name=\"instanceName\" type=\"string\"/>"
    "<attribute name=\"serverDate\" type=\"datetime\"/>"
    "<attribute name=\"sessionTimeOut\" type=\"timespan\"/>"
    "<attribute name=\"securityTimeOut\" type=\"timespan\"/>"
    "</element>"
    "<element name=\"userInfo\">"
    "<attribute name=\"loginId\" type=\"long\"/>"
    "<attribute name=\"login\" type=\"string\"/>"
    "<attribute name=\"loginCS\" type=\"string\"/>"
    "<attribute name=\"locale\" type=\"string\"/>"
    "<attribute name=\"instanceLocale\" type=\"string\"/>"
    "<attribute name=\"timezone\" type=\"string\"/>"
    "<element name=\"login-group\" unbound=\"true\"><attribute name=\"id\" "
    "type=\"string\"/></element>"
    "<element name=\"login-right\" unbound=\"true\"><attribute name=\"right\" "
    "type=\"string\"/></element>"
    "<element name=\"installed-package\" unbound=\"true\">"
    "<attribute name=\"namespace\" type=\"string\"/><attribute name=\"name\" type=\"string\"/>"
    "</element>"
    "</element>"
    "<element name=\"session\"><element name=\"info\">"
    "<element name=\"serverInfo\" ref=\"serverInfo\"/>"
    "<element name=\"userInfo\" ref=\"userInfo\"/>"
    "</element></element>";

static void write_param(struct buf *out, const struct soap_param *p, bool is_out)
{
	soap_xml_open(out, "param");
	soap_xml_attribute(out, "name", p->name);
	soap_xml_attribute(out, "type", p->type_name);
	if (is_out)
		soap_xml_attribute(out, "inout", "out");
	soap_xml_open_end(out, true);
}

static void write_method(struct buf *out, const struct method *m)
{
	soap_xml_open(out, "method");
	soap_xml_attribute(out, "name", m->name);
	soap_xml_attribute(out, "static", "true");
	if (m->declared_anonymous)
		soap_xml_attribute(out, "access", "anonymous");
	soap_xml_open_end(out, m->in_count + m->out_count == 0);
	if (m->in_count + m->out_count == 0)
		return;
	soap_xml_open(out, "parameters");
	soap_xml_open_end(out, false);
	for (size_t i = 0; i <= m->in_count; i++) {
		if (i == (m->out_before > 0 ? m->out_before : m->in_count))
			for (size_t o = 0; o < m->out_count; o++)
				write_param(out, &m->out[o], true);
		if (i < m->in_count)
			write_param(out, &m->in[i], false);
	}
	soap_xml_close(out, "parameters");
	soap_xml_close(out, "method");
}

static size_t write_methods(struct buf *out, const char *service)
{
	size_t count, written = 0;
	const struct method *table = methods_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].service, service) != 0)
			continue;
		write_method(out, &table[i]);
		written++;
	}
	return written;
}

void method_schema_methods(struct buf *out, const char *id)
{
	struct buf methods = BUF_INIT;

	if (write_methods(&methods, id) > 0)
		buf_addf(out, "<methods>%s</methods>", buf_text(&methods));
	buf_free(&methods);
}

bool method_schema_is_service(const char *id)
{
	return strcmp(id, "xtk:session") == 0 || strcmp(id, "nms:replicationStrategy") == 0;
}

void method_schema_service(struct buf *out, const char *id, char md5[COMPILED_MD5_SIZE])
{
	struct compiled c;

	if (strcmp(id, "xtk:session") == 0) {
		compiled_begin_plain(&c, " namespace=\"xtk\" name=\"session\""
					 " implements=\"xtk:persist\" label=\"Session\""
					 " mappingType=\"xmlFile\"");
		buf_add(&c.text, "<interface name=\"persist\" label=\"Persistence\">");
		write_methods(&c.text, "xtk:persist");
		buf_add(&c.text, "</interface>");
		buf_add(&c.text, session_elements);
	} else {
		compiled_begin_plain(&c, " namespace=\"nms\" name=\"replicationStrategy\""
					 " label=\"Replication\" mappingType=\"xmlFile\"");
	}
	method_schema_methods(&c.text, id);
	compiled_finish(&c, "schema", out, md5);
}
