/* SPDX-License-Identifier: MIT */
/*
 * Reads a MariaDB option file with a table of the known options; see option_file.h.  Quotes and
 * escapes have the meaning that Connector/C gives them, so that existing files keep their meaning.
 * For the same reason a comment needs a line of its own.
 */
#include "config.h"

#include "db/option_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buf.h"

#define INCLUDES_MAX 10

enum kind {
	KIND_TEXT,   /* "" has the same effect as no option */
	KIND_TLS,    /* a text that asks for TLS; "" is refused */
	KIND_FLAG,   /* 1, on, true, yes or no value; 0, off, false, no */
	KIND_TURN,   /* a flag that the library can only turn on */
	KIND_NUMBER, /* at most 65535 */
	KIND_SIZE,   /* bytes, optionally with K, M or G */
	KIND_PROTOCOL,
	KIND_OVERRULED, /* accepted with any value and ignored; the table gives the reason */
};

#define NO_OPTION ((enum mysql_option) - 1)

struct known {
	const char *name;
	enum kind kind;
	enum mysql_option option; /* NO_OPTION: option_file_apply does not pass its value on */
};

/* Table indexes of the options that the functions below evaluate together. */
enum {
	SSL,
	SSL_VERIFY,
	SSL_CA,
	SSL_CAPATH,
	SSL_FP,
	SSL_FPLIST,
	HOST,
	PROTOCOL,
};

static const struct known known[] = {
    [SSL] = {"ssl", KIND_FLAG, NO_OPTION},
    [SSL_VERIFY] = {"ssl-verify-server-cert", KIND_FLAG, NO_OPTION},
    [SSL_CA] = {"ssl-ca", KIND_TLS, MYSQL_OPT_SSL_CA},
    [SSL_CAPATH] = {"ssl-capath", KIND_TLS, MYSQL_OPT_SSL_CAPATH},
    [SSL_FP] = {"ssl-fp", KIND_TLS, MARIADB_OPT_SSL_FP},
    [SSL_FPLIST] = {"ssl-fplist", KIND_TLS, MARIADB_OPT_SSL_FP_LIST},
    [HOST] = {"host", KIND_TEXT, MARIADB_OPT_HOST},
    [PROTOCOL] = {"protocol", KIND_PROTOCOL, MYSQL_OPT_PROTOCOL},
    {"ssl-cert", KIND_TLS, MYSQL_OPT_SSL_CERT},
    {"ssl-key", KIND_TLS, MYSQL_OPT_SSL_KEY},
    {"ssl-passphrase", KIND_TLS, MARIADB_OPT_TLS_PASSPHRASE},
    {"ssl-cipher", KIND_TLS, MYSQL_OPT_SSL_CIPHER},
    {"ssl-crl", KIND_TLS, MYSQL_OPT_SSL_CRL},
    {"ssl-crlpath", KIND_TLS, MYSQL_OPT_SSL_CRLPATH},
    {"tls-version", KIND_TLS, MARIADB_OPT_TLS_VERSION},
    {"port", KIND_NUMBER, MARIADB_OPT_PORT},
    {"socket", KIND_TEXT, MARIADB_OPT_UNIXSOCKET},
    {"user", KIND_TEXT, MARIADB_OPT_USER},
    {"password", KIND_TEXT, MARIADB_OPT_PASSWORD},
    {"database", KIND_TEXT, MARIADB_OPT_SCHEMA},
    {"bind-address", KIND_TEXT, MYSQL_OPT_BIND},
    {"compress", KIND_TURN, MYSQL_OPT_COMPRESS},
    {"init-command", KIND_TEXT, MYSQL_INIT_COMMAND}, /* e.g. SET ROLE; precedes our variables */
    {"default-auth", KIND_TEXT, MYSQL_DEFAULT_AUTH},
    {"restricted-auth", KIND_TEXT, MARIADB_OPT_RESTRICTED_AUTH},
    {"plugin-dir", KIND_TEXT, MYSQL_PLUGIN_DIR},
    {"server-public-key", KIND_TEXT, MYSQL_SERVER_PUBLIC_KEY},
    {"character-sets-dir", KIND_TEXT, MYSQL_SET_CHARSET_DIR},
    {"max-allowed-packet", KIND_SIZE, MYSQL_OPT_MAX_ALLOWED_PACKET},
    {"net-buffer-length", KIND_SIZE, MYSQL_OPT_NET_BUFFER_LENGTH},
    /* connect_timeout_s of campaign-ingest.conf replaces it */
    {"connect-timeout", KIND_OVERRULED, NO_OPTION},
    /* always utf8mb4 */
    {"default-character-set", KIND_OVERRULED, NO_OPTION},
    /* always off: the rest of an interrupted transaction would execute in autocommit mode */
    {"reconnect", KIND_OVERRULED, NO_OPTION},
    /* always off: a server could request any file that the program may read */
    {"local-infile", KIND_OVERRULED, NO_OPTION},
    /* always off: a call sends one statement, so that an injection cannot append another */
    {"multi-statements", KIND_OVERRULED, NO_OPTION},
    {"multi-results", KIND_OVERRULED, NO_OPTION},
    /* the program always counts matched rows and always reads values completely */
    {"return-found-rows", KIND_OVERRULED, NO_OPTION},
    {"report-data-truncation", KIND_OVERRULED, NO_OPTION},
    /* the session sets its own time-outs */
    {"interactive-timeout", KIND_OVERRULED, NO_OPTION},
    /* Connector/C ignores these as well */
    {"secure-auth", KIND_OVERRULED, NO_OPTION},
    {"debug", KIND_OVERRULED, NO_OPTION},
};

