/* SPDX-License-Identifier: MIT */
/* The table of methods is well-formed and agrees with docs/protocol.md 3.4. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/methods.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void the_table_is_well_formed(void **state)
{
	size_t count;
	const struct method *table = methods_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct method *m = &table[i];
		struct soap_action action = {m->service, m->service, NULL, m->name};
		bool optional = false;

		assert_true(methods_service_listed(&action));
		assert_ptr_equal(methods_find(&action), m); /* so no name is in the table twice */
		assert_int_equal(strncmp(methods_urn(m), "urn:", 4), 0);
		assert_non_null(m->run);
		assert_true(m->in_count <= METHOD_MAX_PARAMS);
		assert_false(m->anonymous && m->right != RIGHT_NONE);
		for (size_t j = 0; j < m->in_count; j++) { /* R3.6: only trailing parameters are
							    * optional */
			assert_false(optional && !m->in[j].optional);
			optional = m->in[j].optional;
			assert_non_null(m->in[j].type_name);
		}
		for (size_t j = 0; j < m->out_count; j++) {
			assert_non_null(m->out[j].name);
			assert_non_null(m->out[j].type_name);
		}
	}
}

static void section_3_4(void **state)
{
	static const struct {
		const char *service, *method, *urn;
		bool anonymous;
		enum right right;
		const char *in, *out; /* names, joined by blanks */
	} rows[] = {
	    {"xtk:session", "Logon", "urn:xtk:session", true, RIGHT_NONE,
	     "login password parameters", "sessionToken sessionInfo securityToken"},
	    {"xtk:session", "BearerTokenLogon", "urn:xtk:session", true, RIGHT_NONE, "bearerToken",
	     "sessionToken sessionInfo securityToken"},
	    {"xtk:session", "Logoff", "urn:xtk:session", false, RIGHT_NONE, "", ""},
	    {"xtk:session", "TestCnx", "urn:xtk:session", false, RIGHT_NONE, "", ""},
	    {"xtk:session", "GetUserInfo", "urn:xtk:session", false, RIGHT_NONE, "", "userInfo"},
	    {"xtk:session", "GetServerTime", "urn:xtk:session", true, RIGHT_NONE, "", "serverTime"},
	    {"xtk:session", "GetOption", "urn:xtk:session", false, RIGHT_NONE, "name",
	     "value type"},
	    {"xtk:persist", "Ingest", "urn:wpp:default", false, RIGHT_INGEST, "doc", "sUuids"},
	    {"xtk:persist", "IngestExt", "urn:wpp:default", false, RIGHT_INGEST, "doc", ""},
	    {"nms:subscription", "Subscribe", "urn:nms:subscription", false, RIGHT_SUBSCRIBE,
	     "serviceName recipient create", ""},
	    {"nms:subscription", "Unsubscribe", "urn:nms:subscription", false, RIGHT_SUBSCRIBE,
	     "serviceName recipient", ""},
	    {"nms:replicationStrategy", "StartReplicateStagingData", "urn:nms:replicationStrategy",
	     false, RIGHT_REPLICATE, "schema", ""},
	};
	char names[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct soap_action action = {rows[i].service, rows[i].service, NULL,
					     rows[i].method};
		const struct method *m = methods_find(&action);

		if (m == NULL)
			fail_msg("%s#%s is missing", rows[i].service, rows[i].method);
		assert_string_equal(methods_urn(m), rows[i].urn);
		assert_int_equal(m->anonymous, rows[i].anonymous);
		assert_int_equal(m->right, rows[i].right);
		names[0] = '\0';
		for (size_t j = 0; j < m->in_count; j++)
			strcat(strcat(names, j > 0 ? " " : ""), m->in[j].name);
		assert_string_equal(names, rows[i].in);
		names[0] = '\0';
		for (size_t j = 0; j < m->out_count; j++)
			strcat(strcat(names, j > 0 ? " " : ""), m->out[j].name);
		assert_string_equal(names, rows[i].out);
	}
}

static void R3_12_addresses(void **state)
{
	static const struct {
		const char *primary, *secondary, *method;
		bool listed;
		const char *found_in; /* NULL: no such method */
	} cases[] = {
	    {"xtk:session", NULL, "Ingest", true, "xtk:persist"},
	    {"xtk:session", NULL, "IngestExt", true, "xtk:persist"},
	    {"xtk:persist", "xtk:session", "Ingest", true, "xtk:persist"},
	    {"xtk:persist", "any:thing", "IngestExt", true, "xtk:persist"},
	    {"xtk:persist", NULL, "Logon", true, NULL},
	    {"xtk:persist", "xtk:session", "Logon", true, NULL},
	    {"xtk:session", "xtk:persist", "Logon", false, NULL},
	    {"xtk:session", NULL, "logon", true, NULL}, /* names are compared exactly */
	    {"xtk:session", NULL, "Write", true, NULL},
	    {"nms:subscription", NULL, "Ingest", true, NULL},
	    {"nms:replicationStrategy", NULL, "Logon", true, NULL},
	    {"xtk:queryDef", NULL, "ExecuteQuery", false, NULL},
	    {"xtk:Session", NULL, "Logon", false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct soap_action action = {"", cases[i].primary, cases[i].secondary,
					     cases[i].method};
		const struct method *m = methods_find(&action);

		assert_int_equal(methods_service_listed(&action), cases[i].listed);
		if (cases[i].found_in == NULL)
			assert_null(m);
		else if (m == NULL)
			fail_msg("%s#%s was not found", cases[i].primary, cases[i].method);
		else
			assert_string_equal(m->service, cases[i].found_in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_is_well_formed),
	    cmocka_unit_test(section_3_4),
	    cmocka_unit_test(R3_12_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
