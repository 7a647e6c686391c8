/* SPDX-License-Identifier: MIT */
/* Fakes of the modules that need a database; see server.h. */
#include "config.h"

#include "server.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "fuzz.h"
#include "schema/cast.h"
#include "schemas.h"
#include "soap/xml.h"

#define TOKEN	 "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114"
#define SECURITY "@c2VjdXJpdHk="

static const char *options = "";
static int loaded; /* its address is the registry */

static bool is_set(char option)
{
	return strchr(options, option) != NULL;
}

/* --- registry ----------------------------------------------------------------------------- */

struct registry *registry_slot_get(struct registry_slot *slot)
{
	(void)slot;
	return is_set('n') ? NULL : (struct registry *)&loaded;
}

void registry_release(struct registry **r)
{
	*r = NULL;
}

const struct schema *registry_find(const struct registry *r, const char *id, bool *staging)
{
	FUZZ_CHECK(r != NULL);
	return schemas_find(id, staging);
}

/* --- sessions ----------------------------------------------------------------------------- */

static enum outcome operator_if(bool right, struct operator_info *out)
{
	if (is_set('S'))
		return OUTCOME_RETRY;
	if (!right)
		return OUTCOME_INVALID;
	memset(out, 0, sizeof(*out));
	out->id = 1201;
	snprintf(out->login, sizeof(out->login), "feed1");
	snprintf(out->label, sizeof(out->label), "Feed <1> & (feed1)");
	snprintf(out->zone, sizeof(out->zone), "%s", is_set('z') ? "elsewhere" : "");
	out->rights[0].right = RIGHT_ADMIN;
	out->right_count = is_set('r') ? 0 : 1;
	return OUTCOME_OK;
}

/* Checks the password at once; the target then calls api_resume. */
bool password_worker_submit(struct password_worker *w, struct password_check *check)
{
	(void)w;
	check->late = is_set('q');
	check->rc = operator_if(strcmp(check->login, "feed1") == 0 &&
				    (*check->password == '\0' ? check->allow_empty_password
							      : strcmp(check->password, "pw") == 0),
				&check->who);
	return !is_set('f');
}

enum outcome sessions_open(struct sessions *s, const struct operator_info *who,
			   unsigned session_timeout_s, unsigned security_timeout_s,
			   const char *address, char token[SESSION_TOKEN_SIZE],
			   char security[SECURITY_TOKEN_SIZE])
{
	(void)s;
	(void)session_timeout_s;
	(void)security_timeout_s;
	FUZZ_CHECK(strcmp(who->login, "feed1") == 0 && fuzz_is_one_line(address));
	snprintf(token, SESSION_TOKEN_SIZE, TOKEN);
	snprintf(security, SECURITY_TOKEN_SIZE, SECURITY);
	return OUTCOME_OK;
}

enum outcome sessions_check(struct sessions *s, const char *token, struct operator_info *out,
			    bool *security_expired)
{
	(void)s;
	*security_expired = false;
	return operator_if(strcmp(token, TOKEN) == 0, out);
}

enum outcome sessions_check_security(struct sessions *s, const char *token, const char *security)
{
	(void)s;
	FUZZ_CHECK(strcmp(token, TOKEN) == 0);
	return strcmp(security, SECURITY) == 0 ? OUTCOME_OK : OUTCOME_INVALID;
}

enum outcome sessions_close(struct sessions *s, const char *token)
{
	(void)s;
	FUZZ_CHECK(strcmp(token, TOKEN) == 0);
	return is_set('c') ? OUTCOME_INVALID : OUTCOME_OK;
}

enum outcome sessions_check_bearer(struct sessions *s, const char *token, struct operator_info *out)
{
	(void)s;
	return operator_if(strcmp(token, "tok_1") == 0, out);
}

void sessions_database_id(struct sessions *s, char out[24])
{
	(void)s;
	snprintf(out, 24, "u0B6F1C029D554A7E");
}

/* --- writer and session ------------------------------------------------------------------- */

static bool committed; /* the writer has committed something in this call */

static enum outcome writer_outcome(void)
{
	if (is_set('J'))
		return OUTCOME_REJECTED;
	if (is_set('U'))
		return OUTCOME_UNKNOWN;
	return is_set('B') ? OUTCOME_BUG : OUTCOME_OK;
}

