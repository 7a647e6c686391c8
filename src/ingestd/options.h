/* SPDX-License-Identifier: MIT */
/* The command line of campaign-ingestd. */
#ifndef CAMPAIGN_INGESTD_OPTIONS_H
#define CAMPAIGN_INGESTD_OPTIONS_H

#include <stdbool.h>

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

struct options {
	const char *config_file; /* NULL: the default file */
	const char *socket;	 /* NULL: the configured one */
	bool test_config;
};

/* OPTIONS_DONE: --help or --version was answered.  OPTIONS_WRONG: the error is on stderr. */
enum options_result options_parse(int argc, char **argv, struct options *out);

#endif
