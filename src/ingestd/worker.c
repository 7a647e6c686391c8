/* SPDX-License-Identifier: MIT */
/*
 * Creates the objects and threads of one worker, then waits in its main thread for signals and for
 * the end of the supervisor.  While the database is away, the worker runs and refuses calls with a
 * fault.
 */
#include "config.h"

#include "ingestd/worker.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/conf_ref.h"
#include "ingestd/pool.h"
#include "ingestd/refresher.h"
#include "session/token.h"

/* A call that no transaction has taken by then is refused: the client library gives up after 5 s
 * (R2.15), and needs to know the outcome of its call.  The rest of the 5 s is for the commit and
 * for the wait for a request thread. */
#define WRITER_WAIT_MS 3000

/* The same for a password check that has not started; the check itself takes further time. */
#define PASSWORD_WAIT_MS 2000

/* The interval in which calls that have waited too long are expired. */
#define EXPIRE_MS 100

/* The daemon's upper limits of connect_timeout_s and io_timeout_s, for the same reason.
 * Transactions of the writer may take longer; the writer cuts them itself if they do not end in
 * time. */
#define CONNECT_LIMIT_S	  2
#define IO_LIMIT_S	  2
#define WRITER_IO_LIMIT_S 5

/* The drain time after the supervisor has ended: long enough for ordinary calls, and short enough
 * not to disturb the next supervisor. */
#define ORPHAN_DRAIN_MS 1500

struct worker {
	const struct worker_start *start;
	struct conf_ref *conf_ref;
	const struct conf *conf; /* the first configuration: the members below borrow its strings */
	struct db_login staging;
	struct api api;
	struct refresher *refresher;
	struct completions *commits, *passwords;
	struct pool *pool;
	int signal_fd;
	bool draining;
	bool orphaned;
	int64_t deadline_ms; /* while draining */
	char node[256];
	char context[32];
};

/* --- beginning and end ------------------------------------------------------------------- */

/* FCGX_Init sets its own signal handlers, even for an ignored SIGPIPE. */
static int signals_open(struct worker *w)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signal_fd < 0 ? -1 : 0;
}

static int libraries_init(struct worker *w)
{
	if (FCGX_Init() != 0) {
		log_error("libfcgi cannot be initialised");
		return -1;
	}
	if (signals_open(w) < 0) {
		log_errno("signals");
		return -1;
	}
	if (token_init() < 0) {
		log_error("libsodium cannot be initialised");
		return -1;
	}
	if (db_library_init() < 0) {
		log_error("the MariaDB client library cannot be initialised");
		return -1;
	}
	return 0;
}

static unsigned at_most(unsigned seconds, unsigned limit)
{
	return seconds < limit ? seconds : limit;
}

static void api_init(struct worker *w)
{
	const struct conf *conf = w->conf;

	w->staging = (struct db_login){.option_file = conf->option_file,
				       .group = conf->staging_group,
				       .label = "staging",
				       .connect_timeout_s =
					   at_most(conf->connect_timeout_s, CONNECT_LIMIT_S),
				       .io_timeout_s = at_most(conf->io_timeout_s, IO_LIMIT_S)};
	if (gethostname(w->node, sizeof(w->node) - 1) < 0)
		snprintf(w->node, sizeof(w->node), "localhost");
	w->api = (struct api){.conf = w->conf_ref,
			      .registry = registry_slot_new(),
			      .shared = shared_session_new(&w->staging),
			      .limits = w->start->limits,
			      .version = PACKAGE_VERSION,
			      .node = w->node,
			      .no_staging = !db_login_configured(&w->staging)};
	if (w->api.no_staging)
		log_error("no staging database is configured: group [%s] of %s",
			  conf->staging_group, conf->option_file);
	w->api.sessions = sessions_new(w->api.shared);
}

static void password_checked(void *context, struct completion *node)
{
	node->next = NULL;
	completions_push(context, node);
	completions_notify(context);
}

/* Starts the pool last, so that it can answer the connections that it accepts. */
static int threads_start(struct worker *w)
{
	struct writer_options writer = {.login = w->staging,
					.batch_rows = w->conf->batch_rows,
					.wait_limit_ms = WRITER_WAIT_MS,
					.done = completions_push,
					.notify = completions_notify};
	struct password_worker_options passwords = {
	    .login = w->staging, .wait_limit_ms = PASSWORD_WAIT_MS, .done = password_checked};
	struct pool_options pool = {.listen_fd = w->start->listen_fd,
				    .listen_ours = w->start->listen_ours,
				    .threads = w->conf->threads,
				    .worker = w->start->number,
				    .api = &w->api};

	writer.login.io_timeout_s = at_most(w->conf->io_timeout_s, WRITER_IO_LIMIT_S);
	w->commits = completions_new();
	w->passwords = completions_new();
	if (w->commits == NULL || w->passwords == NULL)
		return -1;
	writer.context = pool.commits = w->commits;
	passwords.context = pool.passwords = w->passwords;
	w->refresher = refresher_start(&w->staging, w->api.sessions, w->api.registry);
	if (w->refresher == NULL)
		return -1;
	w->api.passwords = password_worker_start(&passwords);
	if (w->api.passwords == NULL)
		return -1;
	w->api.writer = writer_new(&writer);
	w->pool = pool_start(&pool);
	return w->pool == NULL ? -1 : 0;
}

