/* SPDX-License-Identifier: MIT */
/*
 * Tokens, zones and refusals: docs/protocol.md 4.2, 4.5, 4.6, R2.13.  The sessions are a fake: one
 * operator "feed1" with the password "pw", one session "___s" with the security token "@sec", and
 * one Bearer token "tok".
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/auth.h"
#include "base/arena.h"

#define FAILURES 30 /* per minute, from one address */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum outcome database = OUTCOME_OK; /* if not OK, the result of every check */
static bool security_is_over;
static bool security_is_unknown; /* the database does not tell the secret */
static const char *operator_zone = "";

static enum outcome known(bool right, struct operator_info *out)
{
	if (database != OUTCOME_OK)
		return database;
	if (!right)
		return OUTCOME_INVALID;
	memset(out, 0, sizeof(*out));
	snprintf(out->login, sizeof(out->login), "feed1");
	snprintf(out->zone, sizeof(out->zone), "%s", operator_zone);
	return OUTCOME_OK;
}

static bool queue_is_full, check_is_late;
static enum password_caller last_caller;

bool password_worker_submit(struct password_worker *w, struct password_check *check)
{
	(void)w;
	last_caller = check->caller;
	check->late = check_is_late;
	check->rc = known(strcmp(check->login, "feed1") == 0 && strcmp(check->password, "pw") == 0,
			  &check->who);
	return !queue_is_full;
}

enum outcome sessions_check(struct sessions *s, const char *token, struct operator_info *out,
			    bool *security_expired)
{
	(void)s;
	*security_expired = security_is_over;
	return known(strcmp(token, "___s") == 0, out);
}

enum outcome sessions_check_security(struct sessions *s, const char *token, const char *security)
{
	(void)s;
	if (security_is_unknown)
		return OUTCOME_RETRY;
	return strcmp(token, "___s") == 0 && strcmp(security, "@sec") == 0 ? OUTCOME_OK
									   : OUTCOME_INVALID;
}

enum outcome sessions_check_bearer(struct sessions *s, const char *token, struct operator_info *out)
{
	(void)s;
	return known(strcmp(token, "tok") == 0, out);
}

