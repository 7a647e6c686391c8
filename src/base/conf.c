/* SPDX-License-Identifier: MIT */
/*
 * Reads campaign-ingest.conf according to the table of its keys, conf_keys. inih splits the
 * lines. All errors of a file are reported at once, with file and line: unknown sections and
 * keys, duplicate keys, invalid values, lines that are too long.
 */
#include "config.h"

#include "base/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/log.h"

enum key_type {
	KEY_TEXT,
	KEY_NUMBER, /* low..high */
	KEY_FLAG,
	KEY_WORD, /* one of words, stored as its index */
	KEY_MODE, /* octal file mode, stored as text */
	KEY_LEVEL,
	KEY_NETWORKS, /* comma-separated; the count is at count_offset */
};

struct key {
	const char *section;
	const char *name;
	enum key_type type;
	const char *preset; /* the default, parsed like a value of the file; NULL: none */
	unsigned low, high;
	const char *const *words;
	size_t offset;	     /* in struct conf, struct zone or struct conf_rows */
	size_t count_offset; /* KEY_NETWORKS */
};

static const char *const cast_modes[] = {
    [CONF_CAST_STRICT] = "strict", [CONF_CAST_LENIENT] = "lenient", NULL};
static const char *const unknown_fields[] = {
    [CONF_UNKNOWN_REFUSE] = "refuse", [CONF_UNKNOWN_IGNORE] = "ignore", NULL};
static const char *const fault_statuses[] = {
    [CONF_FAULT_AUTO] = "auto", [CONF_FAULT_200] = "200", [CONF_FAULT_500] = "500", NULL};
static const char *const deletes[] = {
    [CONF_DELETES_HARD] = "hard", [CONF_DELETES_SOFT] = "soft", NULL};

#define AT(member)	   .offset = offsetof(struct conf, member)
#define IN_ZONE(member)	   .offset = offsetof(struct zone, member)
#define IN_ROWS(member)	   .offset = offsetof(struct conf_rows, member)
#define TEXT(def)	   .type = KEY_TEXT, .preset = (def)
#define NUMBER(def, l, h)  .type = KEY_NUMBER, .preset = (def), .low = (l), .high = (h)
#define WORD(def, list)	   .type = KEY_WORD, .preset = (def), .words = (list)
#define FLAG		   .type = KEY_FLAG, .preset = NULL
#define NETWORKS(def, cnt) .type = KEY_NETWORKS, .preset = (def), .count_offset = (cnt)

#define DAY	     86400
#define ZONE	     "zone"	     /* written [zone NAME] */
#define CLOUD_SCHEMA "cloud NS:NAME" /* written with a schema id instead of NS:NAME */
#define OPTIONS	     "options"
#define GIBIBYTE     1073741824

