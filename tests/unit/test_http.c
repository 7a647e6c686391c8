/* SPDX-License-Identifier: MIT */
/*
 * Whole requests through api_handle: statuses, headers and bodies by docs/protocol.md sections 1 to
 * 4, 7, 8, 12, 13.  The parts that would need a server are fakes: sessions, registry, writer,
 * shared session.
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

#include "api/api.h"
#include "base/log.h"
#include "schema/cast.h"
#include "schema/source.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TOKEN	 "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114"
#define SECURITY "@c2VjdXJpdHk="

/* Fakes */

static struct schema *sample, *folder;
static bool registry_loaded = true;

struct registry *registry_slot_get(struct registry_slot *slot)
{
	(void)slot;
	return registry_loaded ? (struct registry *)&registry_loaded : NULL;
}

void registry_release(struct registry **r)
{
	*r = NULL;
}

const struct schema *registry_find(const struct registry *r, const char *id, bool *staging)
{
	(void)r;
	(void)staging;
	if (strcmp(id, "dem:sampleTable") == 0 || strcmp(id, "dem:sampleTableStg") == 0)
		return sample;
	return strcmp(id, "xtk:folder") == 0 ? folder : NULL;
}

static enum outcome sessions_outcome = OUTCOME_OK;
static bool session_open = true;
static struct right_grant grants[4];
static size_t grant_count;

static enum outcome feed1(bool right, struct operator_info *out)
{
	if (sessions_outcome != OUTCOME_OK)
		return sessions_outcome;
	if (!right)
		return OUTCOME_INVALID;
	memset(out, 0, sizeof(*out));
	out->id = 1201;
	snprintf(out->login, sizeof(out->login), "feed1");
	snprintf(out->label, sizeof(out->label), "Feed 1 (feed1)");
	memcpy(out->rights, grants, sizeof(grants));
	out->right_count = grant_count;
	return OUTCOME_OK;
}

/* Sets the result at once; api_resume then continues the call. */
bool password_worker_submit(struct password_worker *w, struct password_check *check)
{
	(void)w;
	check->rc = feed1(strcmp(check->login, "feed1") == 0 &&
			      strcmp(check->password, "correct horse 9") == 0,
			  &check->who);
	return true;
}

enum outcome sessions_open(struct sessions *s, const struct operator_info *who,
			   unsigned session_timeout_s, unsigned security_timeout_s,
			   const char *address, char token[SESSION_TOKEN_SIZE],
			   char security[SECURITY_TOKEN_SIZE])
{
	(void)s;
	assert_string_equal(who->login, "feed1");
	assert_string_equal(address, "192.0.2.10");
	assert_int_equal(session_timeout_s, 86400);
	assert_int_equal(security_timeout_s, 3600);
	snprintf(token, SESSION_TOKEN_SIZE, TOKEN);
	snprintf(security, SECURITY_TOKEN_SIZE, SECURITY);
	return OUTCOME_OK;
}

enum outcome sessions_check(struct sessions *s, const char *token, struct operator_info *out,
			    bool *security_expired)
{
	(void)s;
	*security_expired = false;
	return feed1(session_open && strcmp(token, TOKEN) == 0, out);
}

enum outcome sessions_check_security(struct sessions *s, const char *token, const char *security)
{
	(void)s;
	(void)token;
	return strcmp(security, SECURITY) == 0 ? OUTCOME_OK : OUTCOME_INVALID;
}

enum outcome sessions_close(struct sessions *s, const char *token)
{
	(void)s;
	assert_string_equal(token, TOKEN);
	return session_open ? OUTCOME_OK : OUTCOME_INVALID;
}

enum outcome sessions_check_bearer(struct sessions *s, const char *token, struct operator_info *out)
{
	(void)s;
	return feed1(strcmp(token, "tok_5f2d7a90e114") == 0, out);
}

void sessions_database_id(struct sessions *s, char out[24])
{
	(void)s;
	snprintf(out, 24, "u0B6F1C029D554A7E");
}

static enum outcome writer_outcome = OUTCOME_OK;
static size_t submitted; /* number of changes of the last call, and their content: */
static struct buf written;

static bool writer_is_slow; /* true: api_handle returns false, and the answer comes later */

