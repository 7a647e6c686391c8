/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line.  Refuses unknown options and arguments that are not options.
 */
#include "config.h"

#include "ingestd/options.h"

#include <getopt.h>
#include <stdio.h>

static const char usage_text[] =
    "usage: campaign-ingestd [--config FILE] [--test-config] [--socket PATH|HOST:PORT]\n"
    "\n"
    "Answers SOAP calls over FastCGI and writes the staging tables.\n"
    "\n"
    "      --config FILE   read FILE instead of the default configuration\n"
    "      --test-config   check the configuration and exit\n"
    "      --socket WHERE  listen on this path or HOST:PORT instead of the configured one;\n"
    "                      a listening socket on fd 0 or from systemd overrides both\n"
    "      --help          show this text and exit\n"
    "      --version       show the version and exit\n";

enum { OPT_CONFIG = 1, OPT_TEST_CONFIG, OPT_SOCKET, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"test-config", no_argument, NULL, OPT_TEST_CONFIG},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static enum options_result wrong(void)
{
	fputs("Try 'campaign-ingestd --help'.\n", stderr);
	return OPTIONS_WRONG;
}

enum options_result options_parse(int argc, char **argv, struct options *out)
{
	struct options options = {0};
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_CONFIG:
			options.config_file = optarg;
			break;
		case OPT_TEST_CONFIG:
			options.test_config = true;
			break;
		case OPT_SOCKET:
			options.socket = optarg;
			break;
		case OPT_HELP:
			fputs(usage_text, stdout);
			return OPTIONS_DONE;
		case OPT_VERSION:
			puts("campaign-ingestd " PACKAGE_VERSION);
			return OPTIONS_DONE;
		default: /* getopt_long has reported the error */
			return wrong();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "campaign-ingestd: unexpected argument '%s'\n", argv[optind]);
		return wrong();
	}
	*out = options;
	return OPTIONS_RUN;
}
