/* SPDX-License-Identifier: MIT */
/* campaign-admin: administers campaign-ingest. The table lists the commands; each family of
 * commands has a file. */
#include "config.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "base/log.h"
#include "schema/cast.h"
#include "session/token.h"

struct command {
	const char *group;
	const char *verb; /* NULL: the command consists of the group alone */
	int (*run)(struct admin *a, int argc, char **argv);
	const char *usage;
	const char *help;
};

static const struct command commands[] = {
    {"db", "init", db_init_command, "",
     "make the tables, the server's secret and the built-in schemas"},
    {"db", "upgrade", db_upgrade_command, "", "apply the migrations of a newer version"},
    {"db", "compact", db_compact_command, "[NS:NAME]",
     "give back the space that staging logs no longer use"},
    {"db", "grants", db_grants_command, "[INGEST-ACCOUNT [SYNC-ACCOUNT]]",
     "print the rights that campaign-ingestd and campaign-sync need"},
    {"schema", "deploy", schema_deploy_command, "FILE...",
     "check, compile and publish source schemas"},
    {"schema", "list", schema_list_command, "", "deployed schemas"},
    {"schema", "show", schema_show_command, "NS:NAME", "the source of a schema"},
    {"operator", "add", operator_add_command,
     "LOGIN [--right RIGHT[=NS:NAME|=NS:*]]... [--label TEXT] [--zone NAME]\n"
     "                                [--password-stdin|--no-password]",
     "create an operator"},
    {"operator", "list", operator_list_command, "", "operators and their rights"},
    {"operator", "disable", operator_disable_command, "LOGIN",
     "disable an operator and end its sessions"},
    {"operator", "enable", operator_enable_command, "LOGIN", "re-enable an operator"},
    {"operator", "grant", operator_grant_command, "LOGIN --right RIGHT[=...]...", "add rights"},
    {"operator", "revoke", operator_revoke_command, "LOGIN --right RIGHT[=...]...",
     "remove rights"},
    {"operator", "passwd", operator_passwd_command, "LOGIN [--password-stdin]",
     "set a new password"},
    {"operator", "token", operator_token_command, "LOGIN",
     "issue a Bearer token and print it, once"},
    {"pending", NULL, pending_command, "[NS:NAME]",
     "changes that are staged and not replicated yet"},
    {"rejects", "retry", rejects_retry_command, "[NS:NAME]",
     "queue rejected changes for the next run"},
    {"rejects", "drop", rejects_drop_command, "ID...", "discard rejected changes permanently"},
    {"rejects", NULL, rejects_command, "[NS:NAME]", "changes that the cloud database refused"},
    {"service", "add", service_add_command,
     "NAME [--label TEXT] [--folder NAME]\n"
     "                                [--type email|sms|phone|mail|fax]",
     "create an information service"},
    {"service", "list", service_list_command, "", "information services"},
    {"service", "remove", service_remove_command, "NAME", "remove an information service"},
    {"folder", "add", folder_add_command, "NAME [--label TEXT]", "create a folder"},
    {"folder", "list", folder_list_command, "", "folders"},
    {"folder", "remove", folder_remove_command, "NAME", "remove an empty folder"},
    {"sessions", "end", sessions_end_command, "ID...|--operator LOGIN|--all",
     "end sessions, within a second"},
    {"sessions", NULL, sessions_command, "", "open sessions"},
    {"secret", "rotate", secret_rotate_command, "",
     "generate a new signing secret; security tokens of open sessions end"},
    {"audit", NULL, audit_command, "[--since TIME]", "the latest 1000 administrative changes"},
    {"runs", NULL, runs_command, "", "the last replication runs"},
    {"status", NULL, status_command, "", "databases, backlog, rejects, last run"},
};

static void print_usage(FILE *out)
{
	fputs("usage: campaign-admin [--config FILE] [--json] COMMAND\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];
		char words[160];

		snprintf(words, sizeof(words), "%s%s%s %s", c->group, c->verb ? " " : "",
			 c->verb ? c->verb : "", c->usage);
		fprintf(out, "  %-44s %s\n", words, c->help);
	}
	fputs("\nRIGHT is admin, ingest, subscribe or replicate; without \"=\" it covers every "
	      "schema.\n"
	      "--json prints lists as JSON.  --help, --version.  Exit: 0 done, 1 failed, 2 usage "
	      "error.\n",
	      out);
}

static const struct command *find_command(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];

		if (argc < 1 || strcmp(argv[0], c->group) != 0)
			continue;
		if (c->verb == NULL) {
			*words = 1;
			return c;
		}
		if (argc > 1 && strcmp(argv[1], c->verb) == 0) {
			*words = 2;
			return c;
		}
	}
	return NULL;
}

/* Accepts --json at any position, so that "rejects --json" works. */
static int take_json(int argc, char **argv, bool *json)
{
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			*json = true;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{NULL, 0, NULL, 0}};
	struct admin a = {NULL, false};
	const char *file = NULL;
	const struct command *c;
	struct conf *conf;
	int option, words = 0, status;

	argc = take_json(argc, argv, &a.json);
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 'h':
			print_usage(stdout);
			return ADMIN_DONE;
		case 'V':
			puts("campaign-admin " PACKAGE_VERSION);
			return ADMIN_DONE;
		default:
			print_usage(stderr);
			return ADMIN_USAGE;
		}
	}
	if ((c = find_command(argc - optind, argv + optind, &words)) == NULL) {
		if (optind < argc)
			admin_complain("there is no command \"%s%s%s\"", argv[optind],
				       optind + 1 < argc ? " " : "",
				       optind + 1 < argc ? argv[optind + 1] : "");
		print_usage(stderr);
		return ADMIN_USAGE;
	}
	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters in tables */
	log_open("campaign-admin", LOG_LEVEL_WARN);
	if ((conf = conf_load(file)) == NULL)
		return ADMIN_FAILED; /* conf_load has printed the reason */
	if (!db_session_variables_valid(conf->cloud_session_variables) || token_init() < 0 ||
	    db_library_init() < 0 || cast_init(conf->timezone) < 0) {
		conf_free(&conf);
		return ADMIN_FAILED;
	}
	a.conf = conf;
	status = c->run(&a, argc - optind - words, argv + optind + words);
	if (status == ADMIN_USAGE)
		fprintf(stderr, "usage: campaign-admin %s%s%s %s\n", c->group, c->verb ? " " : "",
			c->verb ? c->verb : "", c->usage);
	db_library_end();
	conf_free(&conf);
	return status;
}
