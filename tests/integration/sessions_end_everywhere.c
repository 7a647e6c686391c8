/* SPDX-License-Identifier: MIT */
/*
 * usage: sessions_end_everywhere OPTION_FILE
 *
 * The memories of two workers on one database.  A session that one worker opens is known in the
 * other at once.  A session that one worker ends, and rights that the administrator removes, are
 * invalid in both within a second.  Normally a check costs no query.
 *
 * Needs the group [campaign-staging] and an empty database; $CAMPAIGN_SOURCE or $srcdir names the
 * source tree, for the tables.
 */
#include "config.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "session/password_worker.h"
#include "session/sessions.h"

#define SECOND_MS 1000

static int failures;
static int tests;

static void check(bool good, const char *what)
{
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
	fflush(stdout);
}

static struct db_login login = {
    .group = "campaign-staging", .label = "staging", .connect_timeout_s = 5, .io_timeout_s = 10};

/* The session of the administrator. */
static struct db *admin;

static void bail_out(const char *why)
{
	printf("Bail out! %s\n", why);
	exit(1);
}

static void must(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void must(const char *format, ...)
{
	char sql[1000];
	va_list args;

	va_start(args, format);
	vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	if (db_exec(admin, sql) != OUTCOME_OK)
		bail_out(sql);
}

static int64_t ask_number(const char *sql)
{
	struct db_rows *rows = NULL;
	int64_t number = -1;

	if (db_run(admin, sql, NULL, 0, &rows, NULL) == OUTCOME_OK && db_rows_next(rows))
		number = db_rows_int(rows, db_rows_columns(rows) - 1);
	db_rows_free(&rows);
	return number;
}

/* ---- a database ---- */

/* Each statement of a migration ends with a semicolon at the end of a line. */
static void run_file(const char *path)
{
	struct buf sql = BUF_INIT;
	char line[2000];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		bail_out(path);
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t length = strlen(line);

		if (strncmp(line, "--", 2) == 0)
			continue;
		buf_add(&sql, line);
		if (length < 2 || strcmp(line + length - 2, ";\n") != 0)
			continue;
		if (db_exec_n(admin, sql.data, sql.length - 2) != OUTCOME_OK)
			bail_out(buf_text(&sql));
		buf_clear(&sql);
	}
	fclose(f);
	buf_free(&sql);
}

static void create_tables(void)
{
	const char *source = getenv("CAMPAIGN_SOURCE");
	char *path;

	if (source == NULL)
		source = getenv("srcdir");
	path = xasprintf("%s/sql/staging/0001_base.sql", source != NULL ? source : ".");
	run_file(path);
	free(path);
}