static void section_4_2_where_tokens_travel(void **state)
{
	static const struct {
		const char *name;
		struct http_request request;
		const char *parameter, *soap_cookie, *soap_security;
		struct auth_tokens expected;
	} cases[] = {
	    {"nothing", {0}, NULL, NULL, NULL, {0}},
	    {"all empty",
	     {.session_token = "", .security_token = "", .cookie = "", .authorization = ""},
	     "",
	     "",
	     "",
	     {0}},
	    {"parameter 0 first",
	     {.cookie = "__sessiontoken=___c", .session_token = "___h"},
	     "___p",
	     "__sessiontoken=___x",
	     NULL,
	     {.session = "___p"}},
	    {"then the cookie",
	     {.cookie = "__sessiontoken=___c", .session_token = "___h"},
	     "",
	     NULL,
	     NULL,
	     {.session = "___c", .by_cookie = true}},
	    {"then the header",
	     {.session_token = "___h"},
	     NULL,
	     "__sessiontoken=___x",
	     NULL,
	     {.session = "___h"}},
	    {"then the SOAP header",
	     {0},
	     NULL,
	     "__sessiontoken=___x",
	     NULL,
	     {.session = "___x", .by_cookie = true}},
	    {"a cookie among others",
	     {.cookie =
		  "a=b; x__sessiontoken=___1;__sessiontoken2=___2;  __sessiontoken=___c ;z=1"},
	     NULL,
	     NULL,
	     NULL,
	     {.session = "___c", .by_cookie = true}},
	    {"an empty cookie is none",
	     {.cookie = "__sessiontoken=; a=__sessiontoken=1", .session_token = "___h"},
	     NULL,
	     NULL,
	     NULL,
	     {.session = "___h"}},
	    {"a quoted cookie",
	     {.cookie = "__sessiontoken=\"___c\""},
	     NULL,
	     NULL,
	     NULL,
	     {.session = "___c", .by_cookie = true}},
	    {"security: the HTTP header first",
	     {.security_token = "@h"},
	     NULL,
	     NULL,
	     "@x",
	     {.security = "@h"}},
	    {"security: the SOAP header",
	     {.security_token = ""},
	     NULL,
	     NULL,
	     "@x",
	     {.security = "@x"}},
	    {"Bearer", {.authorization = "bearer   tok"}, NULL, NULL, NULL, {.bearer = "tok"}},
	    {"another scheme", {.authorization = "Basic dG9r"}, NULL, NULL, NULL, {0}},
	    {"no scheme", {.authorization = "Bearertok"}, NULL, NULL, NULL, {0}},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct auth_tokens *want = &cases[i].expected;
		struct auth_tokens got;

		auth_collect(&cases[i].request, cases[i].parameter, cases[i].soap_cookie,
			     cases[i].soap_security, arena, &got);
#define EXPECT(member)                                                                             \
	if ((got.member == NULL) != (want->member == NULL) ||                                      \
	    (got.member != NULL && strcmp(got.member, want->member) != 0))                         \
	fail_msg("%s: " #member " is %s", cases[i].name, got.member != NULL ? got.member : "none")
		EXPECT(session);
		EXPECT(security);
		EXPECT(bearer);
#undef EXPECT
		if (got.by_cookie != want->by_cookie)
			fail_msg("%s: by_cookie", cases[i].name);
	}
	arena_free(&arena);
}

/* Makes a call from ADDRESS with the configuration below. */
static struct network everywhere = {.prefix = 0};
static struct zone zones[] = {
    {.name = (char *)(uintptr_t) "all", .networks = &everywhere, .network_count = 1},
};
static struct conf conf = {
    .zones = zones, .zone_count = 1, .logon_failures_per_minute = FAILURES, .operator_burst = 1};
static struct api api;

static void fresh_limits(void)
{
	limits_unmap(&api.limits);
	api.limits = limits_map();
	assert_non_null(api.limits);
}

static struct call *new_call(struct arena *arena, const struct zone_flags *zone)
{
	struct call *call = arena_zalloc(arena, sizeof(*call));

	call->api = &api;
	call->conf = &conf;
	call->arena = arena;
	call->request = arena_zalloc(arena, sizeof(*call->request));
	call->zone = *zone;
	snprintf(call->address_text, sizeof(call->address_text), "192.0.2.10");
	address_parse("192.0.2.10", &call->address);
	return call;
}

/* Like http.c: calls the check again after the password check. */
static bool resumed(struct call *call, enum call_result result)
{
	call->password_checked = result == CALL_WAITING;
	return call->password_checked;
}

static enum call_result password(struct call *call, const char *login, const char *text)
{
	enum call_result result = auth_password(call, login, text);

	return resumed(call, result) ? auth_password(call, login, text) : result;
}

static enum call_result check(struct call *call, const struct auth_tokens *tokens)
{
	enum call_result result = auth_check(call, tokens);

	return resumed(call, result) ? auth_check(call, tokens) : result;
}

static void R4_4_to_R4_6_and_4_6(void **state)
{
	static const struct zone_flags plain = {.any = true};
	static const struct zone_flags always = {.any = true, .security_token_always = true};
	static const struct zone_flags never = {
	    .any = true, .security_token_always = true, .session_token_only = true};
	static const struct zone_flags password = {.any = true, .allow_user_password = true};
	static const struct zone_flags strict_password = {
	    .any = true, .allow_user_password = true, .security_token_always = true};
	static const struct {
		const char *name;
		const struct zone_flags *zone;
		struct auth_tokens tokens;
		const char *code; /* NULL: the call is accepted */
	} cases[] = {
	    {"no token", &plain, {0}, "XSV-350008"},
	    {"unknown session", &plain, {.session = "___x"}, "XSV-350008"},
	    {"parameter alone", &plain, {.session = "___s"}, NULL},
	    {"wrong security token", &plain, {.session = "___s", .security = "@x"}, "XSV-350008"},
	    {"right security token", &plain, {.session = "___s", .security = "@sec"}, NULL},
	    {"cookie alone", &plain, {.session = "___s", .by_cookie = true}, "XSV-350008"},
	    {"cookie and security token",
	     &plain,
	     {.session = "___s", .by_cookie = true, .security = "@sec"},
	     NULL},
	    {"always", &always, {.session = "___s"}, "XSV-350008"},
	    {"always, given", &always, {.session = "___s", .security = "@sec"}, NULL},
	    {"never", &never, {.session = "___s", .by_cookie = true}, NULL},
	    {"never, but wrong", &never, {.session = "___s", .security = "@x"}, "XSV-350008"},
	    {"login/password, not allowed", &plain, {.session = "feed1/pw"}, "XSV-350008"},
	    {"login/password", &password, {.session = "feed1/pw"}, NULL},
	    {"login/password, wrong", &password, {.session = "feed1/pw/"}, "XSV-350012"},
	    {"login/password, other form", &password, {.session = "feed1"}, "XSV-350008"},
	    {"login/password needs a security token",
	     &strict_password,
	     {.session = "feed1/pw"},
	     "XSV-350008"},
	    {"login/password by cookie",
	     &password,
	     {.session = "feed1/pw", .by_cookie = true},
	     "XSV-350008"},
	    {"Bearer", &always, {.bearer = "tok"}, NULL},
	    {"wrong Bearer", &plain, {.bearer = "x"}, "XSV-350008"},
	    {"R4.6 Bearer wins", &plain, {.session = "___s", .bearer = "x"}, "XSV-350008"},
	};
	struct arena *arena = arena_new();

	(void)state;
	fresh_limits();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct call *call = new_call(arena, cases[i].zone);
		enum call_result result = check(call, &cases[i].tokens);

		if ((result == CALL_OK) != (cases[i].code == NULL) || result == CALL_FAILED)
			fail_msg("%s: result %d", cases[i].name, result);
		if (cases[i].code != NULL && strcmp(call->causes[0].code, cases[i].code) != 0)
			fail_msg("%s: %s", cases[i].name, call->causes[0].code);
		assert_string_equal(call->who.login, result == CALL_OK ? "feed1" : "");
	}
	arena_free(&arena);
}