/* Sorted by section and name for bsearch; a test checks the order. */
static const struct key conf_keys[] = {
    {"cloud", "deletes", WORD("hard", deletes), AT(rows.deletes)},
    {"cloud", "loaded_columns", FLAG, AT(rows.loaded_columns)},
    {"cloud", "session_variables", TEXT(""), AT(cloud_session_variables)},
    {CLOUD_SCHEMA, "deletes", WORD(NULL, deletes), IN_ROWS(deletes)},
    {CLOUD_SCHEMA, "loaded_columns", FLAG, IN_ROWS(loaded_columns)},
    {"database", "admin_option_file", TEXT(""), AT(admin_option_file)},
    {"database", "cloud_group", TEXT("campaign-cloud"), AT(cloud_group)},
    {"database", "connect_timeout_s", NUMBER("5", 1, 300), AT(connect_timeout_s)},
    {"database", "ingest_account", TEXT(""), AT(ingest_account)},
    {"database", "io_timeout_s", NUMBER("60", 1, 3600), AT(io_timeout_s)},
    {"database", "option_file", TEXT(SYSCONFDIR "/campaign-ingest/db.cnf"), AT(option_file)},
    {"database", "staging_group", TEXT("campaign-staging"), AT(staging_group)},
    {"database", "sync_account", TEXT(""), AT(sync_account)},
    {"database", "sync_option_file", TEXT(""), AT(sync_option_file)},
    {"limits", "logon_failures_per_minute", NUMBER("30", 0, 1000000),
     AT(logon_failures_per_minute)},
    {"limits", "operator_burst", NUMBER("100", 1, 1000000), AT(operator_burst)},
    {"limits", "operator_logon_failures_per_minute", NUMBER("60", 0, 1000000),
     AT(operator_logon_failures_per_minute)},
    {"limits", "operator_rate", NUMBER("0", 0, 1000000), AT(operator_rate)},
    {"log", "level", .type = KEY_LEVEL, .preset = "info", AT(log_level)},
    {"pool", "batch_rows", NUMBER("256", 1, 10000), AT(batch_rows)},
    {"pool", "drain_timeout_s", NUMBER("20", 1, 3600), AT(drain_timeout_s)},
    {"pool", "max_request_bytes", NUMBER("16777216", 1024, GIBIBYTE), AT(max_request_bytes)},
    {"pool", "pid_file", TEXT(""), AT(pid_file)},
    {"pool", "request_timeout_s", NUMBER("30", 1, 3600), AT(request_timeout_s)},
    {"pool", "socket", TEXT("/run/campaign-ingest/ingestd.sock"), AT(socket)},
    {"pool", "socket_mode", .type = KEY_MODE, .preset = "0660", AT(socket_mode)},
    {"pool", "threads", NUMBER("4", 1, 256), AT(threads)},
    {"pool", "workers", NUMBER("1", 1, 64), AT(workers)},
    {"session", "security_timeout_s", NUMBER("86400", 1, 365 * DAY), AT(security_timeout_s)},
    {"session", "session_timeout_s", NUMBER("86400", 1, 365 * DAY), AT(session_timeout_s)},
    {"session", "trusted_proxies",
     NETWORKS("127.0.0.1, ::1", offsetof(struct conf, trusted_proxy_count)), AT(trusted_proxies)},
    {"soap", "cast_mode", WORD("strict", cast_modes), AT(cast_mode)},
    {"soap", "fault_http_status", WORD("auto", fault_statuses), AT(fault_http_status)},
    {"soap", "instance_name", TEXT("ingest1"), AT(instance_name)},
    {"soap", "max_records", NUMBER("10000", 1, 1000000), AT(max_records)},
    {"soap", "public_url", TEXT(""), AT(public_url)},
    {"soap", "timezone", TEXT("UTC"), AT(timezone)},
    {"soap", "unknown_fields", WORD("refuse", unknown_fields), AT(unknown_fields)},
    {"soap", "wsdl_legacy_body", FLAG, AT(wsdl_legacy_body)},
    {"soap", "wsdl_requires_session", FLAG, AT(wsdl_requires_session)},
    {"sync", "batch_bytes", NUMBER("33554432", 65536, GIBIBYTE), AT(sync_batch_bytes)},
    {"sync", "batch_rows", NUMBER("10000", 1, 1000000), AT(sync_batch_rows)},
    {"sync", "history_days", NUMBER("90", 1, 36500), AT(history_days)},
    {"sync", "jobs", NUMBER("2", 1, 8), AT(sync_jobs)},
    {ZONE, "allow_empty_password", FLAG, IN_ZONE(allow_empty_password)},
    {ZONE, "allow_http", FLAG, IN_ZONE(allow_http)},
    {ZONE, "allow_user_password", FLAG, IN_ZONE(allow_user_password)},
    {ZONE, "networks", NETWORKS(NULL, offsetof(struct zone, network_count)), IN_ZONE(networks)},
    {ZONE, "security_token_always", FLAG, IN_ZONE(security_token_always)},
    {ZONE, "session_token_only", FLAG, IN_ZONE(session_token_only)},
    {ZONE, "show_errors", FLAG, IN_ZONE(show_errors)},
};

#define KEYS (sizeof(conf_keys) / sizeof(conf_keys[0]))

/* Renamed keys. The error message for the old name gives the new one. */
static const struct {
	const char *section, *before, *now;
} renamed_keys[] = {
    {"session", "security_timeout", "security_timeout_s"},
    {"session", "session_timeout", "session_timeout_s"},
};

struct reader {
	struct conf *conf;
	FILE *stream;
	const char *file; /* its name, for messages */
	unsigned line;
	unsigned errors;
	/* Keys that were read in a section. Each [zone NAME] and each [cloud NS:NAME] has its
	 * own row. */
	bool seen[KEYS];
	bool (*zone_seen)[KEYS];
	bool (*cloud_seen)[KEYS];
};

