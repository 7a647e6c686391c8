/* SPDX-License-Identifier: MIT */
/* The configuration file: defaults, every kind of value, and every kind of mistake. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"

static char path[64];

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Loads TEXT; MESSAGES gets what was said on stderr. */
static struct conf *load(const char *text, char *messages, size_t size)
{
	FILE *said = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct conf *conf;
	size_t n;

	assert_non_null(said);
	write_file(text);
	fflush(stderr);
	assert_true(dup2(fileno(said), STDERR_FILENO) >= 0);
	conf = conf_load(path);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(said);
	n = fread(messages, 1, size - 1, said);
	messages[n] = '\0';
	fclose(said);
	return conf;
}

static struct conf *load_good(const char *text)
{
	char messages[2048];
	struct conf *conf = load(text, messages, sizeof(messages));

	assert_string_equal(messages, "");
	assert_non_null(conf);
	return conf;
}

static bool zone_holds(const struct zone *z, const char *address)
{
	struct in6_addr a;
	size_t i;

	assert_int_equal(address_parse(address, &a), 0);
	for (i = 0; i < z->network_count; i++)
		if (network_contains(&z->networks[i], &a))
			return true;
	return false;
}

static void empty_file_is_all_defaults(void **state)
{
	struct conf *conf = load_good("");

	(void)state;
	assert_string_equal(conf->socket, "/run/campaign-ingest/ingestd.sock");
	assert_string_equal(conf->socket_mode, "0660");
	assert_int_equal(conf->workers, 1);
	assert_int_equal(conf->threads, 4);
	assert_int_equal(conf->request_timeout_s, 30);
	assert_int_equal(conf->drain_timeout_s, 20);
	assert_int_equal(conf->max_request_bytes, 16 * 1024 * 1024);
	assert_int_equal(conf->batch_rows, 256);
	assert_string_equal(conf->pid_file, "");
	assert_string_equal(conf->instance_name, "ingest1");
	assert_int_equal(conf->max_records, 10000);
	assert_int_equal(conf->cast_mode, CONF_CAST_STRICT);
	assert_int_equal(conf->unknown_fields, CONF_UNKNOWN_REFUSE);
	assert_int_equal(conf->fault_http_status, CONF_FAULT_AUTO);
	assert_string_equal(conf->timezone, "UTC");
	assert_int_equal(conf->session_timeout_s, 86400);
	assert_int_equal(conf->security_timeout_s, 86400);
	assert_int_equal(conf->trusted_proxy_count, 2);
	assert_int_equal(conf->operator_rate, 0); /* R2.13 */
	assert_int_equal(conf->operator_burst, 100);
	assert_int_equal(conf->logon_failures_per_minute, 30);
	assert_int_equal(conf->operator_logon_failures_per_minute, 60);
	assert_string_equal(conf->option_file, SYSCONFDIR "/campaign-ingest/db.cnf");
	assert_string_equal(conf->sync_option_file, conf->option_file);
	assert_string_equal(conf->admin_option_file, conf->option_file);
	assert_string_equal(conf->ingest_account, "");
	assert_string_equal(conf->sync_account, "");
	assert_string_equal(conf->staging_group, "campaign-staging");
	assert_string_equal(conf->cloud_group, "campaign-cloud");
	assert_int_equal(conf->connect_timeout_s, 5);
	assert_int_equal(conf->io_timeout_s, 60);
	assert_int_equal(conf->sync_batch_rows, 10000);
	assert_int_equal(conf->sync_batch_bytes, 32 * 1024 * 1024);
	assert_int_equal(conf->history_days, 90);
	assert_string_equal(conf->log_level, "info");
	assert_int_equal(conf->option_count, 0);
	assert_false(conf->rows.loaded_columns); /* R10.12 */
	assert_int_equal(conf->rows.deletes, CONF_DELETES_HARD);
	assert_ptr_equal(conf_rows_of(conf, "dem:sampleTable"), &conf->rows);
	conf_free(&conf);
	assert_null(conf);
	conf_free(&conf);
}

/* docs/protocol.md 4.5 */
static void default_zones(void **state)
{
	struct conf *conf = load_good("# nothing\n");
	struct zone *all, *local;

	(void)state;
	assert_int_equal(conf->zone_count, 2);
	all = &conf->zones[0];
	local = &conf->zones[1];
	assert_string_equal(all->name, "public");
	assert_true(zone_holds(all, "203.0.113.1") && zone_holds(all, "2001:db8::1"));
	assert_true(all->show_errors);
	assert_false(all->allow_http || all->allow_user_password || all->session_token_only ||
		     all->security_token_always || all->allow_empty_password);
	assert_string_equal(local->name, "local");
	assert_true(zone_holds(local, "127.9.9.9") && zone_holds(local, "::1"));
	assert_false(zone_holds(local, "203.0.113.1") || zone_holds(local, "2001:db8::1"));
	assert_true(local->allow_http && local->show_errors);
	conf_free(&conf);
}

