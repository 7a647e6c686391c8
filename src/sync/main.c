/* SPDX-License-Identifier: MIT */
/* campaign-sync: one run moves the staged changes to the cloud database, or compares tables. */
#include "config.h"

#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "db/db.h"
#include "sync/interrupt.h"
#include "sync/options.h"
#include "sync/run.h"
#include "sync/verify.h"

/* The limit of malloc arenas. A batch is passed between threads, so one arena per thread would
 * need half as much memory again and be no faster. */
#define HEAPS 2

static void open_log(const struct conf *conf, const struct options *options)
{
	enum log_level level = LOG_LEVEL_INFO;

	log_level_parse(conf->log_level, &level); /* conf_load has validated it */
	log_open("campaign-sync", options->quiet ? LOG_LEVEL_ERROR : level);
}

int main(int argc, char **argv)
{
	struct conf *conf = NULL;
	struct options options;
	int status = SYNC_FAILED;

	if (!options_read(&options, argc, argv, &status))
		goto out;
	if ((conf = conf_load(options.config)) == NULL)
		goto out; /* conf_load has logged the reason */
	open_log(conf, &options);
	mallopt(M_ARENA_MAX, HEAPS);
	if (!db_session_variables_valid(conf->cloud_session_variables))
		goto out;
	if (sodium_init() < 0 || db_library_init() < 0)
		goto out;
	interrupt_install();
	if (options.verify)
		status = verify_run(conf, &options);
	else
		status = run_sync(conf, &options);
	db_library_end();
out:
	conf_free(&conf);
	options_free(&options);
	return status;
}