bool writer_submit(struct writer *w, struct submission *sub)
{
	(void)w;
	submitted = sub->count;
	buf_clear(&written);
	for (size_t i = 0; i < sub->count; i++) {
		const struct change *c = &sub->changes[i];

		buf_addf(&written, "%d %s %s %s %s\n", c->operation, c->key, c->fields, c->operator,
			 c->address);
	}
	sub->rc = writer_outcome;
	sub->error = (struct writer_error){.number = 2006, .sqlstate = "HY000"};
	return writer_is_slow;
}

static const char *database_answer; /* NULL: the database is away */
static unsigned database_rows;

enum outcome shared_session_acquire(struct shared_session *shared, struct db **db)
{
	(void)shared;
	*db = NULL;
	return database_answer != NULL ? OUTCOME_OK : OUTCOME_RETRY;
}

void shared_session_release(struct shared_session *shared)
{
	(void)shared;
}

enum outcome db_run(struct db *db, const char *sql, const struct db_value *params, size_t count,
		    struct db_rows **rows, uint64_t *affected)
{
	(void)db;
	(void)sql;
	(void)params;
	(void)count;
	(void)affected;
	*rows = NULL;
	database_rows = 1;
	return OUTCOME_OK;
}

bool db_rows_next(struct db_rows *rows)
{
	(void)rows;
	return database_rows-- > 0;
}

struct db_value db_rows_value(const struct db_rows *rows, size_t column)
{
	(void)rows;
	(void)column;
	return db_text(database_answer);
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

/* The server under test */

static struct network everywhere = {.prefix = 0};
static struct zone zones[1];
static struct conf conf;

/* Replaces base/conf_ref.c: one configuration that never changes. */
const struct conf *conf_ref_get(struct conf_ref *ref)
{
	(void)ref;
	return &conf;
}

void conf_ref_put(struct conf_ref *ref, const struct conf *c)
{
	(void)ref;
	(void)c;
}

static struct api api = {.version = "1.2.3", .node = "node1"};

static struct request *current;

static int prepare(void **state)
{
	(void)state;
	zones[0] = (struct zone){
	    .networks = &everywhere, .network_count = 1, .allow_http = true, .show_errors = true};
	conf = (struct conf){.zones = zones,
			     .zone_count = 1,
			     .instance_name = (char *)(uintptr_t) "ingest1",
			     .public_url = (char *)(uintptr_t) "",
			     .timezone = (char *)(uintptr_t) "UTC",
			     .session_timeout_s = 86400,
			     .security_timeout_s = 3600,
			     .max_records = 3,
			     .logon_failures_per_minute = 30,
			     .operator_burst = 1};
	grants[0] = (struct right_grant){.right = RIGHT_INGEST, .scope = ""};
	grant_count = 1;
	registry_loaded = session_open = true;
	sessions_outcome = writer_outcome = OUTCOME_OK;
	writer_is_slow = true;
	submitted = 0;
	buf_clear(&written);
	database_answer = "2026-02-03 04:05:06.789";
	limits_unmap(&api.limits);
	api.limits = limits_map();
	return 0;
}

static struct schema *compile(const char *source)
{
	struct buf errors = BUF_INIT;
	struct schema *s = schema_compile(source, strlen(source), NULL, NULL, &errors, NULL);

