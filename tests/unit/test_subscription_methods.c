/* SPDX-License-Identifier: MIT */
/*
 * The changes that Subscribe, Unsubscribe and StartReplicateStagingData submit, and their faults
 * (docs/protocol.md sections 9 and 10.1).  The shipped schemas are compiled; the writer and the
 * database are fakes, which have the services NEWS and OFFERS and one folder.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/replication_methods.h"
#include "api/subscription_methods.h"
#include "base/arena.h"
#include "schema/cast.h"
#include "schema/source.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fakes */

enum { FOLDER, SERVICE, RECIPIENT, SUBSCRIPTION, SAMPLE, SCHEMAS };

static const char *const shipped[SCHEMAS] = {
    [FOLDER] = "xtk_folder",
    [SERVICE] = "nms_service",
    [RECIPIENT] = "nms_recipient",
    [SUBSCRIPTION] = "nms_subscription",
};
static const char sample_source[] =
    "<srcSchema namespace='dem' name='sampleTable'><element name='sampleTable' autopk='true'"
    " autouuid='true' autoStg='true' dataSource='x'>"
    "<attribute name='testcol1'/></element></srcSchema>";
static struct schema *schemas[SCHEMAS];

const struct schema *registry_find(const struct registry *r, const char *id, bool *staging)
{
	(void)r;
	(void)staging;
	for (size_t i = 0; i < SCHEMAS; i++)
		if (schemas[i] != NULL &&
		    (strcmp(schemas[i]->id, id) == 0 ||
		     (schemas[i]->staging_id != NULL && strcmp(schemas[i]->staging_id, id) == 0)))
			return schemas[i];
	return NULL;
}

static struct buf submitted; /* one line per change: operation key cells links */

static void add_cells(const struct change *c)
{
	for (size_t i = 0; i < c->schema->field_count; i++) {
		const struct field *f = &c->schema->fields[i];

		/* Leaves out ids that the server makes, because they differ each time. */
		if (c->cells[i].text != NULL && (int)i != c->schema->pk)
			buf_addf(&submitted, " %s=%.*s", f->name, (int)c->cells[i].length,
				 c->cells[i].text);
	}
}

bool writer_submit(struct writer *w, struct submission *sub)
{
	(void)w;
	assert_int_equal(submitted.length, 0); /* one transaction */
	for (size_t i = 0; i < sub->count; i++) {
		const struct change *c = &sub->changes[i];

		assert_string_equal(c->operator, "feed1");
		buf_addf(&submitted, "%s %s %s:", c->schema->id, operation_name(c->operation),
			 c->key);
		add_cells(c);
		buf_add_char(&submitted, '\n');
		if (c->links != NULL)
			buf_add(&submitted, c->links);
	}
	sub->rc = OUTCOME_OK;
	return false; /* the result is known at once */
}

static const char *answer; /* of the fake database */
static size_t asked;
static char requested[200];

enum outcome shared_session_acquire(struct shared_session *shared, struct db **db)
{
	(void)shared;
	*db = NULL;
	return OUTCOME_OK;
}

void shared_session_release(struct shared_session *shared)
{
	(void)shared;
}

enum outcome db_run(struct db *db, const char *sql, const struct db_value *params, size_t count,
		    struct db_rows **rows, uint64_t *affected)
{
	static const char *const known[][2] = {{"NEWS", "s1"}, {"OFFERS", "s2"}, {"News", "f1"}};

	(void)db;
	(void)affected;
	*rows = NULL;
	answer = NULL;
	asked++;
	if (strncmp(sql, "SELECT", 6) != 0) {
		assert_int_equal(count, 2);
		snprintf(requested, sizeof(requested), "%s by %s", params[0].text, params[1].text);
		return OUTCOME_OK;
	}
	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(params[0].text, known[i][0]) == 0)
			answer = known[i][1];
	return OUTCOME_OK;
}

bool db_rows_next(struct db_rows *rows)
{
	(void)rows;
	return answer != NULL;
}

struct db_value db_rows_value(const struct db_rows *rows, size_t column)
{
	(void)rows;
	(void)column;
	return db_text(answer);
}

void db_rows_free(struct db_rows **rows)
{
	*rows = NULL;
}

bool db_alive(const struct db *db)
{
	(void)db;
	return true;
}

unsigned db_errno(const struct db *db)
{
	(void)db;
	return 0;
}

const char *db_sqlstate(const struct db *db)
{
	(void)db;
	return "";
}