__attribute__((format(printf, 2, 3))) static void complain(struct reader *r, const char *format,
							   ...)
{
	va_list args;

	r->errors++;
	fprintf(stderr, "%s:%u: ", r->file, r->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int compare_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int section = strcmp(x->section, y->section);

	return section != 0 ? section : strcmp(x->name, y->name);
}

static const struct key *find_key(const char *section, const char *name)
{
	struct key wanted = {.section = section, .name = name};

	return bsearch(&wanted, conf_keys, KEYS, sizeof(conf_keys[0]), compare_key);
}

/* True for a known section without a name. */
static bool section_known(const char *section)
{
	size_t i;

	if (strcmp(section, ZONE) == 0 || strcmp(section, CLOUD_SCHEMA) == 0)
		return false; /* these have names */
	for (i = 0; i < KEYS; i++)
		if (strcmp(conf_keys[i].section, section) == 0)
			return true;
	return false;
}

/* The setters parse VALUE into the member of KEY, and report an invalid value. */

static void set_text(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
}

static void set_number(struct reader *r, const struct key *key, unsigned *to, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long long n;

	/* Ten digits cannot overflow and are enough for every limit. */
	if (digits == 0 || digits > 10 || value[digits] != '\0' ||
	    (n = strtoull(value, NULL, 10)) < key->low || n > key->high)
		complain(r, "%s must be a whole number from %u to %u", key->name, key->low,
			 key->high);
	else
		*to = (unsigned)n;
}

static void set_flag(struct reader *r, const struct key *key, bool *to, const char *value)
{
	static const char *const yes[] = {"true", "on", "yes", "1"};
	static const char *const no[] = {"false", "off", "no", "0"};
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*to = strcasecmp(value, yes[i]) == 0;
			return;
		}
	}
	complain(r, "%s must be true or false", key->name);
}

static int word_place(const char *const *words, const char *value)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return -1;
}

static void complain_words(struct reader *r, const struct key *key)
{
	char list[128] = "";
	size_t i;

	for (i = 0; key->words[i] != NULL; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i != 0 ? ", " : "",
			 key->words[i]);
	}
	complain(r, "%s must be one of: %s", key->name, list);
}

/* Each enum has its own type, so the index is stored through that type. */
static void set_word(struct reader *r, const struct key *key, void *to, const char *value)
{
	int place = word_place(key->words, value);

	if (place < 0)
		complain_words(r, key);
	else if (key->words == cast_modes)
		*(enum conf_cast_mode *)to = (enum conf_cast_mode)place;
	else if (key->words == unknown_fields)
		*(enum conf_unknown_fields *)to = (enum conf_unknown_fields)place;
	else if (key->words == deletes)
		*(enum conf_deletes *)to = (enum conf_deletes)place;
	else
		*(enum conf_fault_status *)to = (enum conf_fault_status)place;
}

static void set_mode(struct reader *r, const struct key *key, char **to, const char *value)
{
	size_t length = strlen(value);

	if (length < 3 || length > 4 || strspn(value, "01234567") != length ||
	    (length == 4 && value[0] != '0'))
		complain(r, "%s must be an octal file mode such as 0660", key->name);
	else
		set_text(to, value);
}

static void set_level(struct reader *r, const struct key *key, char **to, const char *value)
{
	enum log_level level;

	if (log_level_parse(value, &level) < 0)
		complain(r, "%s must be one of: error, warn, info, debug", key->name);
	else
		set_text(to, value);
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
		length--;
	text[length] = '\0';
	return text;
}

static void set_networks(struct reader *r, const struct key *key, struct network **to,
			 size_t *count, const char *value)
{
	char *copy = xstrdup(value), *rest = copy, *item;
	struct network *list = NULL;
	size_t n = 0;

	while ((item = strsep(&rest, ",")) != NULL) {
		item = trim(item);
		if (*item == '\0' && rest == NULL && n == 0)
			break; /* "networks =": none */
		list = xrealloc(list, n + 1, sizeof(*list));
		if (network_parse(item, &list[n++]) < 0)
			complain(
			    r, "%s: \"%s\" is not a network such as 192.0.2.0/24 or 2001:db8::/32",
			    key->name, item);
	}
	free(copy);
	free(*to);
	*to = list;
	*count = n;
}