	if (s == NULL)
		fail_msg("%s", buf_text(&errors));
	buf_free(&errors);
	return s;
}

static int start(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	current = request_new();
	sample = compile("<srcSchema namespace='dem' name='sampleTable' label='Sample table'>"
			 "<element name='sampleTable' autopk='true' autouuid='true' autoStg='true'"
			 " dataSource='nms:extAccount:ffda'>"
			 "<attribute name='testcol1' type='string' length='5'/>"
			 "</element></srcSchema>");
	folder = compile("<srcSchema namespace='xtk' name='folder' label='Folders'>"
			 "<element name='folder' autopk='true' autouuid='true'>"
			 "<attribute name='name' type='string'/></element></srcSchema>");
	return cast_init("UTC");
}

static int stop(void **state)
{
	(void)state;
	limits_unmap(&api.limits);
	schema_free(&sample);
	schema_free(&folder);
	request_free(&current);
	buf_free(&written);
	return 0;
}

static void handle(struct http_request request)
{
	if (request.path == NULL)
		request.path = "/nl/jsp/soaprouter.jsp";
	if (request.method == NULL)
		request.method = "POST";
	if (request.peer == NULL)
		request.peer = "192.0.2.10";
	if (request.body != NULL)
		request.body_length = strlen(request.body);
	request_clear(current);
	current->sent = request;
	if (!api_handle(&api, current)) {
		do
			assert_int_equal(current->response.status,
					 0); /* not before the call is complete */
		while (!api_resume(current));
	}
	assert_int_equal(current->state, REQUEST_ANSWERING);
}

#define ENVELOPE(content)                                                                          \
	"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>" content         \
	"</e:Body></e:Envelope>"
#define INGEST(document)                                                                           \
	ENVELOPE("<Ingest xmlns='urn:xtk:session'><sessiontoken>" TOKEN                            \
		 "</sessiontoken><doc>" document "</doc></Ingest>")
#define INGEST_EXT(document)                                                                       \
	ENVELOPE("<IngestExt xmlns='urn:xtk:session'><sessiontoken>" TOKEN                         \
		 "</sessiontoken><doc>" document "</doc></IngestExt>")
#define RECORD(attributes) "<x xtkschema='dem:sampleTableStg' " attributes "/>"
#define BODY(xml)	   ((struct http_request){.body = (xml)})

static void expect(int status, const char *content_type)
{
	if (current->response.status != status ||
	    strncmp(current->response.content_type, content_type, strlen(content_type)) != 0)
		fail_msg("%d %s\n%s", current->response.status, current->response.content_type,
			 buf_text(&current->response.body));
	assert_non_null(
	    strstr(buf_text(&current->response.headers), "Cache-Control: no-store\r\n"));
}

static void expect_body(const char *part)
{
	if (strstr(buf_text(&current->response.body), part) == NULL)
		fail_msg("no \"%s\" in\n%s", part, buf_text(&current->response.body));
}

static void expect_no_body(const char *part)
{
	if (strstr(buf_text(&current->response.body), part) != NULL)
		fail_msg("\"%s\" in\n%s", part, buf_text(&current->response.body));
}

static void expect_header(const char *part)
{
	if (strstr(buf_text(&current->response.headers), part) == NULL)
		fail_msg("no \"%s\" in\n%s", part, buf_text(&current->response.headers));
}

static void expect_fault(int status, const char *faultcode, const char *faultstring)
{
	expect(status, "text/xml; charset=utf-8");
	expect_body(faultcode);
	expect_body(faultstring);
}

static void expect_failure(const char *detail)
{
	expect_fault(500, "<faultcode>SOAP-ENV:Server</faultcode>",
		     ">SOP-330011 Error while executing the method");
	expect_body("<detail xsi:type='xsd:string'>");
	expect_body(detail);
}

/* Sections 1 and 2 */

static void section_1_routes(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
	} cases[] = {
	    {"GET", "/", 404},
	    {"GET", "/nl/jsp/soaprouter.jsp", 405},
	    {"HEAD", "/nl/jsp/soaprouter.jsp", 405},
	    {"POST", "/nl/jsp/soaprouter.jsp/", 404},
	    {"GET", "/nl/jsp/schemawsdl.jsp", 400},
	    {"POST", "/r/test", 404},
	    {"POST", "/nl/jsp/ping.jsp", 404},
	    {"GET", "/nl/jsp/../../r/test", 404},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		handle((struct http_request){.method = cases[i].method, .path = cases[i].path});
		expect(cases[i].status, "text/plain; charset=utf-8");
		if (cases[i].status == 405)
			expect_header("Allow: POST\r\n");
	}
}

static void R2_1_R2_14_what_is_not_read(void **state)
{
	static const struct {
		struct http_request request;
		int status;
	} cases[] = {
	    {{.content_type = "text/plain", .body = "x"}, 415},
	    {{.content_type = "multipart/related; type=text/xml", .body = "x"}, 415},
	    {{.content_encoding = "gzip", .body = "x"}, 415},
	    {{.body_too_large = true}, 413},
	};
	static const char *const accepted[] = {NULL, "", "TEXT/XML; charset=utf-8",
					       "application/soap+xml;charset=UTF-8",
					       "application/xml"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		handle(cases[i].request);
		expect(cases[i].status, "text/plain; charset=utf-8");
	}
	for (size_t i = 0; i < COUNT(accepted); i++) {
		handle((struct http_request){
		    .content_type = accepted[i],
		    .content_encoding = i == 0 ? "identity" : NULL,
		    .body = ENVELOPE("<GetServerTime xmlns='urn:xtk:session'/>")});
		expect(200, "text/xml; charset=utf-8");
	}
}