static void R4_3_the_security_token_has_a_life(void **state)
{
	static const struct zone_flags plain = {.any = true};
	struct auth_tokens tokens = {.session = "___s", .security = "@sec"};
	struct arena *arena = arena_new();
	struct call *call;

	(void)state;
	security_is_over = true;
	assert_int_equal(check(new_call(arena, &plain), &tokens), CALL_REFUSED);
	tokens.security = NULL;
	call = new_call(arena, &plain);
	assert_int_equal(check(call, &tokens), CALL_OK);
	assert_string_equal(call->session, "___s");
	security_is_over = false;
	arena_free(&arena);
}

static void an_operator_bound_to_a_zone(void **state)
{
	static const struct zone_flags plain = {.any = true};
	const struct auth_tokens ways[] = {{.session = "___s"}, {.bearer = "tok"}};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct call *call = new_call(arena, &plain);

		operator_zone = "all";
		assert_int_equal(check(call, &ways[i]), CALL_OK);
		operator_zone = "gone";
		call = new_call(arena, &plain);
		assert_int_equal(check(call, &ways[i]), CALL_REFUSED);
		assert_string_equal(call->causes[0].code, "XSV-350013");
		assert_non_null(strstr(call->causes[0].text, "192.0.2.10"));
	}
	operator_zone = "";
	arena_free(&arena);
}