void db_quote_name(struct buf *sql, const char *name)
{
	buf_addf(sql, "`%s`", name);
}

/* A call */

typedef enum call_result method(struct call *call, const struct soap_value *in,
				struct soap_response *out);

static struct arena *arena;
static struct api api;
static struct conf conf;

/* Returns the first cause of the fault, "" for none. */
static const char *run(method *m, const char *scope, const struct soap_value *in)
{
	static struct request request;
	static struct call call;

	call = (struct call){.api = &api,
			     .conf = &conf,
			     .registry = (struct registry *)&api,
			     .arena = arena,
			     .request = &request,
			     .sent = &request.sent};
	snprintf(call.who.login, sizeof(call.who.login), "feed1");
	call.who.rights[0].right = m == replication_start ? RIGHT_REPLICATE : RIGHT_SUBSCRIBE;
	snprintf(call.who.rights[0].scope, sizeof(call.who.rights[0].scope), "%s", scope);
	call.who.right_count = 1;
	buf_clear(&submitted);
	asked = 0;
	requested[0] = '\0';
	if (m(&call, in, NULL) == CALL_OK) {
		assert_int_equal(call.cause_count, 0);
		return "";
	}
	assert_true(call.cause_count > 0);
	assert_int_equal(submitted.length, 0); /* R9.1: and nothing is stored */
	return arena_printf(arena, "%s %s", call.causes[0].code, call.causes[0].text);
}

static const struct xml_element *parse(const char *xml)
{
	struct fault_cause p;
	const struct xml_element *e =
	    xml_parse(xml, strlen(xml), NULL, &xml_limits_default, arena, &p);

	if (e == NULL)
		fail_msg("%s: %s", xml, p.text);
	return e;
}

static const char *subscribe(const char *names, const char *recipient, bool create)
{
	const struct soap_value in[] = {
	    {.text = names}, {.element = parse(recipient)}, {.boolean = create}};

	return run(subscription_subscribe, "", in);
}

static const char *unsubscribe(const char *names, const char *recipient)
{
	const struct soap_value in[] = {{.text = names}, {.element = parse(recipient)}};

	return run(subscription_unsubscribe, "", in);
}

#define INES "<recipient _key='@email' email='ines.k@example.test'/>"
#define RCP(operation, more)                                                                       \
	"nms:recipient " operation " @email: email=ines.k@example.test" more "\n"
#define SUB(operation, status, service)                                                            \
	"nms:subscription " operation " @service-id,@recipient-id: deleteStatus=" status           \
	" service-id=" service "\n"
#define INES_LINK "@recipient-id\tnms:recipient\t@email\tines.k@example.test\n"

