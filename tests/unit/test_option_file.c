/* SPDX-License-Identifier: MIT */
/* R10.9: what a MariaDB option file says, in every spelling, and what is refused by name. */
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

#include "db/option_file.h"

#define GROUP "[campaign-cloud]\n"

static char path[64], other[64];

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static struct option_file *read_text(const char *text, char *why)
{
	*why = '\0';
	write_file(path, text);
	return option_file_read(path, "campaign-cloud", why);
}

static struct option_file *read_good(const char *text)
{
	char why[OPTION_FILE_WHY];
	struct option_file *o = read_text(text, why);

	if (o == NULL)
		fail_msg("%s: %s", text, why);
	return o;
}

/* The value that NAME has in TEXT; NULL: none. */
static void holds(const char *text, const char *name, const char *value)
{
	struct option_file *o = read_good(text);
	const char *got = option_file_value(o, name);

	if ((got == NULL) != (value == NULL) || (got != NULL && strcmp(got, value) != 0))
		fail_msg("%s: %s is %s, not %s", text, name, got ? got : "(none)",
			 value ? value : "(none)");
	option_file_free(&o);
}

static void R10_9_values(void **state)
{
	static const struct {
		const char *text, *name, *value;
	} cases[] = {
	    {GROUP "user=app", "user", "app"},
	    {GROUP "  user =  app  ", "user", "app"},
	    {GROUP "user=app\r\n", "user", "app"},
	    {GROUP "", "user", NULL},
	    {GROUP "#user=a\n;user=b\n\n", "user", NULL},
	    {GROUP "password=a#b;c", "password", "a#b;c"},
	    {GROUP "password = ' a b '", "password", " a b "},
	    {GROUP "password=\"it's\"", "password", "it's"},
	    {GROUP "password=a\\sb\\tc\\\\d\\qe", "password", "a b\tc\\d\\qe"},
	    {GROUP "password=a=b", "password", "a=b"},
	    {GROUP "password=", "password", ""},
	    {GROUP "passwd=x", "password", "x"},
	    {GROUP "db=x", "database", "x"},
	    {GROUP "unix_socket=/x", "socket", "/x"},
	    {GROUP "host=db1,db2:3307", "host", "db1,db2:3307"},
	    {GROUP "user=a\nuser=b", "user", "b"},
	    {"[client]\nuser=a\n[mysql]\nuser=c\nnonsense\n" GROUP, "user", "a"},
	    {"[client-mariadb]\nuser=a\n[client-server]\nuser=b\n" GROUP, "user", "b"},
	    {GROUP "user=a\n[client]\nuser=b", "user", "b"},
	    {"[campaign-staging]\nuser=a\n" GROUP "user=b\n[other]\nuser=c", "user", "b"},
	    {GROUP "tls-ca=/x", "ssl-ca", "/x"},
	    {GROUP "ssl_ca=/x", "ssl-ca", "/x"},
	    {GROUP "loose-ssl-ca=/x", "ssl-ca", "/x"},
	    {GROUP "loose-nonsense=/x", "ssl-ca", NULL},
	    {GROUP "loose_nonsense", "ssl-ca", NULL},
	    {GROUP "port=3307", "port", "3307"},
	    {GROUP "protocol=TCP", "protocol", "1"},
	    {GROUP "max_allowed_packet=16M", "max-allowed-packet", "16M"},
	    {GROUP "compress", "compress", "1"},
	    {GROUP "skip-compress", "compress", "0"},
	    {GROUP "reconnect=maybe\nlocal-infile=1\ndefault-character-set=latin1\n"
		   "disable-local-infile\nconnect_timeout=3\ntimeout=4\nskip-reconnect",
	     "reconnect", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		holds(cases[i].text, cases[i].name, cases[i].value);
}

static void R10_9_booleans(void **state)
{
	static const char *const names[] = {"ssl-verify-server-cert", "ssl_verify_server_cert",
					    "tls-verify-peer", "loose-ssl-verify-server-cert"};
	static const char *const on[] = {"", "=1", "=on", " = ON", "=true", "=Yes", "='on'"};
	static const char *const off[] = {"=0", "=off", "=FALSE", "= no"};
	char text[128];

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
			snprintf(text, sizeof(text), GROUP "%s%s", names[n], on[i]);
			holds(text, "ssl-verify-server-cert", "1");
		}
		for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
			snprintf(text, sizeof(text), GROUP "%s%s", names[n], off[i]);
			holds(text, "ssl-verify-server-cert", "0");
		}
	}
	holds(GROUP "enable-ssl-verify-server-cert", "ssl-verify-server-cert", "1");
	holds(GROUP "skip-ssl-verify-server-cert", "ssl-verify-server-cert", "0");
	holds(GROUP "disable_ssl", "ssl", "0");
}