static void a_database_that_is_away_is_no_reason_to_log_on_again(void **state)
{
	static const struct zone_flags plain = {.any = true, .allow_user_password = true};
	const struct auth_tokens ways[] = {
	    {.session = "___s"}, {.session = "feed1/pw"}, {.bearer = "tok"}};
	const struct auth_tokens guarded = {.session = "___s", .security = "@sec"};
	struct arena *arena = arena_new();
	struct call *call;

	(void)state;
	fresh_limits();
	database = OUTCOME_RETRY;
	for (size_t i = 0; i < COUNT(ways); i++) {
		call = new_call(arena, &plain);
		assert_int_equal(check(call, &ways[i]), CALL_FAILED);
		assert_string_equal(call->causes[0].code, "ODB-240000");
	}
	database = OUTCOME_OK;
	security_is_unknown = true; /* the session is in memory, and the secret is not */
	call = new_call(arena, &plain);
	assert_int_equal(check(call, &guarded), CALL_FAILED);
	assert_string_equal(call->causes[0].code, "ODB-240000");
	assert_string_equal(call->who.login, "");
	security_is_unknown = false;
	arena_free(&arena);
}

static void R2_13_failed_logons_are_limited_per_address(void **state)
{
	static const struct zone_flags plain = {.any = true};
	struct arena *arena = arena_new();
	struct call *call = NULL;

	(void)state;
	fresh_limits();
	for (int i = 0; i < 3 * FAILURES; i++) /* successes do not count */
		assert_int_equal(password(new_call(arena, &plain), "feed1", "pw"), CALL_OK);
	for (int i = 0; i < FAILURES; i++) {
		call = new_call(arena, &plain);
		assert_int_equal(password(call, "feed1", "no"), CALL_REFUSED);
		assert_string_equal(call->causes[0].code, "XSV-350012");
	}
	call = new_call(arena, &plain);
	assert_int_equal(password(call, "feed1", "pw"), CALL_REFUSED);
	assert_string_equal(call->causes[0].code, "CIN-100020");
	assert_in_range(call->retry_after, 1, 2);

	call = new_call(arena, &plain); /* other addresses are not limited */
	address_parse("192.0.2.11", &call->address);
	assert_int_equal(password(call, "feed1", "pw"), CALL_OK);
	fresh_limits();
	arena_free(&arena);
}

static void R2_13_every_kind_of_logon_counts(void **state)
{
	static const struct zone_flags zone = {.any = true, .allow_user_password = true};
	const struct auth_tokens pair = {.session = "feed1/no"};
	const struct auth_tokens session = {.session = "___s"}, unknown = {.bearer = "x"};
	struct arena *arena = arena_new();
	struct call *call = NULL;

	(void)state;
	fresh_limits();
	for (int i = 0; i < 2 * FAILURES; i++) { /* not a log-on, so no secret can be guessed */
		call = new_call(arena, &zone);
		assert_int_equal(check(call, &unknown), CALL_REFUSED);
		assert_string_equal(call->causes[0].code, "XSV-350008");
	}
	for (int i = 0; i < FAILURES; i += 3) {
		assert_int_equal(password(new_call(arena, &zone), "feed1", "no"), CALL_REFUSED);
		assert_int_equal(auth_bearer_logon(new_call(arena, &zone), "no"), CALL_REFUSED);
		call = new_call(arena, &zone);
		assert_int_equal(check(call, &pair), CALL_REFUSED);
		assert_string_equal(call->causes[0].code, "XSV-350012");
	}
	assert_int_equal(auth_bearer_logon(call = new_call(arena, &zone), "tok"), CALL_REFUSED);
	assert_string_equal(call->causes[0].code, "CIN-100020");
	assert_int_equal(check(call = new_call(arena, &zone), &pair), CALL_REFUSED);
	assert_string_equal(call->causes[0].code, "CIN-100020");
	assert_int_equal(check(new_call(arena, &zone), &session), CALL_OK);

	conf.logon_failures_per_minute = 0; /* 0: no limit */
	assert_int_equal(auth_bearer_logon(new_call(arena, &zone), "tok"), CALL_OK);
	conf.logon_failures_per_minute = FAILURES;
	fresh_limits();
	arena_free(&arena);
}