static void messages_at_fault(void **state)
{
	static const struct {
		const char *action, *body, *faultcode, *code;
	} cases[] = {
	    {NULL, "", "SOAP-ENV:Client", ">CIN-100001 "},
	    {NULL, "<a>", "SOAP-ENV:Client", ">CIN-100001 "},
	    {NULL, "<!DOCTYPE a><a/>", "SOAP-ENV:Client", ">CIN-100002 "},
	    {NULL, "<Envelope xmlns='urn:x'/>", "SOAP-ENV:VersionMismatch", ">CIN-100003 "},
	    {NULL, "<a/>", "SOAP-ENV:Client", ">CIN-100005 "},
	    {"nope", ENVELOPE("<nope/>"), "SOAP-ENV:Client", ">CIN-100006 "},
	    {"xtk:session#Logoff", ENVELOPE("<Logon/>"), "SOAP-ENV:Client", ">CIN-100007 "},
	    {"xtk:session#GetServerTime", ENVELOPE("<GetServerTime><a/><b/></GetServerTime>"),
	     "SOAP-ENV:Client", ">SOP-330003 "},
	    {"xtk:session#Logon", ENVELOPE("<Logon><sessiontoken/><a/></Logon>"), "SOAP-ENV:Client",
	     ">CIN-100008 "},
	};

	(void)state;
	zones[0].show_errors = false; /* refusals are never masked: R3.19 */
	for (size_t i = 0; i < COUNT(cases); i++) {
		handle(
		    (struct http_request){.soap_action = cases[i].action, .body = cases[i].body});
		expect_fault(500, cases[i].faultcode, cases[i].code);
		expect_no_body("<detail");
	}
}

static void R2_11_fault_status(void **state)
{
	static const struct {
		enum conf_fault_status setting;
		const char *sdk_version;
		int status;
	} cases[] = {
	    {CONF_FAULT_AUTO, NULL, 500},
	    {CONF_FAULT_AUTO, "@adobe/acc-js-sdk 1.2.0", 200},
	    {CONF_FAULT_200, NULL, 200},
	    {CONF_FAULT_500, "@adobe/acc-js-sdk 1.2.0", 500},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		conf.fault_http_status = cases[i].setting;
		handle((struct http_request){.sdk_version = cases[i].sdk_version, .body = "<a>"});
		expect(cases[i].status, "text/xml");
		handle((struct http_request){.sdk_version = cases[i].sdk_version,
					     .body = INGEST("<x/>")});
		expect(cases[i].status, "text/xml");
	}
	handle((struct http_request){/* a refusal is not a fault: R2.12 */
				     .sdk_version = "1",
				     .body = ENVELOPE("<Logoff xmlns='urn:xtk:session'/>")});
	expect(403, "text/plain");
}

/* Section 4 */

static void Logon(void **state)
{
	(void)state;
	handle((struct http_request){
	    .soap_action = "\"xtk:session#Logon\"",
	    .https = true,
	    .security_token = "",
	    .session_token = "",
	    .body =
		ENVELOPE("<m:Logon xmlns:m='urn:xtk:session'><sessiontoken/><login>feed1</login>"
			 "<password>correct horse 9</password><parameters/></m:Logon>")});
	expect(200, "text/xml; charset=utf-8");
	expect_header("Set-Cookie: __sessiontoken=" TOKEN
		      "; Path=/; HttpOnly; SameSite=Strict; Secure\r\n");
	expect_header("X-Security-Token: " SECURITY "\r\n");
	expect_body("<LogonResponse xmlns='urn:xtk:session' "
		    "SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>\n"
		    "<pstrSessionToken xsi:type='xsd:string'>" TOKEN "</pstrSessionToken>\n"
		    "<pSessionInfo xsi:type='ns:Element' ");
	expect_body("<sessionInfo><serverInfo ");
	expect_body(" buildNumber=\"102\" ");
	expect_body(" databaseId=\"u0B6F1C029D554A7E\" ");
	expect_body(" instanceName=\"ingest1\" majNumber=\"1\" ");
	expect_body(" minNumber=\"2\" ");
	expect_body(" releaseName=\"1.2.3\" securityTimeOut=\"3600\" serverDate=\"20");
	expect_body(" servicePack=\"3\" sessionTimeOut=\"86400\" useVault=\"false\"/>");
	expect_body("<userInfo datakitInDatabase=\"true\" homeDir=\"\" instanceLocale=\"en\" "
		    "locale=\"en\" login=\"feed1\" loginCS=\"Feed 1 (feed1)\" loginId=\"1201\" "
		    "noConsoleCnx=\"true\" orgUnitId=\"0\" theme=\"\" timezone=\"UTC\">"
		    "<login-group id=\"1060\"/><login-right right=\"ingest\"/>"
		    "<installed-package name=\"core\" namespace=\"nms\"/>"
		    "<installed-package name=\"core\" namespace=\"xtk\"/></userInfo>");
	expect_body("<pstrSecurityToken xsi:type='xsd:string'>" SECURITY "</pstrSecurityToken>");
}