bool writer_submit(struct writer *w, struct submission *sub)
{
	(void)w;
	FUZZ_CHECK(sub->count > 0 && !committed);
	for (size_t i = 0; i < sub->count; i++) {
		schemas_check_change(&sub->changes[i]);
		FUZZ_CHECK(strcmp(sub->changes[i].operator, "feed1") == 0);
		FUZZ_CHECK(fuzz_is_one_line(sub->changes[i].address));
	}
	sub->error.number = is_set('J') ? 1406 : 2006;
	snprintf(sub->error.sqlstate, sizeof(sub->error.sqlstate), "HY000");
	sub->rc = is_set('R') ? OUTCOME_RETRY : writer_outcome();
	committed = sub->rc == OUTCOME_OK;
	return !is_set('R');
}

static unsigned rows_left;

enum outcome shared_session_acquire(struct shared_session *shared, struct db **db)
{
	(void)shared;
	*db = NULL;
	return is_set('D') ? OUTCOME_RETRY : OUTCOME_OK;
}

void shared_session_release(struct shared_session *shared)
{
	(void)shared;
}

enum outcome db_run(struct db *db, const char *sql, const struct db_value *params, size_t count,
		    struct db_rows **rows, uint64_t *affected)
{
	size_t marks = 0;

	(void)db;
	(void)affected;
	for (const char *s = sql; *s != '\0'; s++)
		marks += *s == '?';
	FUZZ_CHECK(marks == count);
	rows_left = 1;
	for (size_t i = 0; i < count; i++) /* no row has a value that ends in "0" */
		if (params[i].length > 0 && params[i].text[params[i].length - 1] == '0')
			rows_left = 0;
	*rows = NULL;
	return OUTCOME_OK;
}

bool db_rows_next(struct db_rows *rows)
{
	(void)rows;
	return rows_left > 0 && rows_left-- > 0;
}

struct db_value db_rows_value(const struct db_rows *rows, size_t column)
{
	(void)rows;
	FUZZ_CHECK(column == 0);
	return db_text("4711"); /* serves as a number, a key and a time */
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
	FUZZ_CHECK(strchr(name, '`') == NULL); /* all names are columns and tables of a schema */
	buf_addf(sql, "`%s`", name);
}

/* --- configuration ------------------------------------------------------------------------ */

static struct network everywhere = {.prefix = 0}, proxies = {.prefix = 128};
static struct zone zones[2];
static struct conf_option conf_options[1];
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

static char *text_of(const char *text)
{
	return (char *)(uintptr_t)text; /* is only read */
}

static struct api api = {.version = "1.2.3", .node = "node1"};

int server_start(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	schemas_load();
	api.limits = limits_map();
	if (api.limits == NULL || address_parse("127.0.0.1", &proxies.address) < 0)
		return -1;
	return cast_init("UTC");
}

struct api *server_prepare(const char *with)
{
	options = with;
	committed = false;
	zones[0] = (struct zone){.name = text_of("here"),
				 .networks = &everywhere,
				 .network_count = 1,
				 .allow_http = !is_set('h'),
				 .allow_user_password = is_set('p'),
				 .session_token_only = is_set('o'),
				 .security_token_always = is_set('a'),
				 .allow_empty_password = is_set('0'),
				 .show_errors = !is_set('e')};
	zones[1] =
	    (struct zone){.name = text_of("elsewhere"), .networks = &proxies, .network_count = 1};
	conf_options[0] = (struct conf_option){text_of("Label"), text_of("Shop <&> feed")};
	conf =
	    (struct conf){.zones = zones,
			  .zone_count = 2,
			  .trusted_proxies = &proxies,
			  .trusted_proxy_count = 1,
			  .instance_name = text_of("ingest1"),
			  .public_url = text_of(is_set('u') ? "https://ingest.example.test/" : ""),
			  .timezone = text_of("UTC"),
			  .max_request_bytes = 4096,
			  .request_timeout_s = 5,
			  .max_records = 3,
			  .session_timeout_s = 86400,
			  .security_timeout_s = 3600,
			  .operator_burst = 1,
			  .wsdl_requires_session = is_set('w'),
			  .wsdl_legacy_body = is_set('g'),
			  .options = conf_options,
			  .option_count = 1,
			  .cast_mode = is_set('l') ? CONF_CAST_LENIENT : CONF_CAST_STRICT,
			  .unknown_fields = is_set('i') ? CONF_UNKNOWN_IGNORE : CONF_UNKNOWN_REFUSE,
			  .fault_http_status = is_set('2')   ? CONF_FAULT_200
					       : is_set('5') ? CONF_FAULT_500
							     : CONF_FAULT_AUTO};
	api.no_staging = is_set('s');
	return &api;
}