/* BASE is the struct that KEY's offsets refer to. */
static void set_key(struct reader *r, const struct key *key, void *base, const char *value)
{
	void *to = (char *)base + key->offset;

	switch (key->type) {
	case KEY_TEXT:
		set_text(to, value);
		break;
	case KEY_NUMBER:
		set_number(r, key, to, value);
		break;
	case KEY_FLAG:
		set_flag(r, key, to, value);
		break;
	case KEY_WORD:
		set_word(r, key, to, value);
		break;
	case KEY_MODE:
		set_mode(r, key, to, value);
		break;
	case KEY_LEVEL:
		set_level(r, key, to, value);
		break;
	case KEY_NETWORKS:
		set_networks(r, key, to, (void *)((char *)base + key->count_offset), value);
		break;
	}
}

/* Returns NAME for the section "zone NAME" and the word "zone"; NULL for any other section. */
static const char *name_after(const char *section, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(section, word, length) != 0 || strchr(" \t", section[length]) == NULL)
		return NULL;
	section += length;
	section += strspn(section, " \t");
	return *section != '\0' ? section : NULL;
}

static const char *zone_name(const char *section)
{
	return name_after(section, ZONE);
}

/* "cloud dem:sampleTable" -> "dem:sampleTable" */
static const char *cloud_schema(const char *section)
{
	return name_after(section, "cloud");
}

/* Returns the index of zone NAME. Adds the zone if it is new. */
static size_t zone_place(struct reader *r, const char *name)
{
	struct conf *conf = r->conf;
	size_t i;

	for (i = 0; i < conf->zone_count; i++)
		if (strcmp(conf->zones[i].name, name) == 0)
			return i;
	conf->zones = xrealloc(conf->zones, i + 1, sizeof(*conf->zones));
	conf->zones[i] = (struct zone){.name = xstrdup(name)};
	conf->zone_count++;
	r->zone_seen = xrealloc(r->zone_seen, i + 1, sizeof(*r->zone_seen));
	memset(r->zone_seen[i], 0, sizeof(*r->zone_seen));
	return i;
}

/* Returns the index of [cloud ID]. Adds the section if it is new. */
static size_t cloud_place(struct reader *r, const char *id)
{
	struct conf *conf = r->conf;
	size_t i;

	for (i = 0; i < conf->cloud_schema_count; i++)
		if (strcmp(conf->cloud_schemas[i].id, id) == 0)
			return i;
	conf->cloud_schemas = xrealloc(conf->cloud_schemas, i + 1, sizeof(*conf->cloud_schemas));
	conf->cloud_schemas[i] = (struct conf_cloud_schema){.id = xstrdup(id)};
	conf->cloud_schema_count++;
	r->cloud_seen = xrealloc(r->cloud_seen, i + 1, sizeof(*r->cloud_seen));
	memset(r->cloud_seen[i], 0, sizeof(*r->cloud_seen));
	return i;
}

static void add_option(struct reader *r, const char *name, const char *value)
{
	struct conf *conf = r->conf;
	size_t i;

	for (i = 0; i < conf->option_count; i++) {
		if (strcmp(conf->options[i].name, name) == 0) {
			complain(r, "%s is given twice", name);
			return;
		}
	}
	conf->options = xrealloc(conf->options, i + 1, sizeof(*conf->options));
	conf->options[i] = (struct conf_option){xstrdup(name), xstrdup(value)};
	conf->option_count++;
}

static void take_key(struct reader *r, const struct key *key, bool *seen, void *base,
		     const char *value)
{
	size_t place = (size_t)(key - conf_keys);

	if (seen[place]) {
		complain(r, "%s is given twice", key->name);
		return;
	}
	seen[place] = true;
	set_key(r, key, base, value);
}

static void complain_unknown(struct reader *r, const char *section, const char *name)
{
	for (size_t i = 0; i < sizeof(renamed_keys) / sizeof(renamed_keys[0]); i++) {
		if (strcmp(renamed_keys[i].section, section) == 0 &&
		    strcmp(renamed_keys[i].before, name) == 0) {
			complain(r, "%s is called %s now", name, renamed_keys[i].now);
			return;
		}
	}
	complain(r, "unknown key %s in [%s]", name, section);
}