static void R4_12_logon_refused(void **state)
{
	static const char wrong[] =
	    ENVELOPE("<Logon xmlns='urn:xtk:session'><sessiontoken/><a>feed1</a><b>x</b></Logon>");

	(void)state;
	handle(BODY(wrong));
	expect(403, "text/plain; charset=utf-8");
	assert_string_equal(buf_text(&current->response.body),
			    "XSV-350012 Invalid login or password\n");
	assert_null(strstr(buf_text(&current->response.headers), "Set-Cookie"));

	for (int i = 1; i < 30; i++)
		handle(BODY(wrong));
	expect(403, "text/plain");
	handle(BODY(wrong)); /* R2.13 */
	expect(429, "text/plain; charset=utf-8");
	expect_body("CIN-100020 ");
	expect_header("Retry-After: ");

	zones[0].allow_http = false;
	handle(BODY(wrong));
	expect(403, "text/plain");
	expect_body("XSV-350013 ");
	expect_body("192.0.2.10");
}

static void BearerTokenLogon(void **state)
{
	(void)state;
	handle(BODY(ENVELOPE("<m:BearerTokenLogon xmlns:m='urn:xtk:session'><sessiontoken/>"
			     "<bearerToken>tok_5f2d7a90e114</bearerToken></m:BearerTokenLogon>")));
	expect(200, "text/xml");
	expect_body("<BearerTokenLogonResponse xmlns='urn:xtk:session'");
	expect_header("SameSite=Strict\r\n"); /* without TLS the cookie is not Secure */
	handle(BODY(ENVELOPE("<m:BearerTokenLogon xmlns:m='urn:xtk:session'><sessiontoken/>"
			     "<bearerToken>other</bearerToken></m:BearerTokenLogon>")));
	expect(403, "text/plain");
	expect_body("XSV-350008 This session has expired or is invalid");
}

static void Logoff_and_after(void **state)
{
	static const char off[] =
	    ENVELOPE("<urn:Logoff xmlns:urn='urn:xtk:session'>"
		     "<urn:sessiontoken>" TOKEN "</urn:sessiontoken></urn:Logoff>");

	(void)state;
	handle(BODY(off));
	expect(200, "text/xml");
	expect_body("<LogoffResponse xmlns='urn:xtk:session'");
	expect_header("Set-Cookie: __sessiontoken=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	session_open = false;
	handle(BODY(off));
	expect(403, "text/plain");
	expect_body("XSV-350008 ");
}

static void other_session_methods(void **state)
{
#define HEADERS .session_token = TOKEN
	(void)state;
	handle((struct http_request){
	    HEADERS,
	    .body = ENVELOPE("<TestCnx xmlns='urn:xtk:session'><sessiontoken/></TestCnx>")});
	expect(200, "text/xml");
	expect_body("<TestCnxResponse ");
	database_answer = NULL;
	handle((struct http_request){
	    HEADERS,
	    .body = ENVELOPE("<TestCnx xmlns='urn:xtk:session'><sessiontoken/></TestCnx>")});
	expect_failure("ODB-240000 ");

	handle((struct http_request){.authorization = "Bearer tok_5f2d7a90e114",
				     .body = ENVELOPE("<GetUserInfo xmlns='urn:xtk:session'/>")});
	expect(200, "text/xml");
	expect_body("<pUserInfo xsi:type='ns:Element'");
	expect_body("><userInfo ");

	handle(BODY(ENVELOPE("<GetServerTime xmlns='urn:xtk:session'/>")));
	expect(200, "text/xml");
	expect_body("<ptmServerTime xsi:type='xsd:dateTime'>20");
	expect_body("Z</ptmServerTime>");
#undef HEADERS
}

static void GetOption(void **state)
{
	static struct conf_option options[] = {
	    {(char *)(uintptr_t) "NmsX", (char *)(uintptr_t) "a<b"}};
	static const struct {
		const char *name, *expected;
	} cases[] = {
	    {"XtkDatabaseId", "<pstrValue xsi:type='xsd:string'>u0B6F1C029D554A7E</pstrValue>\n"
			      "<pbtType xsi:type='xsd:byte'>6</pbtType>"},
	    {"NmsX", "<pstrValue xsi:type='xsd:string'>a&lt;b</pstrValue>\n"
		     "<pbtType xsi:type='xsd:byte'>6</pbtType>"},
	    {"Unknown", "<pstrValue xsi:type='xsd:string'></pstrValue>\n"
			"<pbtType xsi:type='xsd:byte'>0</pbtType>"},
	};

	(void)state;
	conf.options = options;
	conf.option_count = 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[400];

		snprintf(body, sizeof(body),
			 ENVELOPE("<GetOption xmlns='urn:xtk:session'><sessiontoken>" TOKEN
				  "</sessiontoken><n>%s</n></GetOption>"),
			 cases[i].name);
		handle(BODY(body));
		expect(200, "text/xml");
		expect_body(cases[i].expected);
	}
}

