/* SPDX-License-Identifier: MIT */
/*
 * The configuration file, src/base/conf.c and network.c.  An input is a file.
 *
 * An accepted file gives no output, its values are within their bounds, and a file written from
 * them means the same.  Each error of a refused file names file and line.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "fuzz.h"

static int file = -1;
static char path[32];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("conf", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return file < 0;
}

/* Loads TEXT as a file.  *SAID gets the output on stderr; the caller frees it. */
static struct conf *load(const void *text, size_t length, char **said)
{
	FILE *terminal = stderr;
	struct conf *conf;
	size_t size;

	if (ftruncate(file, 0) < 0 || pwrite(file, text, length, 0) != (ssize_t)length)
		abort();
	stderr = open_memstream(said, &size);
	if (stderr == NULL)
		abort();
	conf = conf_load(path);
	fclose(stderr);
	stderr = terminal;
	return conf;
}

/* Checks that SAID has LINES lines of the form "FILE:LINE: ...". */
static void check_complaints(const char *said, size_t lines)
{
	size_t n = strlen(path);

	FUZZ_CHECK(*said != '\0');
	for (const char *line = said; *line != '\0'; line = strchr(line, '\n') + 1) {
		char *end;
		unsigned long number;

		FUZZ_CHECK(strchr(line, '\n') != NULL);
		FUZZ_CHECK(strncmp(line, path, n) == 0 && line[n] == ':');
		number = strtoul(line + n + 1, &end, 10);
		FUZZ_CHECK(number >= 1 && number <= lines && strncmp(end, ": ", 2) == 0);
	}
}

static void check_networks(const struct network *networks, size_t count)
{
	FUZZ_CHECK(count == 0 || networks != NULL);
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(networks[i].prefix <= 128);
		FUZZ_CHECK(network_contains(&networks[i], &networks[i].address));
	}
}

#define WITHIN(value, low, high) FUZZ_CHECK(conf->value >= (low) && conf->value <= (high))

static void check_bounds(const struct conf *conf)
{
	enum log_level level;

	WITHIN(workers, 1, 64);
	WITHIN(threads, 1, 256);
	WITHIN(request_timeout_s, 1, 3600);
	WITHIN(max_request_bytes, 1024, 1073741824);
	WITHIN(batch_rows, 1, 10000);
	WITHIN(session_timeout_s, 1, 365 * 86400);
	WITHIN(sync_batch_bytes, 65536, 1073741824);
	WITHIN(operator_burst, 1, 1000000);
	FUZZ_CHECK(conf->cast_mode == CONF_CAST_STRICT || conf->cast_mode == CONF_CAST_LENIENT);
	FUZZ_CHECK((unsigned)conf->fault_http_status <= CONF_FAULT_500);
	FUZZ_CHECK(log_level_parse(conf->log_level, &level) == 0);
	FUZZ_CHECK(strspn(conf->socket_mode, "01234567") == strlen(conf->socket_mode));
	FUZZ_CHECK(conf->zone_count > 0);
	check_networks(conf->trusted_proxies, conf->trusted_proxy_count);
	for (size_t i = 0; i < conf->zone_count; i++) {
		FUZZ_CHECK(*conf->zones[i].name != '\0');
		check_networks(conf->zones[i].networks, conf->zones[i].network_count);
	}
}

/* --- writing a configuration file --------------------------------------------------------- */

static void write_networks(struct buf *out, const char *name, const struct network *networks,
			   size_t count)
{
	char text[INET6_ADDRSTRLEN];

	buf_addf(out, "%s =", name);
	for (size_t i = 0; i < count; i++) {
		inet_ntop(AF_INET6, &networks[i].address, text, sizeof(text));
		buf_addf(out, "%s%s/%u", i > 0 ? "," : "", text, networks[i].prefix);
	}
	buf_add(out, "\n");
}

static void write_zone(struct buf *out, const struct zone *z)
{
	buf_addf(out, "[zone %s]\n", z->name);
	write_networks(out, "networks", z->networks, z->network_count);
	buf_addf(out,
		 "allow_http = %d\nallow_user_password = %d\nsession_token_only = %d\n"
		 "security_token_always = %d\nallow_empty_password = %d\nshow_errors = %d\n",
		 z->allow_http, z->allow_user_password, z->session_token_only,
		 z->security_token_always, z->allow_empty_password, z->show_errors);
}