/* --- answers ------------------------------------------------------------------------------ */

static bool is_one_of(int status)
{
	static const int known[] = {200, 400, 403, 404, 405, 413, 415, 429, 500, 503};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == status)
			return true;
	return false;
}

/* Checks that each header is "Name: value\r\n" and that no value contains a line end. */
static void check_headers(const char *headers)
{
	while (*headers != '\0') {
		const char *end = strstr(headers, "\r\n");
		size_t name =
		    strspn(headers, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

		FUZZ_CHECK(end != NULL && name > 0 && strncmp(headers + name, ": ", 2) == 0);
		for (const char *c = headers + name; c < end; c++)
			FUZZ_CHECK(*c >= ' ' && *c <= '~');
		headers = end + 2;
	}
}

static void check_fault(const struct xml_element *fault)
{
	const struct xml_element *code = xml_child(fault, "faultcode"),
				 *text = xml_child(fault, "faultstring"),
				 *detail = xml_child(fault, "detail");

	FUZZ_CHECK(code != NULL && strncmp(code->text, "SOAP-ENV:", 9) == 0);
	FUZZ_CHECK(text != NULL && fuzz_is_code(text->text) && text->text[10] == ' ');
	FUZZ_CHECK(fuzz_is_one_line(text->text));
	if (detail == NULL)
		return;
	FUZZ_CHECK(!is_set('e') && strcmp(code->text, "SOAP-ENV:Server") == 0);
	for (const char *line = detail->text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		FUZZ_CHECK(fuzz_is_code(line) && line[10] == ' ');
	}
}

/* Checks an answer of the SOAP router: a response with status 200, or a fault. */
static void check_envelope(const struct server_answer *a, const struct xml_element *root)
{
	const struct xml_element *body = xml_child(root, "Body"), *content;

	FUZZ_CHECK(strcmp(root->name, "Envelope") == 0 && body != NULL && body->child_count == 1);
	FUZZ_CHECK(strncmp(a->body, "<?xml version='1.0'?>", 21) == 0); /* R2.9 */
	content = body->first_child;
	if (strcmp(content->name, "Fault") != 0) {
		FUZZ_CHECK(a->status == 200);
		return;
	}
	FUZZ_CHECK(!committed); /* a committed change is never reported as a failure */
	FUZZ_CHECK(a->status == 200 || a->status == 500);
	check_fault(content);
}

static void check_xml(const struct server_answer *a, const char *path)
{
	struct arena *arena = arena_new();
	struct fault_cause p;
	const struct xml_element *root =
	    xml_parse(a->body, a->length, NULL, &xml_limits_default, arena, &p);

	FUZZ_CHECK(root != NULL);
	if (strcmp(path, "/nl/jsp/soaprouter.jsp") == 0)
		check_envelope(a, root);
	arena_free(&arena);
}

static void check_text(const struct server_answer *a)
{
	FUZZ_CHECK(a->length > 1 && a->body[a->length - 1] == '\n' && a->body[0] != '\n');
	FUZZ_CHECK(fuzz_is_xml_text(a->body) && strchr(a->body, '\r') == NULL);
	FUZZ_CHECK(!committed);
	if (a->status == 403 || a->status == 429) /* R2.12, R2.13 */
		FUZZ_CHECK(fuzz_is_code(a->body) &&
			   strchr(a->body, '\n') == a->body + a->length - 1);
}

void server_check_answer(const struct server_answer *a, const char *path)
{
	bool is_call =
	    strcmp(path, "/nl/jsp/soaprouter.jsp") == 0 || strcmp(path, "/nl/jsp/ping.jsp") == 0;

	FUZZ_CHECK(is_one_of(a->status));
	FUZZ_CHECK(strlen(a->body) == a->length);
	check_headers(a->headers);
	FUZZ_CHECK(strstr(a->headers, "Cache-Control: no-store\r\n") != NULL);
	FUZZ_CHECK(a->status != 405 || strstr(a->headers, "Allow: POST\r\n") != NULL);
	FUZZ_CHECK(a->status != 429 || strstr(a->headers, "Retry-After: ") != NULL);
	if (strcmp(a->content_type, "text/xml; charset=utf-8") == 0) {
		check_xml(a, path);
	} else {
		FUZZ_CHECK(strcmp(a->content_type, "text/plain; charset=utf-8") == 0);
		check_text(a);
	}
	if (is_call && a->status != 403) /* 4.6 */
		FUZZ_CHECK(strstr(a->body, "XSV-350008") == NULL);
}
