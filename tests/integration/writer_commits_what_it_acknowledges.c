/* SPDX-License-Identifier: MIT */
/*
 * usage: writer_commits_what_it_acknowledges OPTION_FILE [RESTART_COMMAND]
 *
 * Many threads submit calls to one writer, for two log tables.  Some calls have a record that the
 * database refuses.  Meanwhile the writer's connection is killed, a table is altered, and, if
 * RESTART_COMMAND is given, the server is killed and started again.  Then the tables are compared
 * with the results: an OK call is stored whole, once, in order, and contiguous; a REJECTED or RETRY
 * call is not stored; an UNKNOWN call is stored whole or not at all.
 *
 * Needs the group [campaign-staging] and an empty database.
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
#include "base/clock.h"
#include "base/log.h"
#include "staging/writer.h"

#define THREADS	     16
#define MAX_CALLS    20000 /* of one thread */
#define MAX_RECORDS  5	   /* of one call */
#define POISON_EVERY 37

static int failures;
static int tests;

static void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void check(bool good, const char *format, ...)
{
	va_list args;

	failures += !good;
	printf("%sok %d - ", good ? "" : "not ", ++tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* ---- two schemas, one of them in two versions ---- */

static struct field fields[] = {
    {.column = (char[]){"id"}, .type = XTK_INT64},
    {.column = (char[]){"name"}, .type = XTK_STRING},
    {.column = (char[]){"body"}, .type = XTK_BLOB},
    {.column = (char[]){"added"}, .type = XTK_STRING},
};

static struct schema schema_a = {
    .log_table = (char[]){"t_aStg_log"}, .fields = fields, .field_count = 3};
static struct schema schema_a_later = {
    .log_table = (char[]){"t_aStg_log"}, .fields = fields, .field_count = 4};
static struct schema schema_b = {
    .log_table = (char[]){"t_bStg_log"}, .fields = fields, .field_count = 3};

static struct db_login login = {
    .group = "campaign-staging", .label = "staging", .connect_timeout_s = 5, .io_timeout_s = 4};

static struct db *must_open(void)
{
	struct db *db = NULL;

	if (db_open(&login, &db) != OUTCOME_OK) {
		puts("Bail out! no database");
		exit(1);
	}
	return db;
}

static void must(struct db *db, const char *sql)
{
	if (db_exec(db, sql) != OUTCOME_OK) {
		printf("Bail out! %s\n", sql);
		exit(1);
	}
}

static void create_log(struct db *db, const char *table)
{
	char *sql = xasprintf(
	    "CREATE TABLE %s (_seq BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,"
	    " _operation TINYINT NOT NULL, _key VARCHAR(1000) NOT NULL, _fields MEDIUMTEXT NOT "
	    "NULL,"
	    " _links MEDIUMTEXT NULL, _at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),"
	    " _operator VARCHAR(64) NOT NULL, _address VARCHAR(45) NOT NULL DEFAULT '',"
	    " id BIGINT NULL, name VARCHAR(20) NULL, body LONGBLOB NULL)"
	    " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin",
	    table);

	must(db, sql);
	free(sql);
}

static struct change change_of(const struct schema *schema, const char *key,
			       const struct db_value *cells)
{
	return (struct change){.schema = schema,
			       .operation = OPERATION_UPSERT,
			       .key = key,
			       .fields = "id,name",
			       .cells = cells,
			       .operator= "feed1",
			       .address = "127.0.0.1"};
}

/* A submission whose caller waits for the result. */
struct waiter {
	struct completion node; /* first member, so its address is that of the waiter */
	struct submission sub;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool answered;
};

static void on_done(void *context, struct completion *list)
{
	(void)context;
	while (list != NULL) {
		struct waiter *waiter = (struct waiter *)(void *)list;

		list = list->next;
		pthread_mutex_lock(&waiter->lock);
		waiter->answered = true;
		pthread_cond_signal(&waiter->done);
		pthread_mutex_unlock(&waiter->lock);
	}
}

static void on_notify(void *context)
{
	(void)context;
}

static enum outcome submit(struct writer *w, const struct change *changes, size_t count,
			   struct writer_error *error)
{
	struct waiter waiter = {.sub = {.changes = changes, .count = count, .done = &waiter.node},
				.lock = PTHREAD_MUTEX_INITIALIZER,
				.done = PTHREAD_COND_INITIALIZER};

	if (writer_submit(w, &waiter.sub)) {
		pthread_mutex_lock(&waiter.lock);
		while (!waiter.answered)
			pthread_cond_wait(&waiter.done, &waiter.lock);
		pthread_mutex_unlock(&waiter.lock);
	}
	*error = waiter.sub.error;
	return waiter.sub.rc;
}

static enum outcome submit_one(struct writer *w, const struct schema *schema, const char *key,
			       const char *name, const char *body, size_t length,
			       struct writer_error *error)
{
	const struct db_value cells[] = {db_text("1"), db_text(name), {body, length}, DB_NULL};
	struct change change = change_of(schema, key, cells);

	return submit(w, &change, 1, error);
}

/* ---- load ---- */

struct caller {
	pthread_t thread;
	int number;
	int calls;
	enum outcome outcomes[MAX_CALLS];
};

static struct caller callers[THREADS];
static atomic_bool stop_load;
static atomic_bool stop_expiring;
static atomic_bool altered;
static struct writer *writer;

static int records_of(int caller, int call)
{
	return 1 + (caller + call) % MAX_RECORDS;
}

static bool is_poisoned(int caller, int call)
{
	return (caller * 7 + call) % POISON_EVERY == 0;
}

static enum outcome make_call(int caller, int call)
{
	const struct schema *a =
	    atomic_load(&altered) && call % 2 == 0 ? &schema_a_later : &schema_a;
	struct change changes[MAX_RECORDS];
	struct db_value cells[MAX_RECORDS][4];
	char ids[MAX_RECORDS][8];
	char key[32];
	int records = records_of(caller, call);
	struct writer_error error;

	snprintf(key, sizeof(key), "%d-%d", caller, call);
	for (int i = 0; i < records; i++) {
		bool bad = is_poisoned(caller, call) && i == records / 2;

		snprintf(ids[i], sizeof(ids[i]), "%d", i);
		cells[i][0] = db_text(ids[i]);
		cells[i][1] = bad ? db_text("more than twenty characters") : db_text("short");
		cells[i][2] = DB_NULL;
		cells[i][3] = db_text("new");
		changes[i] = change_of(call % 3 == 0 ? &schema_b : a, key, cells[i]);
	}
	return submit(writer, changes, (size_t)records, &error);
}

static void *caller_main(void *argument)
{
	struct caller *c = argument;

	while (!atomic_load(&stop_load) && c->calls < MAX_CALLS) {
		enum outcome rc = make_call(c->number, c->calls);

		c->outcomes[c->calls++] = rc;
		if (rc == OUTCOME_RETRY)
			usleep(20000);
	}
	return NULL;
}

/* ---- the tables ---- */

static unsigned char found[THREADS][MAX_CALLS];

/* In the order of _seq, the records of each call must follow each other as 0, 1, 2, ... */
static int read_table(struct db *db, const char *table)
{
	char *sql =
	    xasprintf("SELECT _key, id FROM %s WHERE _key LIKE '%%-%%' ORDER BY _seq", table);
	struct db_rows *rows = NULL;
	int out_of_place = 0;
	int expected = 0;

	if (db_stream(db, sql, &rows) != OUTCOME_OK)
		return -1;
	while (db_rows_next(rows)) {
		int caller, call;
		int id = (int)db_rows_int(rows, 1);

		if (sscanf(db_rows_text(rows, 0), "%d-%d", &caller, &call) != 2)
			return -1;
		out_of_place += id != expected;
		expected = id + 1 < records_of(caller, call) ? id + 1 : 0;
		found[caller][call]++;
	}
	db_rows_free(&rows);
	free(sql);
	return out_of_place;
}

static bool agrees(int caller, int call, enum outcome rc)
{
	int records = found[caller][call];
	bool whole = records == records_of(caller, call);

	if (rc == OUTCOME_OK)
		return whole;
	if (rc == OUTCOME_UNKNOWN)
		return whole || records == 0;
	return records == 0;
}

static void compare(struct db *db)
{
	int counts[OUTCOME_BUG + 1] = {0};
	int wrong = 0;
	int misjudged = 0;

	check(read_table(db, "t_aStg_log") == 0,
	      "the records of each call are contiguous in the first table");
	check(read_table(db, "t_bStg_log") == 0,
	      "the records of each call are contiguous in the second table");
	for (int i = 0; i < THREADS; i++) {
		for (int j = 0; j < callers[i].calls; j++) {
			enum outcome rc = callers[i].outcomes[j];

			counts[rc]++;
			wrong += !agrees(i, j, rc);
			if (rc == OUTCOME_OK || rc == OUTCOME_REJECTED)
				misjudged += (rc == OUTCOME_REJECTED) != is_poisoned(i, j);
		}
	}
	printf("# ok %d, rejected %d, retry %d, unknown %d, bug %d\n", counts[OUTCOME_OK],
	       counts[OUTCOME_REJECTED], counts[OUTCOME_RETRY], counts[OUTCOME_UNKNOWN],
	       counts[OUTCOME_BUG]);
	check(wrong == 0, "every answer agrees with the tables (%d do not)", wrong);
	check(misjudged == 0, "only calls with a bad record are rejected (%d otherwise)",
	      misjudged);
	check(counts[OUTCOME_OK] > 1000 && counts[OUTCOME_REJECTED] > 10,
	      "the load had accepted and rejected calls");
	check(counts[OUTCOME_BUG] == 0, "no call has the outcome BUG");
}

/* ---- the steps ---- */

/* Kills all sessions of this database except our own. */
static void kill_connections(struct db *db)
{
	struct db_rows *rows = NULL;
	char sql[64];

	if (db_run(db,
		   "SELECT id FROM information_schema.processlist"
		   " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
		   NULL, 0, &rows, NULL) != OUTCOME_OK)
		return;
	while (db_rows_next(rows)) {
		snprintf(sql, sizeof(sql), "KILL CONNECTION %lld", (long long)db_rows_int(rows, 0));
		db_exec(db, sql); /* the session may have ended already */
	}
	db_rows_free(&rows);
}

static void load(const char *restart_command)
{
	struct db *db = must_open();

	for (int i = 0; i < THREADS; i++) {
		callers[i].number = i;
		pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]);
	}
	for (int i = 0; i < 10; i++) {
		usleep(100000);
		kill_connections(db);
	}
	must(db, "ALTER TABLE t_aStg_log ADD COLUMN added VARCHAR(20) NULL");
	atomic_store(&altered, true);
	usleep(300000);
	db_close(&db);
	if (restart_command != NULL) {
		check(system(restart_command) == 0, "the server was started again");
		usleep(2000000);
	}
	atomic_store(&stop_load, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(callers[i].thread, NULL);
}

static void large_calls(struct db *db)
{
	static struct change changes[10000];
	const struct db_value cells[] = {db_text("1"), db_text("large"), DB_NULL, DB_NULL};
	size_t packet = db_max_packet(db);
	char *body = xcalloc(1, packet + 1);
	struct db_rows *rows = NULL;
	struct writer_error error;

	for (size_t i = 0; i < 10000; i++)
		changes[i] = change_of(&schema_b, "large", cells);
	check(submit(writer, changes, 10000, &error) == OUTCOME_OK, "10000 records go whole");
	check(submit_one(writer, &schema_b, "big", "b", body, packet + 1, &error) ==
		      OUTCOME_REJECTED &&
		  error.number == 1153,
	      "a record larger than a packet is rejected");
	check(submit_one(writer, &schema_b, "big", "b", body, packet - 4096, &error) == OUTCOME_OK,
	      "a record that just fits is stored");
	for (int i = 0; i < 256; i++)
		body[i] = (char)i;
	check(submit_one(writer, &schema_b, "blob", "b", body, 256, &error) == OUTCOME_OK,
	      "a blob is stored");
	check(db_run(db,
		     "SELECT COUNT(*), (SELECT MD5(body) FROM t_bStg_log WHERE _key = 'blob')"
		     " FROM t_bStg_log WHERE _key = 'large'",
		     NULL, 0, &rows, NULL) == OUTCOME_OK &&
		  db_rows_next(rows) && db_rows_int(rows, 0) == 10000 &&
		  strcmp(db_rows_text(rows, 1), "e2c865db4162bed963bfaa9ef6ac18f0") == 0,
	      "and both are stored unchanged");
	db_rows_free(&rows);
	free(body);
}

static void *submit_main(void *argument)
{
	struct writer_error error;
	enum outcome *rc = argument;

	*rc = submit_one(writer, &schema_b, "first", "n", NULL, 0, &error);
	return NULL;
}

/* While a table is locked, the call in the transaction waits for the lock twice, one second each.
 * The call behind it is withdrawn at its limit, which comes sooner. */
static void withdrawal(struct db *db)
{
	enum outcome first = OUTCOME_BUG;
	struct writer_error error;
	pthread_t thread;
	int64_t before;
	enum outcome rc;

	must(db, "LOCK TABLES t_bStg_log WRITE");
	pthread_create(&thread, NULL, submit_main, &first);
	usleep(200000);
	before = clock_monotonic_ms();
	rc = submit_one(writer, &schema_b, "second", "n", NULL, 0, &error);
	check(rc == OUTCOME_RETRY && clock_monotonic_ms() - before < 4000,
	      "a call that was not taken in time is withdrawn");
	pthread_join(thread, NULL);
	check(first == OUTCOME_RETRY && clock_monotonic_ms() - before < 4000,
	      "the call in the transaction is answered while the table is locked");
	must(db, "UNLOCK TABLES");
	check(submit_one(writer, &schema_b, "third", "n", NULL, 0, &error) == OUTCOME_OK,
	      "and the writer goes on");
}

static void *expire_main(void *argument)
{
	while (!atomic_load(&stop_expiring)) {
		writer_expire(argument);
		usleep(50000);
	}
	return NULL;
}

static void nowhere(void)
{
	struct db_login away = login;
	struct writer_options options = {
	    .batch_rows = 10, .wait_limit_ms = 3000, .done = on_done, .notify = on_notify};
	struct writer_error error;
	struct writer *w;
	int64_t before = clock_monotonic_ms();
	bool refused = true;

	away.group = "campaign-nowhere";
	away.quiet = true;
	options.login = away;
	w = writer_new(&options);
	for (int i = 0; i < 100; i++)
		refused &= submit_one(w, &schema_b, "x", "n", NULL, 0, &error) == OUTCOME_RETRY;
	check(refused && clock_monotonic_ms() - before < 1000,
	      "without a database calls are refused at once");
	writer_free(&w);
}

int main(int argc, char **argv)
{
	struct writer_options options = {
	    .batch_rows = 256, .wait_limit_ms = 1500, .done = on_done, .notify = on_notify};
	pthread_t expiring;
	struct db *db;

	if (argc < 2)
		return 2;
	log_open("test", LOG_LEVEL_ERROR);
	login.option_file = argv[1];
	if (db_library_init() < 0)
		return 1;
	db = must_open();
	create_log(db, "t_aStg_log");
	create_log(db, "t_bStg_log");
	db_close(&db);

	options.login = login;
	writer = writer_new(&options);
	pthread_create(&expiring, NULL, expire_main, writer);
	load(argc > 2 ? argv[2] : NULL);
	db = must_open();
	compare(db);
	large_calls(db);
	withdrawal(db);
	atomic_store(&stop_expiring, true);
	pthread_join(expiring, NULL);
	writer_free(&writer);
	nowhere();
	db_close(&db);
	db_library_end();
	printf("1..%d\n", tests);
	return failures > 0;
}
