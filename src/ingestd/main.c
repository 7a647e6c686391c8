/* SPDX-License-Identifier: MIT */
/*
 * campaign-ingestd: the FastCGI daemon that answers SOAP calls and writes staging tables.  Stays in
 * the foreground.  Exit status: 0 done, 1 failed, 2 usage error.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "db/db.h"
#include "ingestd/listen.h"
#include "ingestd/options.h"
#include "ingestd/supervisor.h"
#include "schema/cast.h"

#define EXIT_USAGE 2

/* Each place in the code may log this many lines at once, and then one per second.  A flood of
 * failing calls then writes about 15 MB per day and worker. */
#define LINES_AT_ONCE 200

static void open_log(const struct conf *conf)
{
	enum log_level level = LOG_LEVEL_INFO;

	log_level_parse(conf->log_level, &level); /* conf_load has checked it */
	log_open("campaign-ingestd", level);
	log_limit(LINES_AT_ONCE);
}

static int report_ok(const char *file)
{
	const char *environment = getenv("CAMPAIGN_INGEST_CONF");

	if (file == NULL)
		file =
		    environment != NULL && *environment != '\0' ? environment : CONF_DEFAULT_FILE;
	printf("configuration %s is fine\n", file);
	return EXIT_SUCCESS;
}

static int run(const struct options *options, struct conf **conf)
{
	struct listener listener;
	int status;

	if (cast_init((*conf)->timezone) < 0 ||
	    !db_session_variables_valid((*conf)->cloud_session_variables))
		return EXIT_FAILURE;
	if (options->test_config)
		return report_ok(options->config_file);
	if (listener_open(&listener, options->socket, *conf) < 0)
		return EXIT_FAILURE;
	status = supervisor_run(&listener, options->config_file, conf);
	listener_close(&listener);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct conf *conf;
	int status;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		return EXIT_SUCCESS;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_RUN:
		break;
	}
	conf = conf_load(options.config_file);
	if (conf == NULL)
		return EXIT_FAILURE; /* conf_load has logged why */
	open_log(conf);
	status = run(&options, &conf);
	conf_free(&conf);
	return status;
}