static void section_4_6_order_of_checks(void **state)
{
	(void)state;
	/* Without a session the answer does not tell which methods exist, or which parameters. */
	handle(BODY(ENVELOPE("<Nope xmlns='urn:xtk:session'><sessiontoken/></Nope>")));
	expect(403, "text/plain");
	expect_body("XSV-350008 ");
	handle(BODY(ENVELOPE("<Ingest xmlns='urn:xtk:session'><a/><b/><c/></Ingest>")));
	expect(403, "text/plain");

	handle(BODY(ENVELOPE("<Nope xmlns='urn:xtk:session'><sessiontoken>" TOKEN
			     "</sessiontoken></Nope>")));
	expect_fault(500, "SOAP-ENV:Client", ">SOP-330006 ");
	handle(BODY(ENVELOPE("<ExecuteQuery xmlns='urn:xtk:queryDef'><sessiontoken>" TOKEN
			     "</sessiontoken></ExecuteQuery>")));
	expect_fault(500, "SOAP-ENV:Client", ">CIN-100006 ");

	/* Parameters are checked before rights, and rights before the document. */
	grant_count = 0;
	handle(BODY(INGEST("")));
	expect_fault(500, "SOAP-ENV:Client", ">CIN-100009 ");
	handle(BODY(INGEST("<x/>")));
	expect_failure("'xsd:string'>CIN-100103 Access denied");

	sessions_outcome = OUTCOME_RETRY;
	handle(BODY(INGEST("<x/>")));
	expect_failure("ODB-240000 ");
}

static void R3_19_masking(void **state)
{
	(void)state;
	zones[0].show_errors = false;
	handle(BODY(INGEST("<x xtkschema='no:such'/>")));
	expect_fault(500, "<faultcode>SOAP-ENV:Error</faultcode>", ">SOP-330023 ");
	expect_no_body("<detail");
	expect_no_body("no:such");
}

/* Sections 7 and 8 */

static void Ingest_returns_made_ids(void **state)
{
	const char *start_of_id;

	(void)state;
	handle((struct http_request){.query = "soapAction=xtk%3Apersist%7Cxtk%3Asession%23Ingest",
				     .body = INGEST(RECORD("testcol1='a'"))});
	expect(200, "text/xml");
	expect_body("<IngestResponse xmlns='urn:wpp:default'");
	start_of_id =
	    strstr(buf_text(&current->response.body), "<pstrSUuids xsi:type='xsd:string'>");
	assert_non_null(start_of_id);
	start_of_id = strchr(start_of_id, '>') + 1;
	assert_int_equal(strcspn(start_of_id, "<"), 36);
	assert_string_equal(buf_text(&written), "1 @id id,testcol1 feed1 192.0.2.10\n");

	handle(BODY(INGEST(RECORD("_key='@id' id='SHOP-1'"))));
	expect(200, "text/xml");
	expect_body("<pstrSUuids xsi:type='xsd:string'></pstrSUuids>");
}