#define OPTIONS (sizeof(known) / sizeof(known[0]))

static const struct {
	const char *name, *main;
} aliases[] = {
    {"ssl-enforce", "ssl"},
    {"tls-enforce", "ssl"},
    {"tls-verify-peer", "ssl-verify-server-cert"},
    {"tls-ca", "ssl-ca"},
    {"tls-capath", "ssl-capath"},
    {"tls-cert", "ssl-cert"},
    {"tls-key", "ssl-key"},
    {"tls-passphrase", "ssl-passphrase"},
    {"tls-cipher", "ssl-cipher"},
    {"tls-crl", "ssl-crl"},
    {"tls-crlpath", "ssl-crlpath"},
    {"tls-fp", "ssl-fp"},
    {"tls-fplist", "ssl-fplist"},
    {"ssl-fp-list", "ssl-fplist"},
    {"servername", "host"},
    {"unix-socket", "socket"},
    {"passwd", "password"},
    {"db", "database"},
    {"timeout", "connect-timeout"},
    {"multi-queries", "multi-statements"},
};

struct given {
	char *value; /* NULL: not given; a flag's is "1" or "0" */
	char *file;
	unsigned line;
};

struct option_file {
	struct given given[OPTIONS];
	bool has_group;
	char tls_line[OPTION_FILE_WHY];
};

struct reader {
	struct option_file *options;
	const char *group;
	char *why;
	bool in_group; /* the current group is one of those to read */
	bool any_group;
	unsigned depth;
	const char *file;
	unsigned line;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct reader *r, const char *format,
							 ...)
{
	size_t used = (size_t)snprintf(r->why, OPTION_FILE_WHY, "%s:%u: ", r->file, r->line);
	va_list args;

	va_start(args, format);
	if (used < OPTION_FILE_WHY)
		vsnprintf(r->why + used, OPTION_FILE_WHY - used, format, args);
	va_end(args);
	return false;
}

/* --- names --- */

static size_t find(const char *name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].name, name) == 0)
			name = aliases[i].main;
	for (size_t i = 0; i < OPTIONS; i++)
		if (strcmp(known[i].name, name) == 0)
			return i;
	return OPTIONS;
}

static bool is_flag(size_t place)
{
	return place < OPTIONS &&
	       (known[place].kind == KIND_FLAG || known[place].kind == KIND_TURN ||
		known[place].kind == KIND_OVERRULED);
}

/* For a flag's name with a prefix, e.g. "skip-ssl": returns the index of the flag and sets *VALUE
 * to the value that the prefix gives it.  Returns OPTIONS for all other names. */
static size_t find_prefixed(const char *name, const char **value)
{
	static const struct {
		const char *prefix, *value;
	} prefixes[] = {{"skip-", "0"}, {"disable-", "0"}, {"enable-", "1"}};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i].prefix), place;

		if (strncmp(name, prefixes[i].prefix, length) != 0)
			continue;
		place = find(name + length);
		if (!is_flag(place))
			return OPTIONS;
		*value = prefixes[i].value;
		return place;
	}
	return OPTIONS;
}

/* --- values --- */

