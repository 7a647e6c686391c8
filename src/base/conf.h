/* SPDX-License-Identifier: MIT */
/*
 * campaign-ingest.conf: one INI file, read with inih against one table of keys
 * (conf_keys in conf.c).  An unknown section or key, a value out of its bounds, or a
 * key given twice stops the start with file and line.  docs/configuration.md and the
 * man page campaign-ingest.conf(5) list every key; a test holds them to that.
 */
#ifndef CAMPAIGN_BASE_CONF_H
#define CAMPAIGN_BASE_CONF_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* A network "192.0.2.0/24" or "2001:db8::/32"; a bare address is a /32 or /128.
 * IPv4 is held as an IPv4-mapped IPv6 address, so that one comparison serves both. */
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

struct conf_option { /* [options]: what GetOption serves besides XtkDatabaseId */
	char *name;
	char *value;
};

struct conf {
	/* [pool] */
	char *socket;	   /* a path, or HOST:PORT; used when no socket is handed over */
	char *socket_mode; /* octal text, "0660" */
	unsigned workers;
	unsigned threads;	    /* request threads per worker */
	unsigned request_timeout_s; /* reading a request, writing an answer */
	unsigned drain_timeout_s;   /* SIGTERM: then workers are killed */
	unsigned max_request_bytes; /* R2.14 */
	unsigned batch_rows;	    /* the writer: rows per statement at most */
	char *pid_file;		    /* "" for none */
	/* [soap] */
	char *instance_name;  /* serverInfo/@instanceName */
	unsigned max_records; /* R7.8 */
	enum conf_cast_mode cast_mode;
	enum conf_unknown_fields unknown_fields;
	enum conf_fault_status fault_http_status;
	char *public_url;	    /* R11.3, without a trailing slash; "": as the client came */
	bool wsdl_requires_session; /* section 11 */
	bool wsdl_legacy_body;
	char *timezone; /* R6.2: zone of date-times without one */
	/* [session] */
	unsigned session_timeout_s; /* R4.3 */
	unsigned security_timeout_s;
	struct network *trusted_proxies; /* R2.16 */
	size_t trusted_proxy_count;
	/* [limits]: R2.13; 0 for no limit */
	unsigned operator_rate; /* calls a second */
	unsigned operator_burst;
	unsigned logon_failures_per_minute;	     /* from one address */
	unsigned operator_logon_failures_per_minute; /* of one login, from wherever */
	/* [zone NAME], any number; none given: the two of 4.5 */
	struct zone *zones;
	size_t zone_count;
	/* [database] */
	char *option_file;	/* MariaDB option file: the logins, in the two groups */
	char *sync_option_file; /* campaign-sync's and campaign-admin's; option_file unless given */
	char *admin_option_file;
	char *ingest_account; /* "user@host" that campaign-admin grants rights to; "": to none */
	char *sync_account;
	char *staging_group;
	char *cloud_group;
	unsigned connect_timeout_s;
	unsigned io_timeout_s;
	/* [cloud] */
	char *cloud_session_variables; /* db/session_variables.h judges it */
	/* [sync] */
	unsigned sync_batch_rows;
	unsigned sync_batch_bytes;
	unsigned sync_jobs;    /* schemas that are moved at a time */
	unsigned history_days; /* runs and ended sessions are kept so long */
	/* [log] */
	char *log_level;
	/* [options] */
	struct conf_option *options;
	size_t option_count;
};

/* Where the programs look unless --config is given; $CAMPAIGN_INGEST_CONF comes before it. */
#define CONF_DEFAULT_FILE SYSCONFDIR "/campaign-ingest/campaign-ingest.conf"

/* Reads FILE (NULL: the default place; there, a missing file means all defaults).
 * Returns NULL after having said on stderr, as "FILE:LINE: ...", what is wrong. */
struct conf *conf_load(const char *file);
void conf_free(struct conf **conf);

/* For the test that holds documentation and sample to the table: prints "section.key"
 * for the Nth key; returns NULL behind the last one. */
const char *conf_key_name(size_t n);

/* Parses one network; -1 if it is none. */
int network_parse(const char *text, struct network *out);
/* Parses an address (v4, v6, v4-mapped) into the form of struct network; -1 if it is none. */
int address_parse(const char *text, struct in6_addr *out);
bool network_contains(const struct network *n, const struct in6_addr *a);

#endif