static void R7_1_schemas(void **state)
{
	(void)state;
	handle(BODY(INGEST("<x/>")));
	expect_failure("'xsd:string'>XFR-180000 ");
	handle(BODY(INGEST("<x xtkschema='no:such'/>")));
	expect_failure("'xsd:string'>XFR-180000 ");
	expect_body("no:such");
	handle(BODY(INGEST("<x xtkschema='xtk:folder'/>")));
	expect_failure("'xsd:string'>CIN-100201 ");
	handle(BODY(INGEST("<x xtkschema='dem:sampleTable'/>")));
	expect(200, "text/xml");
	registry_loaded = false;
	handle(BODY(INGEST("<x xtkschema='dem:sampleTable'/>")));
	expect_failure("'xsd:string'>ODB-240000 ");
}

static void rights_have_a_scope(void **state)
{
	(void)state;
	snprintf(grants[0].scope, sizeof(grants[0].scope), "dem:other");
	handle(BODY(INGEST(RECORD(""))));
	expect_failure("'xsd:string'>CIN-100103 Access denied");
	snprintf(grants[0].scope, sizeof(grants[0].scope), "dem:sampleTable");
	handle(BODY(INGEST(RECORD(""))));
	expect(200, "text/xml");
}

static void section_3_3_a_record_that_fails(void **state)
{
	(void)state;
	handle((struct http_request){.soap_action = "xtk:persist|xtk:session#Ingest",
				     .body = INGEST(RECORD("testcol1='123456'"))});
	expect_fault(500, "<faultcode>SOAP-ENV:Server</faultcode>",
		     "SOP-330011 Error while executing the method ");
	expect_body("xtk:persist|xtk:session");
	expect_body("<detail xsi:type='xsd:string'>CIN-100205 ");
	expect_body("\nXSV-350023 Unable to save document of type ");
	expect_body("Sample table (dem:sampleTableStg)");
	expect_no_body("123456"); /* R3.20 */
	assert_int_equal(submitted, 0);
}

static void R7_8_R7_9_collections(void **state)
{
	(void)state;
	handle(BODY(INGEST("<x-collection xtkschema='dem:sampleTableStg'><a id='1'/>"
			   "<a id='2'/></x-collection>")));
	expect(200, "text/xml");
	expect_body("<pstrSUuids xsi:type='xsd:string'></pstrSUuids>"); /* R7.12 */
	assert_int_equal(submitted, 2);

	handle(BODY(INGEST("<x-collection xtkschema='dem:sampleTableStg'><a id='1'/><a/>"
			   "<a id='3'/></x-collection>")));
	expect(200, "text/xml");
	expect_body("'xsd:string'>,");
	expect_body(",</pstrSUuids>");

	submitted = 0;
	handle(BODY(INGEST("<x-collection xtkschema='dem:sampleTableStg'><a/>"
			   "<a testcol1='123456'/></x-collection>")));
	expect_failure("'xsd:string'>CIN-100205 ");
	expect_body(" (record 2)\nXSV-350023 ");
	assert_int_equal(submitted, 0);

	handle(BODY(INGEST("<x-collection xtkschema='dem:sampleTableStg'><a/><a/><a/><a/>"
			   "</x-collection>")));
	expect_failure("'xsd:string'>CIN-100206 ");
	assert_int_equal(submitted, 0);
}

static void IngestExt(void **state)
{
	(void)state;
	handle(BODY(INGEST_EXT(RECORD("testcol1='a'"))));
	expect(200, "text/xml");
	expect_body("<IngestExtResponse xmlns='urn:wpp:default'");
	expect_no_body("<p");
	assert_int_equal(submitted, 1);

	submitted = 0;
	handle(BODY(INGEST_EXT(RECORD("_operation='none'")))); /* R8.7 */
	expect(200, "text/xml");
	assert_int_equal(submitted, 0);

	handle(BODY(INGEST_EXT(RECORD("_operation='delete' id='1' testcol1='a'"))));
	expect(200, "text/xml");
	assert_string_equal(buf_text(&written), "4 @id id feed1 192.0.2.10\n");
}