/* Stops the request threads first, then the threads that complete requests; after that nothing else
 * is in use. */
static void worker_end(struct worker *w)
{
	pool_stop(&w->pool);
	password_worker_stop(&w->api.passwords);
	writer_free(&w->api.writer);
	completions_free(&w->passwords);
	completions_free(&w->commits);
	refresher_stop(&w->refresher);
	sessions_free(&w->api.sessions);
	registry_slot_free(&w->api.registry);
	shared_session_free(&w->api.shared);
	db_library_end();
	if (w->signal_fd >= 0)
		close(w->signal_fd);
	conf_ref_put(w->conf_ref, w->conf);
	conf_ref_free(&w->conf_ref);
}

static void report_ready(struct worker *w)
{
	int pid = (int)getpid();

	if (write(w->start->ready_fd, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		log_errno("supervisor"); /* it has ended; the lifeline reports that next */
	close(w->start->ready_fd);
}

/* --- signals and supervisor ------------------------------------------------------------- */

static void reload(struct worker *w)
{
	const struct conf *now = conf_ref_get(w->conf_ref);
	struct conf *next = conf_reload(w->start->config_file, now);
	enum log_level level;

	conf_ref_put(w->conf_ref, now);
	if (next == NULL) {
		log_error("the configuration has errors now: the old one remains in use");
	} else {
		if (log_level_parse(next->log_level, &level) == 0)
			log_set_level(level);
		conf_ref_set(w->conf_ref, next);
	}
	refresher_refresh_now(w->refresher);
}

static void drain(struct worker *w, int64_t limit_ms)
{
	int64_t deadline_ms = clock_monotonic_ms() + limit_ms;

	if (!w->draining || deadline_ms < w->deadline_ms)
		w->deadline_ms = deadline_ms;
	w->draining = true;
	pool_drain(w->pool);
}

static void terminate(struct worker *w)
{
	const struct conf *conf = conf_ref_get(w->conf_ref);
	int64_t limit_ms = (int64_t)conf->drain_timeout_s * 1000;

	conf_ref_put(w->conf_ref, conf);
	drain(w, limit_ms);
}

static void take_signals(struct worker *w)
{
	struct signalfd_siginfo info;

	while (read(w->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(w);
			break;
		case SIGUSR1:
			pool_retire(w->pool);
			break;
		default:
			terminate(w);
		}
	}
}

static void supervisor_gone(struct worker *w)
{
	w->orphaned = true;
	log_warn("the supervisor has ended: this worker ends too");
	drain(w, ORPHAN_DRAIN_MS);
}

/* The time until the next writer_expire, or until the end of the drain. */
static int wait_limit_ms(const struct worker *w)
{
	int64_t left_ms = w->deadline_ms - clock_monotonic_ms();

	if (!w->draining || left_ms > EXPIRE_MS)
		return EXPIRE_MS;
	return left_ms < 0 ? 0 : (int)left_ms;
}

static bool deadline_is_over(const struct worker *w)
{
	return w->draining && clock_monotonic_ms() >= w->deadline_ms;
}

/* False: calls were not answered by the deadline. */
static bool wait_for_end(struct worker *w)
{
	struct pollfd fds[] = {
	    {.fd = w->signal_fd, .events = POLLIN},
	    {.fd = pool_empty_fd(w->pool), .events = POLLIN},
	    {.fd = w->start->lifeline_fd, .events = POLLIN},
	};

	for (;;) {
		int n = poll(fds, w->orphaned ? 2 : 3, wait_limit_ms(w));

		writer_expire(w->api.writer);
		if (n < 0)
			continue; /* EINTR from a debugger: all our signals are blocked */
		if (n == 0 && deadline_is_over(w))
			return false;
		if (fds[1].revents != 0)
			return true;
		if (fds[0].revents != 0)
			take_signals(w);
		if (fds[2].revents != 0 && !w->orphaned)
			supervisor_gone(w);
	}
}

/* --- the worker -------------------------------------------------------------------------- */

int worker_run(const struct worker_start *start)
{
	struct worker w = {.start = start, .signal_fd = -1};
	int status = EXIT_FAILURE;

	snprintf(w.context, sizeof(w.context), "worker %u", start->number);
	log_set_context(w.context);
	w.conf_ref = conf_ref_new(start->conf);
	w.conf = conf_ref_get(w.conf_ref);
	if (libraries_init(&w) < 0)
		goto out;
	api_init(&w);
	if (threads_start(&w) < 0)
		goto out;
	report_ready(&w);
	log_info("ready, %u request threads", w.conf->threads);
	if (!wait_for_end(&w)) {
		log_error("%zu connections are cut off: their calls did not end in time",
			  pool_connections(w.pool));
		_exit(EXIT_FAILURE); /* threads still run, so nothing can be freed */
	}
	status = EXIT_SUCCESS;
out:
	worker_end(&w);
	return status;
}