static const char everything[] = "; a comment\n"
				 "[pool]\n"
				 "socket = 127.0.0.1:9000 ; behind a value\n"
				 "  workers=64\n"
				 "\tthreads = 1\n"
				 "socket_mode = 600\n"
				 "[soap]\n"
				 "cast_mode = lenient\n"
				 "unknown_fields = ignore\n"
				 "fault_http_status = 500\n"
				 "[session]\n"
				 "trusted_proxies = 10.0.0.0/8 ,2001:db8::5\n"
				 "[sync]\n"
				 "batch_rows = 7\n"
				 "[log]\n"
				 "level = debug\n"
				 "[zone inner net]\n"
				 "networks = 192.0.2.0/24\n"
				 "allow_http = Yes\n"
				 "show_errors = off\n"
				 "[zone other]\n"
				 "networks =\n"
				 "allow_user_password = 1\n"
				 "[pool]\n" /* a section may come in two parts */
				 "pid_file = /run/x.pid\n"
				 "[options]\n"
				 "MyOption = some text\n"
				 "Empty =\n";

static void every_kind_of_value(void **state)
{
	struct conf *conf = load_good(everything);

	(void)state;
	assert_string_equal(conf->socket, "127.0.0.1:9000");
	assert_string_equal(conf->socket_mode, "600");
	assert_int_equal(conf->workers, 64);
	assert_int_equal(conf->threads, 1);
	assert_string_equal(conf->pid_file, "/run/x.pid");
	assert_int_equal(conf->batch_rows, 256); /* the pool's, not the sync's */
	assert_int_equal(conf->sync_batch_rows, 7);
	assert_int_equal(conf->cast_mode, CONF_CAST_LENIENT);
	assert_int_equal(conf->unknown_fields, CONF_UNKNOWN_IGNORE);
	assert_int_equal(conf->fault_http_status, CONF_FAULT_500);
	assert_string_equal(conf->log_level, "debug");
	assert_int_equal(conf->trusted_proxy_count, 2);
	assert_int_equal(conf->trusted_proxies[0].prefix, 104);
	assert_int_equal(conf->trusted_proxies[1].prefix, 128);
	assert_int_equal(conf->zone_count, 2);
	assert_string_equal(conf->zones[0].name, "inner net");
	assert_true(conf->zones[0].allow_http);
	assert_false(conf->zones[0].show_errors);
	assert_true(zone_holds(&conf->zones[0], "192.0.2.9"));
	assert_string_equal(conf->zones[1].name, "other");
	assert_int_equal(conf->zones[1].network_count, 0);
	assert_true(conf->zones[1].allow_user_password);
	assert_int_equal(conf->option_count, 2);
	assert_string_equal(conf->options[0].name, "MyOption");
	assert_string_equal(conf->options[0].value, "some text");
	assert_string_equal(conf->options[1].value, "");
	conf_free(&conf);
}

static void long_lists_are_read_whole(void **state)
{
	char text[8000] = "[session]\ntrusted_proxies = 10.0.0.1";
	struct conf *conf;
	int i;

	(void)state;
	for (i = 0; i < 400; i++)
		strcat(text, ", 10.0.0.2");
	conf = load_good(text);
	assert_int_equal(conf->trusted_proxy_count, 401);
	conf_free(&conf);
}

static void check_rows(const struct conf *conf, const char *id, bool loaded,
		       enum conf_deletes deletes)
{
	const struct conf_rows *rows = conf_rows_of(conf, id);

	assert_int_equal(rows->loaded_columns, loaded);
	assert_int_equal(rows->deletes, deletes);
}