/* inih calls this for each "name = value". */
static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	const char *zone = zone_name(section), *schema = cloud_schema(section);
	const struct key *key = find_key(zone != NULL	  ? ZONE
					 : schema != NULL ? CLOUD_SCHEMA
							  : section,
					 name);

	if (strcmp(section, OPTIONS) == 0) {
		add_option(r, name, value);
	} else if (*section == '\0') {
		complain(r, "%s stands before the first [section]", name);
	} else if (zone == NULL && schema == NULL && !section_known(section)) {
		return 1; /* check_section has reported it */
	} else if (key == NULL) {
		complain_unknown(r, section, name);
	} else if (zone != NULL) {
		size_t i = zone_place(r, zone);

		take_key(r, key, r->zone_seen[i], &r->conf->zones[i], value);
	} else if (schema != NULL) {
		size_t i = cloud_place(r, schema);

		take_key(r, key, r->cloud_seen[i], &r->conf->cloud_schemas[i].rows, value);
	} else {
		take_key(r, key, r->seen, r->conf, value);
	}
	return 1; /* continue, to report all errors of the file */
}

/* True for NS:NAME, the id of a schema, not of its staging schema. Only the databases know which
 * schemas exist. */
static bool is_schema_id(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon != NULL && colon != text && colon[1] != '\0' && strpbrk(text, " \t") == NULL &&
	       strchr(colon + 1, ':') == NULL;
}

/* Checks a section line. inih reports a section only with a key in it, but an unknown section is
 * an error without keys, too. */
static void check_section(struct reader *r, const char *line)
{
	size_t length = strcspn(line + 1, "]");
	char *section = xstrndup(line + 1, length);

	if (strcmp(section, ZONE) == 0)
		complain(r, "a zone has a name: [zone NAME]");
	else if (line[1 + length] != ']')
		; /* inih reports it: a syntax error */
	else if (cloud_schema(section) != NULL && !is_schema_id(cloud_schema(section)))
		complain(r, "[%s]: a schema is named as in [cloud dem:sampleTable]", section);
	else if (zone_name(section) == NULL && cloud_schema(section) == NULL &&
		 strcmp(section, OPTIONS) != 0 && !section_known(section))
		complain(r, "unknown section [%s]", section);
	free(section);
}

/* Gives inih one whole line per call. It removes leading blanks, because inih would take the
 * line for the continuation of a value. */
static char *next_line(char *line, int size, void *user)
{
	struct reader *r = user;
	size_t length, blanks;
	int c;

	if (fgets(line, size, r->stream) == NULL)
		return NULL;
	r->line++;
	length = strlen(line);
	if (length == (size_t)size - 1 && line[length - 1] != '\n') {
		complain(r, "the line is longer than %d bytes", size - 2);
		while ((c = getc(r->stream)) != EOF && c != '\n')
			;
		line[0] = '\0';
		return line;
	}
	blanks = strspn(line, " \t");
	memmove(line, line + blanks, length + 1 - blanks);
	if (*line == '[')
		check_section(r, line);
	return line;
}

/* inih's lines have 200 bytes by default, but a list of networks may be longer. */
static void set_up_inih(void)
{
	ini_use_stack = false;
	ini_allow_realloc = false;
	ini_max_line = ini_initial_alloc = 8192;
}

static void read_stream(struct reader *r)
{
	int bad;

	set_up_inih();
	bad = ini_parse_stream(next_line, r, on_pair, r);
	if (bad > 0) {
		r->line = (unsigned)bad; /* the first invalid line; inih counts as we do */
		complain(r, "syntax error: expected [section] or key = value");
	}
	if (ferror(r->stream)) {
		fprintf(stderr, "%s: %s\n", r->file, strerror(errno));
		r->errors++;
	}
}

static void set_defaults(struct reader *r)
{
	size_t i;

	for (i = 0; i < KEYS; i++)
		if (conf_keys[i].preset != NULL) /* all of these are in struct conf */
			set_key(r, &conf_keys[i], r->conf, conf_keys[i].preset);
}

static void default_zone(struct reader *r, const char *name, const char *networks, bool http)
{
	size_t place = zone_place(r, name); /* may reallocate the zones */
	struct zone *z = &r->conf->zones[place];

	set_networks(r, find_key(ZONE, "networks"), &z->networks, &z->network_count, networks);
	z->allow_http = http;
	z->show_errors = true;
}