/* No blank follows the "=", since a ";" behind a blank begins a comment. */
static void write_conf(struct buf *out, const struct conf *c)
{
	static const char *const modes[] = {"strict", "lenient"},
				 *const unknown[] = {"refuse", "ignore"},
				 *const status[] = {"auto", "200", "500"},
				 *const deletes[] = {"hard", "soft"};

	buf_addf(
	    out,
	    "[pool]\nsocket =%s\nsocket_mode =%s\nworkers =%u\nthreads =%u\n"
	    "request_timeout_s =%u\ndrain_timeout_s =%u\nmax_request_bytes =%u\nbatch_rows =%u\n"
	    "pid_file =%s\n",
	    c->socket, c->socket_mode, c->workers, c->threads, c->request_timeout_s,
	    c->drain_timeout_s, c->max_request_bytes, c->batch_rows, c->pid_file);
	buf_addf(out,
		 "[soap]\ninstance_name =%s\nmax_records =%u\ncast_mode =%s\nunknown_fields =%s\n"
		 "fault_http_status =%s\npublic_url =%s\nwsdl_requires_session =%d\n"
		 "wsdl_legacy_body =%d\ntimezone =%s\n",
		 c->instance_name, c->max_records, modes[c->cast_mode], unknown[c->unknown_fields],
		 status[c->fault_http_status], c->public_url, c->wsdl_requires_session,
		 c->wsdl_legacy_body, c->timezone);
	buf_addf(out, "[session]\nsession_timeout_s =%u\nsecurity_timeout_s =%u\n",
		 c->session_timeout_s, c->security_timeout_s);
	write_networks(out, "trusted_proxies", c->trusted_proxies, c->trusted_proxy_count);
	buf_addf(out,
		 "[limits]\noperator_rate =%u\noperator_burst =%u\nlogon_failures_per_minute =%u\n"
		 "operator_logon_failures_per_minute =%u\n",
		 c->operator_rate, c->operator_burst, c->logon_failures_per_minute,
		 c->operator_logon_failures_per_minute);
	for (size_t i = 0; i < c->zone_count; i++)
		write_zone(out, &c->zones[i]);
	buf_addf(out,
		 "[database]\noption_file =%s\nsync_option_file =%s\nadmin_option_file =%s\n"
		 "ingest_account =%s\nsync_account =%s\nstaging_group =%s\ncloud_group =%s\n"
		 "connect_timeout_s =%u\nio_timeout_s =%u\n",
		 c->option_file, c->sync_option_file, c->admin_option_file, c->ingest_account,
		 c->sync_account, c->staging_group, c->cloud_group, c->connect_timeout_s,
		 c->io_timeout_s);
	buf_addf(out, "[sync]\nbatch_rows =%u\nbatch_bytes =%u\nhistory_days =%u\n",
		 c->sync_batch_rows, c->sync_batch_bytes, c->history_days);
	buf_addf(out, "[cloud]\ndeletes =%s\nloaded_columns =%d\nsession_variables =%s\n",
		 deletes[c->rows.deletes], c->rows.loaded_columns, c->cloud_session_variables);
	buf_addf(out, "[log]\nlevel =%s\n[options]\n", c->log_level);
	for (size_t i = 0; i < c->option_count; i++)
		buf_addf(out, "%s =%s\n", c->options[i].name, c->options[i].value);
}

static void check_again(const struct conf *conf)
{
	struct buf text = BUF_INIT, again = BUF_INIT;
	struct conf *read;
	char *said = NULL;

	write_conf(&text, conf);
	read = load(text.data, text.length, &said);
	if (read == NULL)
		fuzz_fail(__FILE__, __LINE__, said);
	write_conf(&again, read);
	FUZZ_CHECK(strcmp(text.data, again.data) == 0);
	conf_free(&read);
	buf_free(&text);
	buf_free(&again);
	free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t lines = 1;
	char *said = NULL;
	struct conf *conf = load(data, size, &said);

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (conf == NULL) {
		check_complaints(said, lines);
	} else {
		FUZZ_CHECK(*said == '\0');
		check_bounds(conf);
		check_again(conf);
	}
	conf_free(&conf);
	free(said);
	return 0;
}