/* A section of a schema says less than all, and may stand before [cloud]. */
static void R10_12_rows_of_a_schema(void **state)
{
	struct conf *conf = load_good("[cloud a:b]\nloaded_columns = no\n"
				      "[cloud]\nloaded_columns = yes\ndeletes = soft\n"
				      "[cloud\tc:d]\ndeletes = hard\n"
				      "[cloud a:b]\ndeletes = hard\n"
				      "[cloud e:f]\n");

	(void)state;
	check_rows(conf, "a:b", false, CONF_DELETES_HARD);
	check_rows(conf, "c:d", true, CONF_DELETES_HARD);
	check_rows(conf, "e:f", true, CONF_DELETES_SOFT);
	check_rows(conf, "a:B", true, CONF_DELETES_SOFT);
	conf_free(&conf);
	conf = load_good("[cloud a:b]\ndeletes = soft\n");
	check_rows(conf, "a:b", false, CONF_DELETES_SOFT);
	check_rows(conf, "a:c", false, CONF_DELETES_HARD);
	conf_free(&conf);
}

static const struct {
	const char *text, *expected; /* behind "FILE:" */
} mistakes[] = {
    {"[pool]\nworkers = 0\n", "2: workers must be a whole number from 1 to 64"},
    {"[pool]\nworkers = 65\n", "2: workers must be"},
    {"[pool]\nworkers = -1\n", "2: workers must be"},
    {"[pool]\nworkers = 2x\n", "2: workers must be"},
    {"[pool]\nworkers =\n", "2: workers must be"},
    {"[pool]\nworkers = 99999999999999999999\n", "2: workers must be"},
    {"[pool]\nmax_request_bytes = 1023\n", "2: max_request_bytes must be a whole number from 1024"},
    {"[pool]\nmax_request_bytes = 16M\n", "2: max_request_bytes must be"},
    {"[pool]\nsocket_mode = 0888\n", "2: socket_mode must be an octal file mode"},
    {"[pool]\nsocket_mode = 4660\n", "2: socket_mode must be"},
    {"[pool]\n\n# c\nworker = 2\n", "4: unknown key worker in [pool]"},
    {"[pool]\nWorkers = 2\n", "2: unknown key Workers in [pool]"},
    {"[pool]\nlevel = info\n", "2: unknown key level in [pool]"},
    {"[pool]\nthreads = 2\n[soap]\n[pool]\nthreads = 2\n", "5: threads is given twice"},
    {"[nope]\na = 1\n", "1: unknown section [nope]"},
    {"[nope]\n", "1: unknown section [nope]"},
    {"[pool]\nworkers = 1\n[ pool ]\n", "3: unknown section [ pool ]"},
    {"workers = 2\n", "1: workers stands before the first [section]"},
    {"[pool]\nworkers\n", "2: syntax error: expected [section] or key = value"},
    {"[cloud a b\n", "1: syntax error: expected [section] or key = value"},
    {"[pool\n", "1: syntax error: expected [section] or key = value"},
    {"[soap]\ncast_mode = Strict\n", "2: cast_mode must be one of: strict, lenient"},
    {"[soap]\nfault_http_status = 404\n", "2: fault_http_status must be one of: auto, 200, 500"},
    {"[log]\nlevel = loud\n", "2: level must be one of: error, warn, info, debug"},
    {"[session]\ntrusted_proxies = 10.0.0.1, nginx\n", "2: trusted_proxies: \"nginx\" is no"},
    {"[session]\ntrusted_proxies = 10.0.0.1,\n", "2: trusted_proxies: \"\" is no"},
    {"[session]\ntrusted_proxies = 10.0.0.1 10.0.0.2\n", "2: trusted_proxies: "},
    {"[zone a]\nnetworks = 1.2.3.4/40\n", "2: networks: \"1.2.3.4/40\" is no"},
    {"[session]\nsession_timeout = 60\n", "2: session_timeout is called session_timeout_s now"},
    {"[zone a]\nallow_http = maybe\n", "2: allow_http must be true or false"},
    {"[zone a]\nallow_http = on\nallow_http = on\n", "3: allow_http is given twice"},
    {"[zone a]\nallow_https = on\n", "2: unknown key allow_https in [zone a]"},
    {"[zone]\nallow_http = on\n", "1: a zone has a name"},
    {"[zonea]\nallow_http = on\n", "1: unknown section [zonea]"},
    {"[cloud]\ndeletes = Soft\n", "2: deletes must be one of: hard, soft"},
    {"[cloud]\nloaded_columns = 2\n", "2: loaded_columns must be true or false"},
    {"[cloud a:b]\ndeletes = no\n", "2: deletes must be one of: hard, soft"},
    {"[cloud a:b]\ndelete = soft\n", "2: unknown key delete in [cloud a:b]"},
    {"[cloud a:b]\ndeletes = soft\n[cloud a:b]\ndeletes = soft\n", "4: deletes is given twice"},
    {"[cloud ab]\n", "1: [cloud ab]: a schema is named as in [cloud dem:sampleTable]"},
    {"[cloud a:b c:d]\n", "1: [cloud a:b c:d]: a schema is named"},
    {"[cloud NS:NAME]\ndelete = soft\n", "2: unknown key delete in [cloud NS:NAME]"},
    {"[options]\na = 1\na = 2\n", "3: a is given twice"},
};