static void R10_9_what_is_refused(void **state)
{
	static const struct {
		const char *text, *why; /* the latter follows the file's name */
	} cases[] = {
	    {"", " has no group [campaign-cloud]"},
	    {"[campaign-clod]\nuser=a\n", " has no group [campaign-cloud]"},
	    {"user=a\n" GROUP, ":1: a line stands before the first [group]"},
	    {GROUP "\nssl-verify-sever-cert", ":3: unknown option ssl-verify-sever-cert;"},
	    {GROUP "SSL-CA=/x", ":2: unknown option SSL-CA;"},
	    {GROUP "ssl_mode=REQUIRED", ":2: unknown option ssl-mode;"},
	    {GROUP "skip-user", ":2: unknown option skip-user;"},
	    {"[client]\nnonsense\n" GROUP, ":2: unknown option nonsense;"},
	    {GROUP "ssl-verify-server-cert=2", ":2: ssl-verify-server-cert = 2: it is on,"},
	    {GROUP "ssl-verify-server-cert=", ":2: ssl-verify-server-cert = : it is on,"},
	    {GROUP "ssl-verify-server-cert=on # yes", ":2: ssl-verify-server-cert = on # yes: it"},
	    {GROUP "skip-ssl=1", ":2: skip-ssl takes no value"},
	    {GROUP "ssl=maybe", ":2: ssl = maybe: it is on,"},
	    {GROUP "compress=x", ":2: compress = x: it is on,"},
	    {GROUP "ssl-ca", ":2: ssl-ca needs a value"},
	    {GROUP "ssl-ca = ", ":2: ssl-ca needs a value"},
	    {GROUP "user", ":2: user needs a value"},
	    {GROUP "port=x", ":2: port = x: it is a number"},
	    {GROUP "port=65536", ":2: port = 65536: it is a number"},
	    {GROUP "max-allowed-packet=16Q", ":2: max-allowed-packet = 16Q: it is a number"},
	    {GROUP "protocol=pipe", ":2: protocol is tcp, socket or default"},
	    {GROUP "password='a", ":2: password: the value opens a quote"},
	    {GROUP "password='", ":2: password: the value opens a quote"},
	    {"[campaign-cloud\n", ":1: a group is written [NAME]"},
	    {GROUP "!includedir /etc", ":2: only \"!include FILE\" is understood"},
	    {GROUP "!include", ":2: only \"!include FILE\" is understood"},
	    {GROUP "ssl-ca=/x\nssl-verify-server-cert=0",
	     ":3: ssl-verify-server-cert is off, but "},
	    {GROUP "ssl-verify-server-cert=0\nssl-capath=/x",
	     ":2: ssl-verify-server-cert is off, "},
	    {GROUP "ssl-ca=/x\nskip-ssl", ":3: ssl is off, but "},
	    {GROUP "ssl-verify-server-cert\nssl=0", ":3: ssl is off, but "},
	};
	char why[OPTION_FILE_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct option_file *o = read_text(cases[i].text, why);
		const char *at = strstr(why, path);

		assert_null(o);
		if (at == NULL ||
		    strncmp(at + strlen(path), cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%s: said \"%s\"", cases[i].text, why);
	}
	assert_null(option_file_read("/nowhere/x.cnf", "campaign-cloud", why));
	assert_string_equal(why, "option file /nowhere/x.cnf: No such file or directory");
}

static void R10_9_what_asks_for_tls(void **state)
{
	static const struct {
		const char *text;
		enum option_tls tls;
	} cases[] = {
	    {GROUP "user=a", OPTION_TLS_NONE},
	    {GROUP "ssl-verify-server-cert=0", OPTION_TLS_NONE},
	    {GROUP "skip-ssl", OPTION_TLS_NONE},
	    {GROUP "ssl", OPTION_TLS_ENCRYPT},
	    {GROUP "ssl-enforce=true", OPTION_TLS_ENCRYPT},
	    {GROUP "ssl\nssl-verify-server-cert=0", OPTION_TLS_ENCRYPT},
	    {GROUP "ssl-cert=/x\nssl-key=/y", OPTION_TLS_ENCRYPT},
	    {GROUP "tls-version=TLSv1.3", OPTION_TLS_ENCRYPT},
	    {GROUP "ssl-ca=/x", OPTION_TLS_VERIFY},
	    {GROUP "tls-capath=/x", OPTION_TLS_VERIFY},
	    {GROUP "ssl-verify-server-cert", OPTION_TLS_VERIFY},
	    {GROUP "ssl-fp=ab", OPTION_TLS_VERIFY},
	    {GROUP "tls_fplist=/x", OPTION_TLS_VERIFY},
	    {"[client]\nssl-ca=/x\n" GROUP, OPTION_TLS_VERIFY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct option_file *o = read_good(cases[i].text);

		if (option_file_tls(o) != cases[i].tls)
			fail_msg("%s: %d", cases[i].text, option_file_tls(o));
		assert_int_equal(*option_file_tls_line(o) != '\0', cases[i].tls != OPTION_TLS_NONE);
		option_file_free(&o);
	}
}

static void which_connections_are_local(void **state)
{
	static const struct {
		const char *text;
		bool local;
	} cases[] = {
	    {GROUP, true},
	    {GROUP "socket=/x", true},
	    {GROUP "host=localhost", true},
	    {GROUP "host=localhost\nprotocol=tcp", false},
	    {GROUP "host=db1\nsocket=/x", false},
	    {GROUP "host=db1\nprotocol=socket", false},
	    {GROUP "host=localhost,db1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct option_file *o = read_good(cases[i].text);

		if (option_file_is_local(o) != cases[i].local)
			fail_msg("%s", cases[i].text);
		option_file_free(&o);
	}
}

static void files_include_others(void **state)
{
	char text[256], why[OPTION_FILE_WHY];

	(void)state;
	write_file(other, GROUP "user=inner\n");
	snprintf(text, sizeof(text), "[client]\nuser=outer\n!include %s\n", other);
	holds(text, "user", "inner");
	/* What the other file began does not go on in this one. */
	snprintf(text, sizeof(text), "!include %s\n[x]\nuser=outer\n", other);
	holds(text, "user", "inner");
	write_file(other, GROUP "nonsense\n");
	assert_null(read_text(text, why));
	assert_non_null(strstr(why, other));
	snprintf(text, sizeof(text), "!include %s\n", path);
	assert_null(read_text(text, why));
	assert_non_null(strstr(why, "files include each other"));
}

static void a_group_is_found(void **state)
{
	(void)state;
	write_file(path, "[client]\nuser=a\n [ campaign-cloud ]\n");
	assert_true(option_file_has_group(path, "campaign-cloud"));
	assert_false(option_file_has_group(path, "campaign-clou"));
	assert_false(option_file_has_group(path, "campaign-cloud2"));
	assert_false(option_file_has_group("/nowhere/x.cnf", "campaign-cloud"));
	write_file(path, "#[campaign-cloud]\n");
	assert_false(option_file_has_group(path, "campaign-cloud"));
}

/* The library takes every option that is handed to it. */
static void options_are_applied(void **state)
{
	struct option_file *o =
	    read_good(GROUP "host=h\nuser=u\npassword=p\ndatabase=d\nport=3307\nsocket=/s\n"
			    "ssl-ca=/ca\ncompress=0\nprotocol=tcp\nmax-allowed-packet=2M\n");
	MYSQL *mysql = mysql_init(NULL);
	char *text = NULL;
	my_bool verify = 0;

	(void)state;
	assert_non_null(mysql);
	option_file_apply(o, mysql);
	assert_int_equal(mysql_get_option(mysql, MYSQL_OPT_SSL_CA, &text), 0);
	assert_string_equal(text, "/ca");
	assert_int_equal(mysql_get_option(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify), 0);
	assert_int_equal(verify, 1);
	mysql_close(mysql);
	option_file_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R10_9_values),
	    cmocka_unit_test(R10_9_booleans),
	    cmocka_unit_test(R10_9_what_is_refused),
	    cmocka_unit_test(R10_9_what_asks_for_tls),
	    cmocka_unit_test(which_connections_are_local),
	    cmocka_unit_test(files_include_others),
	    cmocka_unit_test(a_group_is_found),
	    cmocka_unit_test(options_are_applied),
	};
	int status;

	snprintf(path, sizeof(path), "option_file.%ld.cnf", (long)getpid());
	snprintf(other, sizeof(other), "option_file.%ld.other", (long)getpid());
	status = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	unlink(other);
	return status;
}
