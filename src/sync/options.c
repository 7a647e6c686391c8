/* SPDX-License-Identifier: MIT */
/* Parses the command line and refuses unknown options. */
#include "config.h"

#include "sync/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sync/lanes.h"

#define BATCH_MAX     1000000
#define RANGE_MAX     10000000
#define RANGE_DEFAULT 10000

static const char usage[] =
    "usage: campaign-sync [OPTION]...\n"
    "       campaign-sync --verify [OPTION]...\n"
    "Moves what is staged to the cloud database, once; or compares tables.\n"
    "\n"
    "  --config FILE     configuration (default: $CAMPAIGN_INGEST_CONF, else " SYSCONFDIR
    "/campaign-ingest/campaign-ingest.conf)\n"
    "  --schema NS:NAME  only this schema; may be given several times\n"
    "  --if-requested    only what callers have asked for; nothing, if they have not\n"
    "  --dry-run         say what would be merged, change nothing\n"
    "  --batch ROWS      changes per transaction at most\n"
    "  --jobs N          schemas that are moved at a time, at most\n"
    "  --quiet           errors only\n"
    "  --json            the summary as one JSON object\n"
    "  --help            this text\n"
    "  --version\n"
    "\n"
    "  --verify          compare the reference tables of staging with the cloud's; change nothing\n"
    "  --against GROUP   compare the cloud's tables with another database: this group of the\n"
    "                    option file\n"
    "  --export FILE     write row counts and checksums of the cloud's tables to FILE\n"
    "  --against-export FILE  compare the cloud's tables with what was written there\n"
    "  --range ROWS      rows that one checksum is for (default: 10000)\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage error, 3 some records were rejected,\n"
    "4 another run holds the lock.  With --verify: 0 nothing differs, 1 something differs or\n"
    "could not be compared.\n";

enum {
	OPT_CONFIG = 256,
	OPT_SCHEMA,
	OPT_IF_REQUESTED,
	OPT_DRY_RUN,
	OPT_BATCH,
	OPT_JOBS,
	OPT_QUIET,
	OPT_JSON,
	OPT_VERIFY,
	OPT_AGAINST,
	OPT_AGAINST_EXPORT,
	OPT_EXPORT,
	OPT_RANGE,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
    {"against", required_argument, NULL, OPT_AGAINST},
    {"against-export", required_argument, NULL, OPT_AGAINST_EXPORT},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"export", required_argument, NULL, OPT_EXPORT},
    {"help", no_argument, NULL, OPT_HELP},
    {"if-requested", no_argument, NULL, OPT_IF_REQUESTED},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"json", no_argument, NULL, OPT_JSON},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"range", required_argument, NULL, OPT_RANGE},
    {"schema", required_argument, NULL, OPT_SCHEMA},
    {"verify", no_argument, NULL, OPT_VERIFY},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static bool wrong_usage(int *status)
{
	fputs("Try 'campaign-sync --help'.\n", stderr);
	*status = SYNC_USAGE;
	return false;
}

static int read_number(const char *option, const char *text, unsigned most, unsigned *out)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value == 0 ||
	    value > most) {
		fprintf(stderr, "campaign-sync: --%s takes a number from 1 to %u\n", option, most);
		return -1;
	}
	*out = (unsigned)value;
	return 0;
}

/* Returns true if the program continues. */
static bool take_verify(struct options *o, int option, int *status)
{
	switch (option) {
	case OPT_VERIFY:
		o->verify = true;
		return true;
	case OPT_AGAINST:
		o->against = optarg;
		return true;
	case OPT_AGAINST_EXPORT:
		o->against_export = optarg;
		return true;
	case OPT_EXPORT:
		o->export_to = optarg;
		return true;
	case OPT_RANGE:
		return read_number("range", optarg, RANGE_MAX, &o->range_rows) == 0 ||
		       wrong_usage(status);
	default:
		return wrong_usage(status); /* getopt_long has printed the error */
	}
}

static bool take(struct options *o, int option, int *status)
{
	switch (option) {
	case OPT_CONFIG:
		o->config = optarg;
		return true;
	case OPT_SCHEMA:
		o->schemas[o->schema_count++] = optarg;
		return true;
	case OPT_IF_REQUESTED:
		o->if_requested = true;
		return true;
	case OPT_DRY_RUN:
		o->dry_run = true;
		return true;
	case OPT_BATCH:
		return read_number("batch", optarg, BATCH_MAX, &o->batch_rows) == 0 ||
		       wrong_usage(status);
	case OPT_JOBS:
		return read_number("jobs", optarg, LANES_MAX, &o->jobs) == 0 || wrong_usage(status);
	case OPT_QUIET:
		o->quiet = true;
		return true;
	case OPT_JSON:
		o->json = true;
		return true;
	case OPT_HELP:
		fputs(usage, stdout);
		*status = SYNC_DONE;
		return false;
	case OPT_VERSION:
		puts("campaign-sync (" PACKAGE_NAME ") " PACKAGE_VERSION);
		*status = SYNC_DONE;
		return false;
	default:
		return take_verify(o, option, status);
	}
}

/* Returns NULL, or the reason why the options contradict each other. */
static const char *contradiction(const struct options *o)
{
	bool for_verify = o->against != NULL || o->against_export != NULL || o->export_to != NULL ||
			  o->range_rows > 0;

	if (o->if_requested && (o->dry_run || o->schema_count > 0))
		return "--if-requested goes with neither --schema nor --dry-run";
	if (o->verify && (o->if_requested || o->dry_run || o->batch_rows > 0 || o->jobs > 0))
		return "--verify goes with none of --if-requested, --dry-run, --batch and --jobs";
	if (!o->verify && for_verify)
		return "--against, --against-export, --export and --range go with --verify only";
	if ((o->against != NULL) + (o->against_export != NULL) + (o->export_to != NULL) > 1)
		return "of --against, --against-export and --export only one is possible";
	if (o->against_export != NULL && o->range_rows > 0)
		return "--range does not go with --against-export: the export has ranges already";
	return NULL;
}

bool options_read(struct options *o, int argc, char **argv, int *status)
{
	const char *wrong;
	int option;

	*o = (struct options){0};
	o->schemas = xcalloc((size_t)argc + 1, sizeof(*o->schemas));
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!take(o, option, status))
			return false;
	}
	if (optind < argc) {
		fprintf(stderr, "campaign-sync: '%s' is not an option\n", argv[optind]);
		return wrong_usage(status);
	}
	if ((wrong = contradiction(o)) != NULL) {
		fprintf(stderr, "campaign-sync: %s\n", wrong);
		return wrong_usage(status);
	}
	if (o->range_rows == 0)
		o->range_rows = RANGE_DEFAULT;
	return true;
}

void options_free(struct options *o)
{
	free(o->schemas);
	o->schemas = NULL;
}