/* The default zones (4.5). */
static void default_zones(struct reader *r)
{
	default_zone(r, "public", "0.0.0.0/0, ::/0", false);
	default_zone(r, "local", "127.0.0.0/8, ::1", true);
}

/* Returns the file to read. Sets *OPTIONAL if it is only the default file. */
static const char *choose_file(const char *file, bool *optional)
{
	const char *environment = getenv("CAMPAIGN_INGEST_CONF");

	*optional = false;
	if (file != NULL)
		return file;
	if (environment != NULL && *environment != '\0')
		return environment;
	*optional = true;
	return CONF_DEFAULT_FILE;
}

static void inherit(char **text, const char *from)
{
	if (**text == '\0')
		set_text(text, from);
}

static bool cloud_key_seen(const struct reader *r, size_t schema, const char *name)
{
	return r->cloud_seen[schema][find_key(CLOUD_SCHEMA, name) - conf_keys];
}

/* Runs after the whole file was read: [cloud] may follow the section of a schema. */
static void inherit_rows(struct reader *r)
{
	struct conf *conf = r->conf;

	for (size_t i = 0; i < conf->cloud_schema_count; i++) {
		struct conf_rows *rows = &conf->cloud_schemas[i].rows;

		if (!cloud_key_seen(r, i, "loaded_columns"))
			rows->loaded_columns = conf->rows.loaded_columns;
		if (!cloud_key_seen(r, i, "deletes"))
			rows->deletes = conf->rows.deletes;
	}
}

struct conf *conf_load(const char *file)
{
	struct reader r = {.conf = xcalloc(1, sizeof(struct conf))};
	bool optional;

	r.file = choose_file(file, &optional);
	set_defaults(&r);
	r.stream = fopen(r.file, "re");
	if (r.stream != NULL) {
		read_stream(&r);
		fclose(r.stream);
	} else if (!optional || errno != ENOENT) {
		fprintf(stderr, "%s: %s\n", r.file, strerror(errno));
		r.errors++;
	}
	if (r.conf->zone_count == 0)
		default_zones(&r);
	inherit(&r.conf->sync_option_file, r.conf->option_file);
	inherit(&r.conf->admin_option_file, r.conf->option_file);
	inherit_rows(&r);
	free(r.zone_seen);
	free(r.cloud_seen);
	if (r.errors != 0)
		conf_free(&r.conf);
	return r.conf;
}

static void free_zones(struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->zone_count; i++) {
		free(conf->zones[i].name);
		free(conf->zones[i].networks);
	}
	free(conf->zones);
}

static void free_cloud_schemas(struct conf *conf)
{
	for (size_t i = 0; i < conf->cloud_schema_count; i++)
		free(conf->cloud_schemas[i].id);
	free(conf->cloud_schemas);
}

static void free_options(struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->option_count; i++) {
		free(conf->options[i].name);
		free(conf->options[i].value);
	}
	free(conf->options);
}

static bool is_text(const struct key *key)
{
	return key->type == KEY_TEXT || key->type == KEY_MODE || key->type == KEY_LEVEL;
}

void conf_free(struct conf **holder)
{
	struct conf *conf = *holder;
	size_t i;

	if (conf == NULL)
		return;
	for (i = 0; i < KEYS; i++)
		if (is_text(&conf_keys[i])) /* no section with a name has such a key */
			free(*(char **)(void *)((char *)conf + conf_keys[i].offset));
	free(conf->trusted_proxies);
	free_zones(conf);
	free_cloud_schemas(conf);
	free_options(conf);
	free(conf);
	*holder = NULL;
}

const struct conf_rows *conf_rows_of(const struct conf *conf, const char *id)
{
	for (size_t i = 0; i < conf->cloud_schema_count; i++)
		if (strcmp(conf->cloud_schemas[i].id, id) == 0)
			return &conf->cloud_schemas[i].rows;
	return &conf->rows;
}

const char *conf_key_name(size_t n)
{
	static _Thread_local char name[64];

	if (n >= KEYS)
		return NULL;
	snprintf(name, sizeof(name), "%s.%s", conf_keys[n].section, conf_keys[n].name);
	return name;
}