static bool is_word(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

/* Returns "1" or "0", or NULL if TEXT is not a boolean. */
static const char *flag_value(const char *text)
{
	static const char *const yes[] = {"1", "on", "true", "yes", NULL};
	static const char *const no[] = {"0", "off", "false", "no", NULL};

	if (text == NULL || is_word(text, yes))
		return "1";
	return is_word(text, no) ? "0" : NULL;
}

static bool is_number(const char *text, unsigned long most)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits < 10 && text[digits] == '\0' && strtoul(text, NULL, 10) <= most;
}

/* Returns the size in bytes, or 0 if TEXT is not a size. */
static size_t size_value(const char *text)
{
	static const char units[] = "kmg";
	size_t digits = strspn(text, "0123456789"), size = strtoul(text, NULL, 10);
	const char *unit;

	if (digits == 0 || digits > 10)
		return 0;
	if (text[digits] == '\0')
		return size;
	unit = strchr(units, tolower((unsigned char)text[digits]));
	if (unit == NULL || text[digits + 1] != '\0')
		return 0;
	return size << (10 * (unit - units + 1));
}

static const char *protocol_value(const char *text)
{
	static const char *const words[] = {"default", "tcp", "socket"};
	static const char *const numbers[] = {"0", "1", "2"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0 || strcmp(text, numbers[i]) == 0)
			return numbers[i];
	return NULL;
}

static bool keep(struct reader *r, size_t place, const char *value)
{
	struct given *g = &r->options->given[place];

	free(g->value);
	free(g->file);
	*g = (struct given){xstrdup(value), xstrdup(r->file), r->line};
	return true;
}

/* VALUE is NULL if the line has no "=". */
static bool take(struct reader *r, size_t place, const char *name, const char *value)
{
	enum kind kind = known[place].kind;

	if (kind == KIND_OVERRULED)
		return true;
	if (kind == KIND_FLAG || kind == KIND_TURN) {
		const char *flag = flag_value(value);

		if (flag == NULL)
			return refuse(r, "%s = %s: it is on, true, yes, 1, or off, false, no, 0",
				      name, value);
		return keep(r, place, flag);
	}
	if (value == NULL || (kind == KIND_TLS && *value == '\0'))
		return refuse(r, "%s needs a value", name);
	if (kind == KIND_NUMBER && !is_number(value, 65535))
		return refuse(r, "%s = %s: it is a number up to 65535", name, value);
	if (kind == KIND_SIZE && size_value(value) == 0)
		return refuse(r, "%s = %s: it is a number of bytes, with K, M or G if need be",
			      name, value);
	if (kind == KIND_PROTOCOL && (value = protocol_value(value)) == NULL)
		return refuse(r, "%s is tcp, socket or default", name);
	return keep(r, place, value);
}

static bool set(struct reader *r, char *name, const char *value)
{
	const bool loose = strncmp(name, "loose-", 6) == 0 || strncmp(name, "loose_", 6) == 0;
	const char *fixed = NULL, *plain = loose ? name + 6 : name;
	size_t place;

	for (char *c = name; *c != '\0'; c++)
		if (*c == '_')
			*c = '-';
	place = find(plain);
	if (place == OPTIONS)
		place = find_prefixed(plain, &fixed);
	if (place == OPTIONS)
		return loose || refuse(r,
				       "unknown option %s; an option that is meant for other "
				       "programs is passed over if it is written loose-%s",
				       name, name);
	if (fixed != NULL && value != NULL && known[place].kind != KIND_OVERRULED)
		return refuse(r, "%s takes no value", name);
	return take(r, place, plain, fixed != NULL ? fixed : value);
}

/* --- lines --- */

static char *trim(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

/* Returns the character that "\C" means.  NULL: it is not an escape, and the backslash stays. */
static const char *unescape(char c)
{
	static const char from[] = "ntrbs\"'\\", to[] = "\n\t\r\b \"'\\";
	const char *at = c != '\0' ? strchr(from, c) : NULL;

	return at != NULL ? &to[at - from] : NULL;
}

/* Removes quotes and escapes in place.  Returns false if a quote is not closed. */
static bool unquote(char *value)
{
	char *to = value, *from = value, *end = value + strlen(value);

	if (*value == '\'' || *value == '"') {
		if (end - value < 2 || end[-1] != *value)
			return false;
		from++;
		end--;
	}
	while (from < end) {
		const char *c = *from == '\\' && from + 1 < end ? unescape(from[1]) : NULL;

		if (c != NULL)
			from++;
		else
			c = from;
		*to++ = *c;
		from++;
	}
	*to = '\0';
	return true;
}

static bool counts(const struct reader *r, const char *group)
{
	static const char *const shared[] = {"client", "client-server", "client-mariadb"};

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strcmp(group, shared[i]) == 0)
			return true;
	return strcmp(group, r->group) == 0;
}

