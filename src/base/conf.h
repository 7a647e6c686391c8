/* SPDX-License-Identifier: MIT */
/*
 * campaign-ingest.conf: one INI file, read with inih and checked against one table of keys
 * (conf_keys in conf.c).  An unknown section or key, a value out of its bounds, or a
 * key given twice stops the start with file and line.  docs/configuration.md and the
 * man page campaign-ingest.conf(5) list every key; a test compares them with the table.
 */
#ifndef CAMPAIGN_BASE_CONF_H
#define CAMPAIGN_BASE_CONF_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* A network "192.0.2.0/24" or "2001:db8::/32"; an address without a prefix is a /32 or /128.
 * IPv4 is stored as an IPv4-mapped IPv6 address, so that one comparison handles both. */
struct network {
	struct in6_addr address;
	unsigned prefix; /* 0..128 */
};

/* docs/protocol.md 4.5 */
struct zone {
	char *name;
	struct network *networks;
	size_t network_count;
	bool allow_http;
	bool allow_user_password;
	bool session_token_only;
	bool security_token_always;
	bool allow_empty_password;
	bool show_errors;
};

enum conf_cast_mode { CONF_CAST_STRICT, CONF_CAST_LENIENT };		    /* 6.2 */
enum conf_unknown_fields { CONF_UNKNOWN_REFUSE, CONF_UNKNOWN_IGNORE };	    /* R7.5 */
enum conf_fault_status { CONF_FAULT_AUTO, CONF_FAULT_200, CONF_FAULT_500 }; /* R2.11 */

enum conf_deletes { CONF_DELETES_HARD, CONF_DELETES_SOFT };

/* The columns of our own in the cloud tables of a schema: R10.12. */
struct conf_rows {
	bool loaded_columns;
	enum conf_deletes deletes;
};

struct conf_cloud_schema { /* [cloud NS:NAME] */
	char *id;
	struct conf_rows rows; /* what the section does not say is [cloud]'s */
};

struct conf_option { /* [options]: an option that GetOption returns besides XtkDatabaseId */
	char *name;
	char *value;
};

struct conf {
	/* [pool] */
	char *socket;	   /* a path, or HOST:PORT; unused when systemd passes a socket */
	char *socket_mode; /* octal text, "0660" */
	unsigned workers;
	unsigned threads;	    /* request threads per worker */
	unsigned request_timeout_s; /* reading a request, writing an answer */
	unsigned drain_timeout_s;   /* after SIGTERM, before workers are killed */
	unsigned max_request_bytes; /* R2.14 */
	unsigned batch_rows;	    /* the writer's limit of rows in one statement */
	char *pid_file;		    /* "" for none */
	/* [soap] */
	char *instance_name;  /* serverInfo/@instanceName */
	unsigned max_records; /* R7.8 */
	enum conf_cast_mode cast_mode;
	enum conf_unknown_fields unknown_fields;
	enum conf_fault_status fault_http_status;
	char *public_url; /* R11.3, without a trailing slash; "": taken from the request */
	bool wsdl_requires_session; /* section 11 */
	bool wsdl_legacy_body;
	char *timezone; /* R6.2: the zone of date-times that name none */
	/* [session] */
	unsigned session_timeout_s; /* R4.3 */
	unsigned security_timeout_s;
	struct network *trusted_proxies; /* R2.16 */
	size_t trusted_proxy_count;
	/* [limits]: R2.13; 0 for no limit */
	unsigned operator_rate; /* calls a second */
	unsigned operator_burst;
	unsigned logon_failures_per_minute;	     /* from one address */
	unsigned operator_logon_failures_per_minute; /* of one login, from any address */
	/* [zone NAME], any number; if the file has none, the two zones of 4.5 */
	struct zone *zones;
	size_t zone_count;
	/* [database] */
	char *option_file;	/* MariaDB option file with the logins, in the two groups */
	char *sync_option_file; /* campaign-sync's and campaign-admin's; option_file unless given */
	char *admin_option_file;
	char *ingest_account; /* "user@host" that campaign-admin grants rights to; "": none */
	char *sync_account;
	char *staging_group;
	char *cloud_group;
	unsigned connect_timeout_s;
	unsigned io_timeout_s;
	/* [cloud], and [cloud NS:NAME], any number */
	struct conf_rows rows;
	struct conf_cloud_schema *cloud_schemas;
	size_t cloud_schema_count;
	char *cloud_session_variables; /* db/session_variables.h judges it */
	/* [sync] */
	unsigned sync_batch_rows;
	unsigned sync_batch_bytes;
	unsigned sync_jobs;    /* schemas that are replicated at the same time */
	unsigned history_days; /* how long runs and ended sessions are kept */
	/* [log] */
	char *log_level;
	/* [options] */
	struct conf_option *options;
	size_t option_count;
};

/* The file that programs read when neither --config nor $CAMPAIGN_INGEST_CONF names another. */
#define CONF_DEFAULT_FILE SYSCONFDIR "/campaign-ingest/campaign-ingest.conf"

/* The time-out of a session that moves batches: a batch may take longer than a SOAP call may. */
static inline unsigned conf_batch_timeout_s(const struct conf *conf)
{
	return conf->io_timeout_s * 10;
}

/* Reads FILE; for NULL the file that $CAMPAIGN_INGEST_CONF names, or else CONF_DEFAULT_FILE.  Only
 * the last may be missing; then every key has its default.  If the file is invalid, prints each
 * error on stderr as "FILE:LINE: ..." and returns NULL. */
struct conf *conf_load(const char *file);
void conf_free(struct conf **conf);

/* The settings of the schema ID, such as "dem:sampleTable"; never NULL. */
const struct conf_rows *conf_rows_of(const struct conf *conf, const char *id);

/* Returns "section.key" of the Nth key, or NULL behind the last one.  The test that compares
 * documentation and sample with the table uses it. */
const char *conf_key_name(size_t n);

/* Parses one network; returns -1 if TEXT is not one. */
int network_parse(const char *text, struct network *out);
/* Parses an address (v4, v6, v4-mapped) into the form of struct network; returns -1 if TEXT is
 * not one. */
int address_parse(const char *text, struct in6_addr *out);
bool network_contains(const struct network *n, const struct in6_addr *a);

#endif