static void R9_4_what_subscribe_stages(void **state)
{
	static const struct {
		const char *names, *staged;
		bool create;
	} cases[] = {
	    {"NEWS", RCP("insertOrUpdate", "") SUB("insertOrUpdate", "0", "s1") INES_LINK, true},
	    {"NEWS", RCP("update", "") SUB("insertOrUpdate", "0", "s1") INES_LINK, false},
	    {" NEWS ,\tOFFERS\n",
	     RCP("insertOrUpdate", "") SUB("insertOrUpdate", "0", "s1")
		 INES_LINK SUB("insertOrUpdate", "0", "s2") INES_LINK,
	     true},
	    {"NEWS,,NEWS,", RCP("update", "") SUB("insertOrUpdate", "0", "s1") INES_LINK, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(subscribe(cases[i].names, INES, cases[i].create), "");
		assert_string_equal(buf_text(&submitted), cases[i].staged);
	}
}

/* The subscription names the recipient by the recipient's own reconciliation key. */
static void R9_2_the_key_decides(void **state)
{
	static const struct {
		const char *recipient, *key, *link;
	} cases[] = {
	    {"<r _key='@id' id='R1'/>", "@id", "@id\tR1"},
	    {"<r id='R1' email='a@b'/>", "@id", "@id\tR1"},
	    {"<r xtkschema='nms:recipientStg' id='R1'/>", "@id", "@id\tR1"},
	    {"<r email='a@b'><folder name='News' _operation='none'/></r>", "@email,@folder-id",
	     "@email\ta@b\t@folder-id\tf1"},
	    {"<r _key='[folder/@name], @email' email='a@b'>"
	     "<folder name='News' _operation='none'/></r>",
	     "@folder-id,@email", "@folder-id\tf1\t@email\ta@b"},
	    {"<r _key='location/@city,[location/@zipCode],email' email='a@b'>"
	     "<location city='Malm' zipCode=' 1'/></r>",
	     "location/@city,location/@zipCode,@email",
	     "location/@city\tMalm\tlocation/@zipCode\t 1\t@email\ta@b"},
	    /* local time in the document, UTC afterwards */
	    {"<r _key='@created' created='2026-02-03 01:00:00'/>", "@created",
	     "@created\t2026-02-03 00:00:00.000"},
	    {"<r _key='@email' email='a&#9;&amp;&#10;b\\'/>", "@email", "@email\ta\\t&\\nb\\\\"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char start[100], link[200];

		assert_string_equal(subscribe("NEWS", cases[i].recipient, true), "");
		snprintf(start, sizeof(start), "nms:recipient insertOrUpdate %s:", cases[i].key);
		assert_ptr_equal(strstr(buf_text(&submitted), start), buf_text(&submitted));
		snprintf(link, sizeof(link), "\n@recipient-id\tnms:recipient\t%s\n", cases[i].link);
		if (strstr(buf_text(&submitted), link) == NULL)
			fail_msg("%s is not in\n%s", link, buf_text(&submitted));
	}
}

/* A recipient without key and id is new; the subscription gets the new id. */
static void R9_3_a_recipient_without_key_is_new(void **state)
{
	const char *id;

	(void)state;
	assert_string_equal(subscribe("NEWS", "<r email='a@b'/>", true), "");
	id = strstr(buf_text(&submitted), "@recipient-id\tnms:recipient\t@id\t");
	assert_non_null(id);
	assert_int_equal(strcspn(strrchr(id, '\t') + 1, "\n"), 36);
	assert_memory_equal(subscribe("NEWS", "<r email='a@b'/>", false), "CIN-100203", 10);
}

/* The method decides the operation, not the document. */
static void R9_3_the_operation_is_the_methods(void **state)
{
	(void)state;
	assert_string_equal(
	    subscribe("NEWS", "<r _operation='delete' _key='@email' email='a@b'/>", false), "");
	assert_non_null(strstr(buf_text(&submitted), "nms:recipient update @email: email=a@b\n"));
}

static void R9_9_what_unsubscribe_stages(void **state)
{
	static const struct {
		const char *names, *recipient, *staged;
	} cases[] = {
	    {"NEWS", INES, RCP("update", "") SUB("update", "1", "s1") INES_LINK},
	    {"NEWS, NOWHERE", INES,
	     RCP("update", "") SUB("update", "1", "s1") INES_LINK}, /* R9.6 */
	    {"NOWHERE", INES, RCP("update", "")},
	    {"", INES, RCP("update", " blackList=1")}, /* R9.7 */
	    {" , ", INES, RCP("update", " blackList=1")},
	    {"",
	     "<recipient _key='@email' email='ines.k@example.test' blackList='0' lastName='K'/>",
	     RCP("update", " lastName=K blackList=1")},
	    {"NEWS",
	     "<recipient _key='@email' email='ines.k@example.test' blackList='0' lastName='K'/>",
	     RCP("update", " lastName=K blackList=0") SUB("update", "1", "s1")
		 INES_LINK}, /* R9.8 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(unsubscribe(cases[i].names, cases[i].recipient), "");
		assert_string_equal(buf_text(&submitted), cases[i].staged);
	}
}

static void R9_1_faults(void **state)
{
	static const struct {
		const char *names, *recipient, *fault;
	} cases[] = {
	    {"", INES, "CIN-100402"},
	    {" ,\n,", INES, "CIN-100402"},
	    {"NOWHERE", INES, "CIN-100401 Information service 'NOWHERE' does not exist."},
	    {"NEWS,nowhere", INES, "CIN-100401 Information service 'nowhere' does not exist."},
	    {"news", INES, "CIN-100401"},					 /* R6.5 */
	    {"XSV-350008", INES, "CIN-100401 Information service 'XSV-......'"}, /* R3.20 */
	    {"NEWS", "<r _key='@email'/>", "CIN-100203"},
	    {"NEWS", "<r _key='@email' email='a' nothing='1'/>", "CIN-100202"},
	    {"NEWS", "<r xtkschema='dem:sampleTable' testcol1='a'/>", "XFR-180000"},
	    {"NEWS", "<r xtkschema='dem:nowhere'/>", "XFR-180000"},
	    {"NEWS", "<r xtkschema='xtk:folder'/>", "CIN-100201"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *fault = subscribe(cases[i].names, cases[i].recipient, true);

		if (strstr(fault, cases[i].fault) != fault)
			fail_msg("\"%s\" is answered %s", cases[i].names, fault);
	}
}

/* Each name costs a look-up, whether the service exists or not, so the number of names is
 * limited. */
static void R9_1_names_are_counted(void **state)
{
	struct buf names = BUF_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_add(&names, i % 2 == 0 ? "NEWS," : "NOWHERE,");
	assert_string_equal(unsubscribe(buf_text(&names), INES), "");
	assert_string_equal(buf_text(&submitted),
			    RCP("update", "") SUB("update", "1", "s1") INES_LINK);
	buf_add(&names, "NEWS");
	assert_memory_equal(unsubscribe(buf_text(&names), INES), "CIN-100206", 10);
	assert_int_equal(asked, 1000);
	buf_free(&names);
}

static void section_4_4_scope(void **state)
{
	static const struct {
		const char *scope;
		bool allowed;
	} cases[] = {{"nms:subscription", true},
		     {"nms:*", true},
		     {"nms:recipient", false},
		     {"dem:*", false}};
	const struct soap_value in[] = {{.text = "NEWS"}, {.element = parse(INES)}, {.text = ""}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *fault = run(subscription_subscribe, cases[i].scope, in);

		if (cases[i].allowed)
			assert_string_equal(fault, "");
		else
			assert_memory_equal(fault, "CIN-100103 Access denied", 24);
	}
}

static void section_10_1_requests(void **state)
{
	static const struct {
		const char *schema, *scope, *request, *fault;
	} cases[] = {
	    {"dem:sampleTable", "", "dem:sampleTable by feed1", ""},
	    {"dem:sampleTableStg", "", "dem:sampleTable by feed1", ""},
	    {"", "", " by feed1", ""},
	    {"dem:sampleTable", "dem:*", "dem:sampleTable by feed1", ""},
	    {"dem:sampleTable", "nms:*", "", "CIN-100103"},
	    {"", "dem:*", "", "CIN-100103"},
	    {"dem:nowhere", "", "", "XFR-180000 Schema 'dem:nowhere' does not exist."},
	    {" dem:sampleTable", "", "", "XFR-180000"},
	    {"nms:service", "", "", "CIN-100201"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct soap_value in[] = {{.text = cases[i].schema}};
		const char *fault = run(replication_start, cases[i].scope, in);

		assert_memory_equal(fault, cases[i].fault, strlen(cases[i].fault));
		assert_string_equal(requested, cases[i].request);
	}
}

/* Set-up */

static const struct schema *lookup_schema(void *context, const char *id)
{
	(void)context;
	return registry_find(NULL, id, NULL);
}

static char *read_shipped(const char *name, size_t *length)
{
	char path[500];
	char *text = malloc(20000);
	FILE *f;

	snprintf(path, sizeof(path), "%s/sql/schemas/%s.xml", TEST_SRCDIR, name);
	f = fopen(path, "re");
	if (f == NULL || text == NULL)
		fail_msg("%s cannot be read", path);
	*length = fread(text, 1, 20000, f);
	fclose(f);
	return text;
}

static void compile(size_t i, const char *text, size_t length)
{
	struct buf errors = BUF_INIT;

	schemas[i] = schema_compile(text, length, lookup_schema, NULL, &errors, NULL);
	if (schemas[i] == NULL)
		fail_msg("schema %zu: %s", i, buf_text(&errors));
	buf_free(&errors);
}

static int setup(void **state)
{
	static char zone[] = "Europe/Malta";

	(void)state;
	conf = (struct conf){.timezone = zone};
	if (cast_init(conf.timezone) < 0)
		return -1;
	for (size_t i = 0; i < SAMPLE; i++) {
		size_t length;
		char *text = read_shipped(shipped[i], &length);

		compile(i, text, length);
		free(text);
	}
	compile(SAMPLE, sample_source, strlen(sample_source));
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	for (size_t i = 0; i < SCHEMAS; i++)
		schema_free(&schemas[i]);
	buf_free(&submitted);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R9_4_what_subscribe_stages),
	    cmocka_unit_test(R9_2_the_key_decides),
	    cmocka_unit_test(R9_3_a_recipient_without_key_is_new),
	    cmocka_unit_test(R9_3_the_operation_is_the_methods),
	    cmocka_unit_test(R9_9_what_unsubscribe_stages),
	    cmocka_unit_test(R9_1_faults),
	    cmocka_unit_test(R9_1_names_are_counted),
	    cmocka_unit_test(section_4_4_scope),
	    cmocka_unit_test(section_10_1_requests),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