static void what_the_database_did(void **state)
{
	static const struct {
		enum outcome outcome;
		const char *text;
	} cases[] = {
	    {OUTCOME_RETRY,
	     "ODB-240000 Staging database error 2006 (HY000): nothing was stored, try again"},
	    {OUTCOME_UNKNOWN, "is not known whether it was stored"},
	    {OUTCOME_REJECTED, "ODB-240000 Staging database error 2006 (HY000): the record was"},
	    {OUTCOME_BUG, "ODB-240000 Staging database error 2006 (HY000): nothing was stored."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		writer_outcome = cases[i].outcome;
		for (int slow = 0; slow < 2; slow++) {
			writer_is_slow = slow;
			handle(BODY(INGEST(RECORD(""))));
			expect_failure(cases[i].text);
			expect_no_body("Response");
		}
	}
}

/* Section 12 */

static void r_test(void **state)
{
	(void)state;
	handle((struct http_request){
	    .method = "GET", .path = "/r/test", .host = "[::1]:8080", .peer = "192.0.2.10"});
	expect(200, "text/xml; charset=utf-8");
	expect_body("<redir status='OK' date='20");
	expect_body("+00' version='1.2.3' build='102' sha1='' instance='ingest1' "
		    "sourceIP='192.0.2.10' host='[::1]:8080' localHost='node1'/>");

	zones[0].allow_http = false; /* monitors need no zone */
	zones[0].network_count = 0;
	handle((struct http_request){.method = "GET", .path = "/r/test"});
	expect(200, "text/xml");
}

/* The answers do not repeat the text of a header that is not a host. */
static void r_test_and_wsdl_name_hosts_only(void **state)
{
	static const char *const others[] = {NULL,	  "",	  "a'b<c>", "a b",	 "a/b",
					     "user@host", "a\"b", "a%00b",  "a\xC3\xB6", "a&b"};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		handle((struct http_request){
		    .method = "GET", .path = "/r/test", .host = others[i], .peer = "192.0.2.10"});
		expect(200, "text/xml");
		expect_body(" host='-' ");
		handle((struct http_request){.method = "GET",
					     .path = "/nl/jsp/schemawsdl.jsp",
					     .query = "schema=xtk:session",
					     .host = others[i],
					     .peer = "192.0.2.10"});
		expect(200, "text/xml");
		expect_body("http://localhost/nl/jsp/soaprouter.jsp");
	}
	handle((struct http_request){.method = "GET",
				     .path = "/r/test",
				     .host = "my_Ingest-1.example.test:8443",
				     .peer = "192.0.2.10"});
	expect_body(" host='my_Ingest-1.example.test:8443' ");
}

static void ping(void **state)
{
	struct http_request request = {.method = "GET",
				       .path = "/nl/jsp/ping.jsp",
				       .query = "zones=true",
				       .cookie = "__sessiontoken=" TOKEN,
				       .security_token = SECURITY};

	(void)state;
	handle(request);
	expect(200, "text/plain; charset=utf-8");
	assert_string_equal(buf_text(&current->response.body), "OK\n2026-02-03 04:05:06.789Z\n");

	database_answer = NULL;
	handle(request);
	expect(200, "text/plain");
	assert_int_equal(strncmp(buf_text(&current->response.body), "Error\nODB-240000 ", 17), 0);

	request.security_token = NULL; /* R4.4: the token was sent as a cookie */
	handle(request);
	expect(403, "text/plain");
	expect_body("XSV-350008 ");
}

#define TEST(function) cmocka_unit_test_setup(function, prepare)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(section_1_routes),
	    TEST(R2_1_R2_14_what_is_not_read),
	    TEST(messages_at_fault),
	    TEST(R2_11_fault_status),
	    TEST(Logon),
	    TEST(R4_12_logon_refused),
	    TEST(BearerTokenLogon),
	    TEST(Logoff_and_after),
	    TEST(other_session_methods),
	    TEST(GetOption),
	    TEST(section_4_6_order_of_checks),
	    TEST(R3_19_masking),
	    TEST(Ingest_returns_made_ids),
	    TEST(R7_1_schemas),
	    TEST(rights_have_a_scope),
	    TEST(section_3_3_a_record_that_fails),
	    TEST(R7_8_R7_9_collections),
	    TEST(IngestExt),
	    TEST(what_the_database_did),
	    TEST(r_test),
	    TEST(r_test_and_wsdl_name_hosts_only),
	    TEST(ping),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