static void hex(char *out, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void add_operator(int id, const char *name, const char *hash, int disabled)
{
	must("INSERT INTO campaign_operator (id, login, label, password_hash, disabled, created_at)"
	     " VALUES (%d, '%s', 'Feed', '%s', %d, UTC_TIMESTAMP(3))",
	     id, name, hash, disabled);
}

static void operators_changed(void)
{
	must("UPDATE campaign_state SET value = value + 1 WHERE name = 'auth_version'");
}

static void fill_tables(void)
{
	unsigned char secret[SERVER_SECRET_BYTES];
	char digits[2 * SERVER_SECRET_BYTES + 1];
	char hash[PASSWORD_HASH_SIZE];

	secret_new(secret);
	hex(digits, secret, sizeof(secret));
	must("INSERT INTO campaign_state VALUES ('auth_version', '1'),"
	     " ('database_id', 'u0B6F1C029D554A7E'), ('secret', '%s')",
	     digits);
	if (password_hash(hash, "correct horse 9") < 0)
		bail_out("password_hash");
	add_operator(1201, "feed1", hash, 0);
	add_operator(1202, "nopassword", "", 0);
	add_operator(1203, "gone", hash, 1);
	must(
	    "INSERT INTO campaign_right VALUES (1201, 'ingest', 'dem:*'), (1201, 'subscribe', '')");
}

/* ---- two workers ---- */

struct worker {
	struct shared_session *shared;
	struct sessions *sessions;
	atomic_bool watching; /* false: the refresher hangs */
	atomic_bool ending;
	pthread_t refresher;
};

static struct worker a, b;

static void *watch(void *argument)
{
	struct worker *w = argument;
	struct db *db = NULL;

	while (!atomic_load(&w->ending)) {
		if (db != NULL && !db_alive(db))
			db_close(&db);
		if (db == NULL && db_open(&login, &db) != OUTCOME_OK)
			bail_out("the refresher has no database");
		if (atomic_load(&w->watching))
			sessions_refresh(w->sessions, db);
		usleep(SESSIONS_REFRESH_MS * 1000);
	}
	db_close(&db);
	return NULL;
}

static void worker_start(struct worker *w)
{
	w->shared = shared_session_new(&login);
	w->sessions = sessions_new(w->shared);
	atomic_store(&w->watching, true);
	pthread_create(&w->refresher, NULL, watch, w);
}

static void worker_end(struct worker *w)
{
	atomic_store(&w->ending, true);
	pthread_join(w->refresher, NULL);
	sessions_free(&w->sessions);
	shared_session_free(&w->shared);
}

static enum outcome check_in(struct worker *w, const char *token)
{
	struct operator_info who;
	bool expired;

	return sessions_check(w->sessions, token, &who, &expired);
}

static bool both_say_within_a_second(const char *token, enum outcome expected)
{
	int64_t deadline = clock_monotonic_ms() + SECOND_MS;

	while (clock_monotonic_ms() < deadline) {
		if (check_in(&a, token) == expected && check_in(&b, token) == expected)
			return true;
		usleep(10000);
	}
	return false;
}

static void open_in(struct worker *w, unsigned seconds, unsigned security_seconds, char *token,
		    char *security)
{
	struct operator_info who = {.id = 1201};

	if (sessions_open(w->sessions, &who, seconds, security_seconds, "127.0.0.1", token,
			  security) != OUTCOME_OK)
		bail_out("sessions_open");
}

/* ---- the steps ---- */

static void passwords(void)
{
	static const struct {
		const char *login, *password;
		bool allow_empty;
		enum outcome expected;
		const char *what;
	} cases[] = {
	    {"feed1", "correct horse 9", false, OUTCOME_OK, "a correct password is accepted"},
	    {"feed1", "correct horse 8", false, OUTCOME_INVALID, "a wrong password is refused"},
	    {"feed1", "", true, OUTCOME_INVALID,
	     "an empty password is refused if the operator has one"},
	    {"Feed1", "correct horse 9", false, OUTCOME_INVALID, "logins are exact"},
	    {"nobody", "x", false, OUTCOME_INVALID, "an unknown login is invalid"},
	    {"gone", "correct horse 9", false, OUTCOME_INVALID, "a disabled operator is invalid"},
	    {"nopassword", "", false, OUTCOME_INVALID, "R4.11: no empty password by default"},
	    {"nopassword", "", true, OUTCOME_OK, "R4.11: an empty password where it is allowed"},
	    {"nopassword", "x", true, OUTCOME_INVALID,
	     "an operator without a password refuses every password"},
	    {"\xff\xfe", "x", false, OUTCOME_INVALID, "a login that is not UTF-8 is invalid"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct password_check p = {.login = cases[i].login,
					   .password = cases[i].password,
					   .allow_empty_password = cases[i].allow_empty};

		check(password_check_now(admin, &p) == cases[i].expected, cases[i].what);
	}
}

static void old_hashes_are_good(void)
{
	struct password_check right = {.login = "old", .password = "correct horse 9"};
	struct password_check wrong = {.login = "old", .password = "wrong"};

	add_operator(1299, "old",
		     "$argon2id$v=19$m=65536,t=2,p=1$"
		     "agTDh5GEw2dxdZ3Hk5s8IQ$LplDSxZAbCUxr8d3c+E+U4iv2cD1theTZ0dZJWP1jyQ",
		     0);
	check(password_check_now(admin, &right) == OUTCOME_OK &&
		  password_check_now(admin, &wrong) == OUTCOME_INVALID,
	      "a hash with other parameters is accepted");
	must("DELETE FROM campaign_operator WHERE id = 1299");
}

static void opened_here_known_there(void)
{
	char token[SESSION_TOKEN_SIZE], security[SECURITY_TOKEN_SIZE];
	struct operator_info who = {0};
	bool expired = true;

	open_in(&a, 60, 60, token, security);
	check(sessions_check(b.sessions, token, &who, &expired) == OUTCOME_OK && !expired,
	      "another worker knows the session at once");
	check(who.id == 1201 && strcmp(who.label, "Feed (feed1)") == 0 && who.right_count == 2 &&
		  right_allows(who.rights, who.right_count, RIGHT_INGEST, "dem:a") &&
		  !right_allows(who.rights, who.right_count, RIGHT_INGEST, "nms:a"),
	      "and its operator with the rights");
	check(sessions_check_security(b.sessions, token, security) == OUTCOME_OK,
	      "and its security token");
	security[5] = security[5] == 'A' ? 'B' : 'A';
	check(sessions_check_security(b.sessions, token, security) == OUTCOME_INVALID,
	      "but not another one");
	check(check_in(&a, "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114") == OUTCOME_INVALID &&
		  check_in(&a, "") == OUTCOME_INVALID,
	      "unknown tokens are invalid");

	check(sessions_close(b.sessions, token) == OUTCOME_OK, "a log-off is done");
	check(check_in(&b, token) == OUTCOME_INVALID, "it counts at once where it was done");
	check(both_say_within_a_second(token, OUTCOME_INVALID), "and within a second elsewhere");
	check(sessions_close(a.sessions, token) == OUTCOME_INVALID, "a second log-off is refused");
}

static void steady_state_costs_no_query(void)
{
	static const char sql[] = "SHOW GLOBAL STATUS LIKE 'Questions'";
	char token[SESSION_TOKEN_SIZE], security[SECURITY_TOKEN_SIZE];
	int64_t before;
	bool good = true;

	open_in(&a, 60, 60, token, security);
	usleep(2 * SESSIONS_REFRESH_MS * 1000);
	good &= check_in(&a, token) == OUTCOME_OK;
	before = ask_number(sql);
	for (int i = 0; i < 2000; i++)
		good &= check_in(&a, token) == OUTCOME_OK;
	check(good && ask_number(sql) - before < 200, "2000 checks cost no query of their own");
}

static void administration(void)
{
	char token[SESSION_TOKEN_SIZE], security[SECURITY_TOKEN_SIZE];
	struct operator_info who;
	int64_t deadline;
	bool expired;

	open_in(&a, 60, 60, token, security);
	must("UPDATE campaign_operator SET disabled = 1 WHERE id = 1201");
	operators_changed();
	check(both_say_within_a_second(token, OUTCOME_INVALID),
	      "the session of a disabled operator is invalid");
	who.id = 1201;
	check(sessions_open(a.sessions, &who, 60, 60, "", token, security) == OUTCOME_INVALID,
	      "and opens no other session");
	must("UPDATE campaign_operator SET disabled = 0 WHERE id = 1201");
	operators_changed();
	check(both_say_within_a_second(token, OUTCOME_OK),
	      "after the operator is enabled it is valid again");

	must("DELETE FROM campaign_right WHERE name = 'ingest'");
	operators_changed();
	deadline = clock_monotonic_ms() + SECOND_MS;
	do {
		usleep(10000);
		if (sessions_check(b.sessions, token, &who, &expired) != OUTCOME_OK)
			bail_out("the session is gone");
	} while (who.right_count != 1 && clock_monotonic_ms() < deadline);
	check(who.right_count == 1, "a removed right has no effect after a second");
}

static void bearer(void)
{
	unsigned char hash[TOKEN_HASH_BYTES];
	char digits[2 * TOKEN_HASH_BYTES + 1];
	char token[BEARER_TOKEN_SIZE];
	struct operator_info who;
	int64_t deadline = clock_monotonic_ms() + SECOND_MS;
	enum outcome rc;

	bearer_token_new(token);
	check(sessions_check_bearer(a.sessions, token, &who) == OUTCOME_INVALID,
	      "an unknown Bearer token is invalid");
	token_hash(hash, token);
	hex(digits, hash, sizeof(hash));
	must("INSERT INTO campaign_bearer VALUES (UNHEX('%s'), 1201, UTC_TIMESTAMP(3))", digits);
	check(sessions_check_bearer(a.sessions, token, &who) == OUTCOME_OK && who.id == 1201,
	      "a Bearer token is valid as soon as it is issued");
	must("DELETE FROM campaign_bearer");
	operators_changed();
	do {
		usleep(10000);
		rc = sessions_check_bearer(a.sessions, token, &who);
	} while (rc == OUTCOME_OK && clock_monotonic_ms() < deadline);
	check(rc == OUTCOME_INVALID, "a withdrawn Bearer token is invalid within a second");
}

static void life(void)
{
	char token[SESSION_TOKEN_SIZE], security[SECURITY_TOKEN_SIZE];
	struct operator_info who;
	bool expired = false;

	open_in(&a, 3, 1, token, security);
	usleep(1500000);
	check(sessions_check(a.sessions, token, &who, &expired) == OUTCOME_OK && expired,
	      "R4.3: the security token ends for itself");
	expired = false;
	check(sessions_check(b.sessions, token, &who, &expired) == OUTCOME_OK && expired,
	      "R4.3: also for who looks it up");
	usleep(2000000);
	check(check_in(&a, token) == OUTCOME_INVALID && check_in(&b, token) == OUTCOME_INVALID,
	      "R4.3: a session ends after its time");
	check(sessions_close(a.sessions, token) == OUTCOME_INVALID, "and is not closed again");
}

/* A refresher that hangs must not keep a session alive, and must later apply the changes that it
 * missed. */
static void stuck_refresher(void)
{
	char token[SESSION_TOKEN_SIZE], security[SECURITY_TOKEN_SIZE];
	char other[SESSION_TOKEN_SIZE];

	open_in(&a, 60, 60, token, security);
	open_in(&a, 60, 60, other, security);
	atomic_store(&a.watching, false);
	usleep((SESSIONS_STALE_MS + 500) * 1000);
	check(check_in(&a, token) == OUTCOME_OK,
	      "while the refresher hangs, a check asks the database");
	if (sessions_close(b.sessions, token) != OUTCOME_OK)
		bail_out("sessions_close");
	check(check_in(&a, token) == OUTCOME_INVALID, "so a log-off counts at once");

	if (check_in(&a, other) != OUTCOME_OK || sessions_close(b.sessions, other) != OUTCOME_OK)
		bail_out("sessions_close");
	must("UPDATE campaign_session SET ended_at = UTC_TIMESTAMP(3) - INTERVAL 60 SECOND"
	     " WHERE ended_at IS NOT NULL");
	usleep(5000000);
	atomic_store(&a.watching, true);
	usleep(2 * SESSIONS_REFRESH_MS * 1000);
	check(check_in(&a, other) == OUTCOME_INVALID,
	      "a session that ended while the refresher hung is not accepted later");
}

static atomic_bool stop_looking;
static char raced[SESSION_TOKEN_SIZE];

static void *look(void *argument)
{
	struct worker *w = argument;

	while (!atomic_load(&stop_looking))
		check_in(w, raced);
	return NULL;
}

/* Look-ups while a session is closed must not add it again. */
static void race(void)
{
	char security[SECURITY_TOKEN_SIZE];
	pthread_t threads[24];
	int alive = 0;

	for (int round = 0; round < 40; round++) {
		open_in(&a, 60, 60, raced, security);
		atomic_store(&stop_looking, false);
		for (int i = 0; i < 24; i++)
			pthread_create(&threads[i], NULL, look, &b);
		usleep((useconds_t)(round % 10) * 100);
		if (sessions_close(b.sessions, raced) != OUTCOME_OK)
			bail_out("sessions_close");
		for (int i = 0; i < 20; i++)
			alive += check_in(&b, raced) != OUTCOME_INVALID;
		atomic_store(&stop_looking, true);
		for (int i = 0; i < 24; i++)
			pthread_join(threads[i], NULL);
	}
	check(alive == 0, "a look-up does not add a session again that is closed meanwhile");
}

static void lost_connections(void)
{
	char token[SESSION_TOKEN_SIZE], security[SECURITY_TOKEN_SIZE];
	struct db_rows *rows = NULL;

	open_in(&a, 60, 60, token, security);
	if (db_run(admin,
		   "SELECT id FROM information_schema.processlist"
		   " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
		   NULL, 0, &rows, NULL) != OUTCOME_OK)
		bail_out("processlist");
	while (db_rows_next(rows))
		must("KILL CONNECTION %lld", (long long)db_rows_int(rows, 0));
	db_rows_free(&rows);
	check(check_in(&b, token) == OUTCOME_OK, "a check succeeds after a lost connection");
	check(sessions_close(a.sessions, token) == OUTCOME_OK, "and so does a log-off");
}

static void nowhere(void)
{
	char file[] = "/tmp/campaign-nowhere-XXXXXX";
	struct db_login away = login;
	struct shared_session *shared;
	struct sessions *s;
	struct operator_info who;
	bool expired;
	int fd = mkstemp(file);

	if (fd < 0 || dprintf(fd, "[%s]\nsocket=%s.sock\n", away.group, file) < 0)
		bail_out("option file");
	close(fd);
	away.option_file = file; /* a socket that does not exist */
	away.quiet = true;
	shared = shared_session_new(&away);
	s = sessions_new(shared);
	check(sessions_check(s, "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114", &who, &expired) ==
		  OUTCOME_RETRY,
	      "without a database the outcome is RETRY");
	sessions_free(&s);
	shared_session_free(&shared);
	unlink(file);
}

int main(int argc, char **argv)
{
	char id[24];

	if (argc != 2)
		return 2;
	log_open("test", LOG_LEVEL_ERROR);
	login.option_file = argv[1];
	if (db_library_init() < 0 || token_init() < 0)
		return 1;
	if (db_open(&login, &admin) != OUTCOME_OK)
		bail_out("no database");
	create_tables();
	fill_tables();
	worker_start(&a);
	worker_start(&b);
	passwords();
	old_hashes_are_good();
	opened_here_known_there();
	steady_state_costs_no_query();
	administration();
	bearer();
	life();
	stuck_refresher();
	race();
	lost_connections();
	nowhere();
	sessions_database_id(a.sessions, id);
	check(strcmp(id, "u0B6F1C029D554A7E") == 0, "the database's id is known");
	worker_end(&a);
	worker_end(&b);
	db_close(&admin);
	db_library_end();
	printf("1..%d\n", tests);
	return failures > 0;
}