static void mistakes_are_told_with_their_line(void **state)
{
	char messages[4096], expected[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct conf *conf = load(mistakes[i].text, messages, sizeof(messages));

		if (conf != NULL)
			fail_msg("accepted: %s", mistakes[i].text);
		snprintf(expected, sizeof(expected), "%s:%s", path, mistakes[i].expected);
		if (strncmp(messages, expected, strlen(expected)) != 0)
			fail_msg("%s says: %s", mistakes[i].text, messages);
		if (strchr(messages, '\n') != messages + strlen(messages) - 1)
			fail_msg("%s says more than once: %s", mistakes[i].text, messages);
	}
}

static void all_mistakes_are_told(void **state)
{
	char messages[4096];
	struct conf *conf;

	(void)state;
	conf = load("[pool]\nworkers = 0\n[nope]\nx = 1\n[log]\nlevel = 3\n", messages,
		    sizeof(messages));
	assert_null(conf);
	assert_non_null(strstr(messages, ":2: workers"));
	assert_non_null(strstr(messages, ":3: unknown section"));
	assert_non_null(strstr(messages, ":6: level"));
}

static void a_line_too_long_is_refused(void **state)
{
	static char text[20000];
	char messages[4096];

	(void)state;
	strcpy(text, "[pool]\nsocket = ");
	memset(text + strlen(text), 'x', 15000);
	strcat(text, "\nworkers = 0\n");
	assert_null(load(text, messages, sizeof(messages)));
	assert_non_null(strstr(messages, ":2: the line is longer than"));
	assert_non_null(strstr(messages, ":3: workers")); /* lines are still counted right */
}

static void the_named_file_must_exist(void **state)
{
	char messages[256];
	FILE *said = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	(void)state;
	assert_non_null(said);
	dup2(fileno(said), STDERR_FILENO);
	assert_null(conf_load("/nonexistent/campaign-ingest.conf"));
	setenv("CAMPAIGN_INGEST_CONF", "/nonexistent/by-environment.conf", 1);
	assert_null(conf_load(NULL));
	unsetenv("CAMPAIGN_INGEST_CONF");
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(said);
	n = fread(messages, 1, sizeof(messages) - 1, said);
	messages[n] = '\0';
	fclose(said);
	assert_non_null(strstr(messages, "/nonexistent/campaign-ingest.conf: "));
	assert_non_null(strstr(messages, "/nonexistent/by-environment.conf: "));
}

static void the_environment_names_a_file(void **state)
{
	struct conf *conf;

	(void)state;
	write_file("[pool]\nworkers = 9\n");
	setenv("CAMPAIGN_INGEST_CONF", path, 1);
	conf = conf_load(NULL);
	unsetenv("CAMPAIGN_INGEST_CONF");
	assert_non_null(conf);
	assert_int_equal(conf->workers, 9);
	conf_free(&conf);
}

static void keys_are_sorted_and_named_once(void **state)
{
	char last[64] = "";
	const char *name;
	size_t n;

	(void)state;
	for (n = 0; (name = conf_key_name(n)) != NULL; n++) {
		char sorted[64];

		snprintf(sorted, sizeof(sorted), "%s", name);
		*strchr(sorted, '.') = '\n'; /* comes before all that a section may have */
		assert_true(strcmp(last, sorted) < 0);
		memcpy(last, sorted, sizeof(last));
	}
	assert_true(n > 30);
	assert_null(conf_key_name(n + 1));
}

static int make_path(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "test_conf.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_file_is_all_defaults),
	    cmocka_unit_test(default_zones),
	    cmocka_unit_test(every_kind_of_value),
	    cmocka_unit_test(R10_12_rows_of_a_schema),
	    cmocka_unit_test(long_lists_are_read_whole),
	    cmocka_unit_test(mistakes_are_told_with_their_line),
	    cmocka_unit_test(all_mistakes_are_told),
	    cmocka_unit_test(a_line_too_long_is_refused),
	    cmocka_unit_test(the_named_file_must_exist),
	    cmocka_unit_test(the_environment_names_a_file),
	    cmocka_unit_test(keys_are_sorted_and_named_once),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
