/* SPDX-License-Identifier: MIT */
/*
 * The naive design, done well: a libfcgi thread per connection, libxml2 for the envelope, a
 * prepared INSERT that is kept, and a commit for each call.  It checks no token, knows no
 * schema and no types: it does less than the product does.
 *
 * usage: commit_per_call SOCKET THREADS OPTION_FILE TABLE
 */
#include "config.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_insert.h"
#include "responder.h"

static const char *option_file, *table;

static void *connect_thread(void)
{
	return log_insert_open(option_file, table, 1);
}

static xmlNode *find(xmlNode *node, const char *name)
{
	for (; node != NULL; node = node->next) {
		xmlNode *below;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (strcmp((const char *)node->name, name) == 0)
			return node;
		if ((below = find(node->children, name)) != NULL)
			return below;
	}
	return NULL;
}

static void stage(FCGX_Request *request, xmlNode *record, struct log_insert *insert)
{
	xmlChar *testcol1 = xmlGetProp(record, (const xmlChar *)"testcol1");
	xmlChar *testcol2 = xmlGetProp(record, (const xmlChar *)"testcol2");
	const char *id;

	if (testcol1 != NULL && testcol2 != NULL) {
		id = log_insert_row(insert, 0, (const char *)testcol1, (const char *)testcol2);
		log_insert_execute(insert);
		responder_answer(request, id);
	} else {
		responder_refuse(request, "a record without its two attributes");
	}
	xmlFree(testcol1);
	xmlFree(testcol2);
}

static void serve_insert(FCGX_Request *request, const char *body, size_t length, void *state)
{
	xmlDoc *doc = xmlReadMemory(body, (int)length, NULL, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlNode *document = find(doc != NULL ? xmlDocGetRootElement(doc) : NULL, "domDoc");
	xmlNode *record = document != NULL ? xmlFirstElementChild(document) : NULL;

	if (record != NULL)
		stage(request, record, state);
	else
		responder_refuse(request, "a body without a record");
	xmlFreeDoc(doc);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: commit_per_call SOCKET THREADS OPTION_FILE TABLE\n");
		return 2;
	}
	option_file = argv[3];
	table = argv[4];
	if (mysql_library_init(0, NULL, NULL) != 0)
		return 1;
	xmlInitParser();
	return responder_run(argv[1], (unsigned)atoi(argv[2]), connect_thread, serve_insert);
}