static struct call *call_from(struct arena *arena, unsigned n)
{
	static const struct zone_flags plain = {.any = true};
	struct call *call = new_call(arena, &plain);

	call->address.s6_addr[14] = (uint8_t)(n >> 8);
	call->address.s6_addr[15] = (uint8_t)n;
	return call;
}

/* Failures come from many addresses, one from each.  The last step is a failure of another
 * operator. */
static void R2_13_failed_logons_are_limited_per_login(void **state)
{
	static const struct {
		const char *login;
		unsigned from;
		const char *password;
		const char *code; /* NULL: the call is accepted */
	} then[] = {
	    {"feed1", 5000, "pw", "CIN-100020"}, /* the operator is not proven there */
	    {"feed1", 4000, "pw", NULL},	 /* proven there, */
	    {"feed1", 4000, "no", "XSV-350012"}, /* and the password is checked there */
	    {"feed1", 4000, "pw", NULL},	 {"other", 5000, "no", "XSV-350012"},
	};
	struct arena *arena = arena_new();
	struct call *call;

	(void)state;
	fresh_limits();
	conf.operator_logon_failures_per_minute = FAILURES;
	assert_int_equal(password(call_from(arena, 4000), "feed1", "pw"), CALL_OK);
	for (unsigned i = 0; i < FAILURES; i++)
		assert_int_equal(password(call_from(arena, i), "feed1", "no"), CALL_REFUSED);
	for (size_t i = 0; i < COUNT(then); i++) {
		enum call_result result;

		call = call_from(arena, then[i].from);
		result = password(call, then[i].login, then[i].password);
		assert_int_equal(result, then[i].code == NULL ? CALL_OK : CALL_REFUSED);
		if (then[i].code != NULL)
			assert_string_equal(call->causes[0].code, then[i].code);
	}
	conf.operator_logon_failures_per_minute = 0; /* 0: no limit */
	assert_int_equal(password(call_from(arena, 5000), "feed1", "pw"), CALL_OK);
	fresh_limits();
	arena_free(&arena);
}

static void R2_13_a_full_lane_refuses_at_once(void **state)
{
	static const struct zone_flags zone = {.any = true, .allow_user_password = true};
	const struct auth_tokens pair = {.session = "feed1/pw"};
	bool *const reasons[] = {&queue_is_full, &check_is_late};
	struct arena *arena = arena_new();

	(void)state;
	fresh_limits();
	for (size_t i = 0; i < COUNT(reasons); i++) {
		struct call *logon = new_call(arena, &zone), *other = new_call(arena, &zone);

		*reasons[i] = true;
		assert_int_equal(password(logon, "feed1", "pw"), CALL_REFUSED);
		assert_int_equal(check(other, &pair), CALL_REFUSED);
		assert_string_equal(logon->causes[0].code, "CIN-100020");
		assert_string_equal(other->causes[0].code, "CIN-100020");
		assert_int_equal(logon->retry_after, 1);
		*reasons[i] = false;
	}
	/* These refusals are not failures, so the address counts as unknown. */
	assert_int_equal(last_caller, CALLER_UNKNOWN);
	for (int i = 0; i < 2; i++)
		assert_int_equal(password(new_call(arena, &zone), "feed1", "no"), CALL_REFUSED);
	assert_int_equal(last_caller, CALLER_RECENTLY_FAILED);
	for (int i = 0; i < 2; i++)
		assert_int_equal(password(new_call(arena, &zone), "feed1", "pw"), CALL_OK);
	assert_int_equal(last_caller, CALLER_UNKNOWN); /* recently failed, and proven */
	for (int i = 0; i < 2; i++)
		assert_int_equal(password(call_from(arena, 1), "feed1", "pw"), CALL_OK);
	assert_int_equal(last_caller, CALLER_PROVEN);
	assert_int_equal(password(call_from(arena, 1), "other", "pw"), CALL_REFUSED);
	assert_int_equal(last_caller, CALLER_UNKNOWN); /* not proven as this operator */
	fresh_limits();
	arena_free(&arena);
}