static bool read_file(struct reader *r, const char *path);

static bool read_directive(struct reader *r, char *line)
{
	size_t word = strcspn(line, " \t");
	char *rest = trim(line + word);
	struct reader inner = *r;

	if (word != strlen("!include") || strncmp(line, "!include", word) != 0 || *rest == '\0')
		return refuse(r, "only \"!include FILE\" is understood here: name each file");
	if (++inner.depth > INCLUDES_MAX)
		return refuse(r, "files include each other, or too many");
	inner.in_group = inner.any_group = false;
	return read_file(&inner, rest);
}

static bool read_line(struct reader *r, char *line)
{
	char *value;

	line = trim(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return true;
	if (*line == '!')
		return read_directive(r, line);
	if (*line == '[') {
		char *end = strchr(line, ']');

		if (end == NULL)
			return refuse(r, "a group is written [NAME]");
		*end = '\0';
		line = trim(line + 1);
		r->any_group = true;
		r->in_group = counts(r, line);
		if (strcmp(line, r->group) == 0)
			r->options->has_group = true;
		return true;
	}
	if (!r->any_group)
		return refuse(r, "a line stands before the first [group]");
	if (!r->in_group)
		return true;
	value = strchr(line, '=');
	if (value != NULL) {
		*value++ = '\0';
		value = trim(value);
	}
	line = trim(line);
	if (value != NULL && !unquote(value))
		return refuse(r, "%s: the value opens a quote that it does not close", line);
	return set(r, line, value);
}

static bool read_lines(struct reader *r, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	bool good = true;

	while (good && getline(&line, &size, f) >= 0) {
		r->line++;
		good = read_line(r, line);
	}
	free(line);
	if (good && ferror(f)) {
		snprintf(r->why, OPTION_FILE_WHY, "%s: %s", r->file, strerrordesc_np(errno));
		return false;
	}
	return good;
}

static bool read_file(struct reader *r, const char *path)
{
	FILE *f = fopen(path, "re");
	bool good;

	if (f == NULL) {
		snprintf(r->why, OPTION_FILE_WHY, "option file %s: %s", path,
			 strerrordesc_np(errno));
		return false;
	}
	r->file = path;
	r->line = 0;
	good = read_lines(r, f);
	fclose(f);
	return good;
}

/* --- evaluation of the options --- */

static bool is_on(const struct option_file *o, size_t place)
{
	return o->given[place].value != NULL && strcmp(o->given[place].value, "1") == 0;
}

static bool is_off(const struct option_file *o, size_t place)
{
	return o->given[place].value != NULL && strcmp(o->given[place].value, "0") == 0;
}

/* Returns the option that asks for the strictest TLS; OPTIONS if no option asks for TLS. */
static size_t asks_for_tls(const struct option_file *o)
{
	static const size_t first[] = {SSL_CA, SSL_CAPATH, SSL_FP, SSL_FPLIST};

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (o->given[first[i]].value != NULL)
			return first[i];
	if (is_on(o, SSL_VERIFY))
		return SSL_VERIFY;
	if (is_on(o, SSL))
		return SSL;
	for (size_t i = 0; i < OPTIONS; i++)
		if (known[i].kind == KIND_TLS && o->given[i].value != NULL)
			return i;
	return OPTIONS;
}

static bool has_ca(const struct option_file *o)
{
	return o->given[SSL_CA].value != NULL || o->given[SSL_CAPATH].value != NULL;
}

enum option_tls option_file_tls(const struct option_file *o)
{
	switch (asks_for_tls(o)) {
	case OPTIONS:
		return OPTION_TLS_NONE;
	case SSL_CA:
	case SSL_CAPATH:
	case SSL_FP:
	case SSL_FPLIST:
	case SSL_VERIFY:
		return OPTION_TLS_VERIFY;
	default:
		return OPTION_TLS_ENCRYPT;
	}
}

const char *option_file_tls_line(const struct option_file *o)
{
	return o->tls_line;
}

static bool contradicts(const struct reader *r, size_t off, size_t on, const char *advice)
{
	const struct given *g = &r->options->given[off], *other = &r->options->given[on];

	snprintf(r->why, OPTION_FILE_WHY, "%s:%u: %s is off, but %s:%u gives %s: %s", g->file,
		 g->line, known[off].name, other->file, other->line, known[on].name, advice);
	return false;
}

static bool judge(const struct reader *r)
{
	struct option_file *o = r->options;
	size_t asks = asks_for_tls(o);

	if (!o->has_group) {
		snprintf(r->why, OPTION_FILE_WHY, "option file %s has no group [%s]", r->file,
			 r->group);
		return false;
	}
	if (is_off(o, SSL_VERIFY) && has_ca(o))
		return contradicts(
		    r, SSL_VERIFY, o->given[SSL_CA].value != NULL ? SSL_CA : SSL_CAPATH,
		    "remove the CA and write ssl to encrypt without verifying the server, or "
		    "remove the other line to verify it");
	if (asks != OPTIONS && is_off(o, SSL))
		return contradicts(r, SSL, asks, "remove one of the two");
	if (asks != OPTIONS)
		snprintf(o->tls_line, sizeof(o->tls_line), "%s:%u: %s", o->given[asks].file,
			 o->given[asks].line, known[asks].name);
	return true;
}

struct option_file *option_file_read(const char *path, const char *group, char *why)
{
	struct reader r = {
	    .options = xcalloc(1, sizeof(struct option_file)), .group = group, .why = why};

	*why = '\0';
	if (!read_file(&r, path) || !judge(&r))
		option_file_free(&r.options);
	return r.options;
}

void option_file_free(struct option_file **holder)
{
	if (*holder == NULL)
		return;
	for (size_t i = 0; i < OPTIONS; i++) {
		free((*holder)->given[i].value);
		free((*holder)->given[i].file);
	}
	free(*holder);
	*holder = NULL;
}

const char *option_file_value(const struct option_file *o, const char *name)
{
	size_t place = find(name);

	return place < OPTIONS ? o->given[place].value : NULL;
}

/* Decides as Connector/C does. */
bool option_file_is_local(const struct option_file *o)
{
	const char *host = o->given[HOST].value, *protocol = o->given[PROTOCOL].value;

	return (host == NULL || *host == '\0' || strcmp(host, "localhost") == 0) &&
	       (protocol == NULL || strcmp(protocol, "1") != 0);
}

static void apply_one(const struct known *k, const char *value, MYSQL *mysql)
{
	unsigned number;
	size_t size;

	switch (k->kind) {
	case KIND_TEXT:
	case KIND_TLS:
		if (*value != '\0')
			mysql_optionsv(mysql, k->option, value);
		break;
	case KIND_TURN:
		if (*value == '1')
			mysql_optionsv(mysql, k->option, NULL);
		break;
	case KIND_NUMBER:
	case KIND_PROTOCOL:
		number = (unsigned)strtoul(value, NULL, 10);
		mysql_optionsv(mysql, k->option, &number);
		break;
	case KIND_SIZE:
		size = size_value(value);
		mysql_optionsv(mysql, k->option, &size);
		break;
	case KIND_FLAG:
	case KIND_OVERRULED:
		break;
	}
}

/*
 * A connection over a local socket cannot be intercepted and has no host name to verify.  It uses
 * TLS if the server offers it, for accounts that require TLS, and does not verify the certificate.
 */
static void apply_tls(const struct option_file *o, MYSQL *mysql)
{
	const bool local = option_file_is_local(o);
	const my_bool encrypt = option_file_tls(o) != OPTION_TLS_NONE ? 1 : 0;
	const my_bool verify = !local && (has_ca(o) || is_on(o, SSL_VERIFY)) ? 1 : 0;

	mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &encrypt);
	mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

static bool is_for_peer(size_t place)
{
	return place == SSL_CA || place == SSL_CAPATH || place == SSL_FP || place == SSL_FPLIST;
}

void option_file_apply(const struct option_file *o, MYSQL *mysql)
{
	const bool local = option_file_is_local(o);

	for (size_t i = 0; i < OPTIONS; i++)
		if (o->given[i].value != NULL && known[i].option != NO_OPTION &&
		    !(local && is_for_peer(i)))
			apply_one(&known[i], o->given[i].value, mysql);
	apply_tls(o, mysql);
}

static bool is_group_line(char *line, const char *group)
{
	char *end;

	line = trim(line);
	if (*line != '[' || (end = strchr(line, ']')) == NULL)
		return false;
	*end = '\0';
	return strcmp(trim(line + 1), group) == 0;
}

/* Does not follow !include: a file that has one may contain the group, and option_file_read reports
 * a missing group. */
bool option_file_has_group(const char *path, const char *group)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && getline(&line, &size, f) >= 0)
		found = is_group_line(line, group) || strncmp(line, "!include", 8) == 0;
	free(line);
	fclose(f);
	return found;
}