static void R2_13_an_operator_is_limited_whatever_the_token(void **state)
{
	static const struct zone_flags zone = {.any = true, .allow_user_password = true};
	const struct auth_tokens ways[] = {
	    {.session = "___s"}, {.session = "feed1/pw"}, {.bearer = "tok"}};
	struct arena *arena = arena_new();
	struct call *call;

	(void)state;
	fresh_limits();
	conf.operator_rate = 1;
	conf.operator_burst = COUNT(ways);
	for (size_t i = 0; i < COUNT(ways); i++)
		assert_int_equal(check(new_call(arena, &zone), &ways[i]), CALL_OK);
	for (size_t i = 0; i < COUNT(ways); i++) {
		call = new_call(arena, &zone);
		assert_int_equal(check(call, &ways[i]), CALL_REFUSED);
		assert_string_equal(call->causes[0].code, "CIN-100020");
		assert_int_equal(call->retry_after, 1);
	}
	/* Only failures limit Logon. */
	assert_int_equal(password(new_call(arena, &zone), "feed1", "pw"), CALL_OK);
	assert_int_equal(auth_bearer_logon(new_call(arena, &zone), "tok"), CALL_OK);
	conf.operator_rate = 0;
	assert_int_equal(check(new_call(arena, &zone), &ways[0]), CALL_OK);
	arena_free(&arena);
}

static void section_4_5_places(void **state)
{
	static struct network net;
	static struct zone lan[] = {
	    {.name = (char *)(uintptr_t) "lan", .networks = &net, .network_count = 1}};
	static struct conf lan_conf = {.zones = lan, .zone_count = 1};
	static const struct {
		const char *peer;
		bool https, allow_http;
		bool let_in;
	} cases[] = {
	    {"192.0.2.10", true, false, true},	  {"192.0.2.10", false, false, false},
	    {"192.0.2.10", false, true, true},	  {"198.51.100.1", true, true, false},
	    {"198.51.100.1", false, true, false}, {NULL, true, true, false},
	    {"unix:", true, true, false},
	};
	struct arena *arena = arena_new();

	(void)state;
	assert_int_equal(network_parse("192.0.2.0/24", &net), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_request request = {.peer = cases[i].peer, .https = cases[i].https};
		struct call *call = arena_zalloc(arena, sizeof(*call));

		lan[0].allow_http = cases[i].allow_http;
		call->conf = &lan_conf;
		call->arena = arena;
		call->sent = &request;
		assert_int_equal(auth_place(call), cases[i].let_in ? 0 : -1);
		if (!cases[i].let_in)
			assert_string_equal(call->causes[0].code, "XSV-350013");
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_4_2_where_tokens_travel),
	    cmocka_unit_test(R4_4_to_R4_6_and_4_6),
	    cmocka_unit_test(R4_3_the_security_token_has_a_life),
	    cmocka_unit_test(an_operator_bound_to_a_zone),
	    cmocka_unit_test(a_database_that_is_away_is_no_reason_to_log_on_again),
	    cmocka_unit_test(R2_13_failed_logons_are_limited_per_address),
	    cmocka_unit_test(R2_13_every_kind_of_logon_counts),
	    cmocka_unit_test(R2_13_failed_logons_are_limited_per_login),
	    cmocka_unit_test(R2_13_a_full_lane_refuses_at_once),
	    cmocka_unit_test(R2_13_an_operator_is_limited_whatever_the_token),
	    cmocka_unit_test(section_4_5_places),
	};
	int failed;

	fresh_limits();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	limits_unmap(&api.limits);
	return failed;
}
