/* SPDX-License-Identifier: MIT */
/*
 * Starts the workers, replaces workers that end, and passes signals on.
 *
 * SIGTERM, SIGINT   stop: workers answer the calls in progress; a worker that takes too long is
 *                   killed
 * SIGHUP            reload: if the configuration is correct, pass the signal on and adapt the
 *                   number of workers
 *
 * Signals are blocked, and are read from a signalfd at the one point where the loop waits.
 */
#include "config.h"

#include "ingestd/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/conf_ref.h"
#include "ingestd/notify.h"
#include "ingestd/worker.h"
#include "session/limits.h"

/* A worker that ends earlier than this counts as one that cannot start. */
#define MIN_UPTIME_MS  1000
#define BACKOFF_MIN_MS 500
#define BACKOFF_MAX_MS 30000

/* Workers keep to drain_timeout_s themselves; this is the extra time before one that does not is
 * killed. */
#define KILL_GRACE_MS 2000

struct slot {
	unsigned number;
	pid_t pid; /* 0: not running */
	bool ready;
	bool retiring; /* when it ends it is not replaced, and its slot is removed */
	int64_t started_ms;
	int64_t due_ms;	    /* while not running: the time of the next start */
	int64_t backoff_ms; /* the delay before the next start; 0: start at once */
};

struct supervisor {
	struct listener *listener;
	const char *config_file;
	struct conf **conf;    /* owned by main; the newest correct configuration */
	struct limits *limits; /* shared by the workers; not used here */
	struct slot *slots;    /* changed in start_worker, reap and adapt only */
	size_t slot_count;
	int signal_fd;
	int lifeline[2]; /* workers read; only the supervisor has the write end */
	int ready[2];
	int watchdog_ms; /* -1: no watchdog */
	bool announced;
	bool stopping;
	int64_t kill_ms; /* while stopping */
	bool child_ended, reload_wanted, stop_wanted;
};

/* --- workers ------------------------------------------------------------------------------ */

/* Runs in the child.  The child shares no thread and no lock, so exit() is safe, and leak checkers
 * report at exit. */
static _Noreturn void become_worker(struct supervisor *s, unsigned number)
{
	const struct worker_start start = {.number = number,
					   .listen_fd = s->listener->fd,
					   .listen_ours = s->listener->ours,
					   .lifeline_fd = s->lifeline[0],
					   .ready_fd = s->ready[1],
					   .config_file = s->config_file,
					   .conf = *s->conf,
					   .limits = s->limits};

	close(s->signal_fd);
	close(s->lifeline[1]); /* otherwise no worker would see the end of the supervisor */
	close(s->ready[0]);
	exit(worker_run(&start));
}

static void start_worker(struct supervisor *s, struct slot *slot)
{
	pid_t pid = fork();

	if (pid == 0)
		become_worker(s, slot->number);
	slot->started_ms = clock_monotonic_ms();
	if (pid < 0) {
		log_errno("worker %u cannot be forked", slot->number);
		slot->due_ms = slot->started_ms + BACKOFF_MIN_MS;
		return;
	}
	slot->pid = pid;
	slot->ready = false;
}

static void start_due(struct supervisor *s)
{
	int64_t now_ms = clock_monotonic_ms();
	size_t i;

	for (i = 0; i < s->slot_count; i++)
		if (s->slots[i].pid == 0 && s->slots[i].due_ms <= now_ms)
			start_worker(s, &s->slots[i]);
}

static void signal_all(struct supervisor *s, int signo)
{
	size_t i;

	for (i = 0; i < s->slot_count; i++)
		if (s->slots[i].pid != 0)
			kill(s->slots[i].pid, signo);
}

static size_t running(const struct supervisor *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->slot_count; i++)
		n += s->slots[i].pid != 0;
	return n;
}

static void log_end(const struct slot *slot, int status)
{
	unsigned n = slot->number;

	if (WIFSIGNALED(status))
		log_error("worker %u (pid %d) was killed by signal %d (%s)%s", n, (int)slot->pid,
			  WTERMSIG(status), strsignal(WTERMSIG(status)),
			  WCOREDUMP(status) ? ", core dumped" : "");
	else if (WEXITSTATUS(status) != 0)
		log_error("worker %u (pid %d) ended with status %d", n, (int)slot->pid,
			  WEXITSTATUS(status));
	else
		log_info("worker %u (pid %d) ended", n, (int)slot->pid);
}

/* The first replacement starts at once, so that a crash costs little capacity.  If replacements end
 * early too, the delay doubles each time. */
static void plan_restart(struct slot *slot)
{
	int64_t now_ms = clock_monotonic_ms();

	if (!slot->ready)
		log_error("worker %u failed while it started, because of its configuration or its "
			  "environment: see the messages above",
			  slot->number);
	if (slot->ready && now_ms - slot->started_ms >= MIN_UPTIME_MS)
		slot->backoff_ms = 0;
	slot->due_ms = now_ms + slot->backoff_ms;
	if (slot->backoff_ms > 0)
		log_info("worker %u starts again in %.1f s", slot->number,
			 (double)slot->backoff_ms / 1000);
	slot->backoff_ms = slot->backoff_ms == 0 ? BACKOFF_MIN_MS : slot->backoff_ms * 2;
	if (slot->backoff_ms > BACKOFF_MAX_MS)
		slot->backoff_ms = BACKOFF_MAX_MS;
}

static void remove_slot(struct supervisor *s, size_t i)
{
	s->slots[i] = s->slots[--s->slot_count];
}

static void worker_ended(struct supervisor *s, pid_t pid, int status)
{
	size_t i;

	for (i = 0; i < s->slot_count && s->slots[i].pid != pid; i++)
		;
	if (i == s->slot_count)
		return; /* not a child of ours: it was started before this program was executed */
	log_end(&s->slots[i], status);
	s->slots[i].pid = 0;
	if (s->slots[i].retiring)
		remove_slot(s, i);
	else if (!s->stopping)
		plan_restart(&s->slots[i]);
}

static void reap(struct supervisor *s)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		worker_ended(s, pid, status);
}

/* Marks the workers that can answer.  Must come before reap: a worker may report readiness and
 * end. */
static void take_ready(struct supervisor *s)
{
	size_t i;
	int pid;

	while (read(s->ready[0], &pid, sizeof(pid)) == (ssize_t)sizeof(pid))
		for (i = 0; i < s->slot_count; i++)
			if (s->slots[i].pid == pid)
				s->slots[i].ready = true;
	for (i = 0; i < s->slot_count && !s->announced; i++) {
		if (s->slots[i].ready) {
			notify_ready((*s->conf)->workers);
			s->announced = true;
		}
	}
}

/* --- reload ------------------------------------------------------------------------------- */

static unsigned free_number(const struct supervisor *s)
{
	unsigned number = 1;
	size_t i = 0;

	while (i < s->slot_count) {
		if (s->slots[i].number == number) {
			number++;
			i = 0;
		} else {
			i++;
		}
	}
	return number;
}

static void add_slot(struct supervisor *s)
{
	unsigned number = free_number(s);

	s->slots = xrealloc(s->slots, s->slot_count + 1, sizeof(*s->slots));
	s->slots[s->slot_count++] = (struct slot){.number = number};
}

/* Drops no call: a retiring worker ends when the web server has closed the last of its connections.
 * A worker that is not running has none. */
static void retire(struct supervisor *s, size_t i)
{
	s->slots[i].retiring = true;
	if (s->slots[i].pid != 0)
		kill(s->slots[i].pid, SIGUSR1);
	else
		remove_slot(s, i);
}

/* Adapts the number of workers to the configuration.  Retiring workers do not count. */
static void adapt(struct supervisor *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->slot_count; i++)
		n += !s->slots[i].retiring;
	for (; n < (*s->conf)->workers; n++)
		add_slot(s);
	for (i = s->slot_count; i-- > 0 && n > (*s->conf)->workers;) {
		if (!s->slots[i].retiring) {
			retire(s, i);
			n--;
		}
	}
}

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Warns of changed values that running processes do not apply. */
static void warn_unapplied(const struct conf *old, const struct conf *new)
{
	if (old->threads != new->threads || old->batch_rows != new->batch_rows ||
	    old->connect_timeout_s != new->connect_timeout_s ||
	    old->io_timeout_s != new->io_timeout_s || !same(old->option_file, new->option_file) ||
	    !same(old->staging_group, new->staging_group))
		log_warn("threads, batch_rows or [database] changed: running workers keep the old "
			 "value until they are restarted");
	if (!same(old->socket, new->socket) || !same(old->socket_mode, new->socket_mode) ||
	    !same(old->pid_file, new->pid_file))
		log_warn("socket, socket_mode or pid_file changed: restart campaign-ingestd to "
			 "apply it");
}

static void reload(struct supervisor *s)
{
	struct conf *next;
	enum log_level level;

	notify_reloading();
	next = conf_reload(s->config_file, *s->conf);
	if (next == NULL) {
		log_error("the configuration has errors: the old one remains in use");
	} else {
		warn_unapplied(*s->conf, next);
		if (log_level_parse(next->log_level, &level) == 0)
			log_set_level(level);
		conf_free(s->conf);
		*s->conf = next;
		signal_all(s, SIGHUP);
		adapt(s);
		log_info("configuration reloaded");
	}
	notify_ready((*s->conf)->workers);
}

/* --- stop --------------------------------------------------------------------------------- */

static void stop(struct supervisor *s)
{
	log_info("stopping: answering the calls in progress");
	notify_stopping();
	s->stopping = true;
	s->kill_ms =
	    clock_monotonic_ms() + (int64_t)(*s->conf)->drain_timeout_s * 1000 + KILL_GRACE_MS;
	listener_close(s->listener); /* first, so that no connection is added while workers drain */
	signal_all(s, SIGTERM);
}

static void kill_late(struct supervisor *s)
{
	if (clock_monotonic_ms() < s->kill_ms)
		return;
	log_error("%zu workers did not end in time and are killed", running(s));
	signal_all(s, SIGKILL);
	s->kill_ms += KILL_GRACE_MS;
}

/* --- the loop ----------------------------------------------------------------------------- */

static int wait_limit_ms(const struct supervisor *s)
{
	int64_t now_ms = clock_monotonic_ms();
	int64_t left_ms = s->watchdog_ms < 0 ? INT_MAX : s->watchdog_ms;
	size_t i;

	if (s->stopping && s->kill_ms - now_ms < left_ms)
		left_ms = s->kill_ms - now_ms;
	for (i = 0; i < s->slot_count && !s->stopping; i++)
		if (s->slots[i].pid == 0 && s->slots[i].due_ms - now_ms < left_ms)
			left_ms = s->slots[i].due_ms - now_ms;
	return left_ms < 0 ? 0 : (int)left_ms;
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			s->child_ended = true;
			break;
		case SIGHUP:
			s->reload_wanted = true;
			break;
		default:
			s->stop_wanted = true;
		}
	}
}

static void wait_for_events(struct supervisor *s)
{
	struct pollfd fds[] = {
	    {.fd = s->signal_fd, .events = POLLIN},
	    {.fd = s->ready[0], .events = POLLIN},
	};

	s->child_ended = s->reload_wanted = s->stop_wanted = false;
	poll(fds, 2, wait_limit_ms(s));
	take_signals(s);
}

static void run(struct supervisor *s)
{
	while (!s->stopping || running(s) > 0) {
		if (!s->stopping)
			start_due(s);
		wait_for_events(s);
		take_ready(s);
		if (s->child_ended)
			reap(s);
		if (s->stop_wanted && !s->stopping)
			stop(s);
		if (s->reload_wanted && !s->stopping)
			reload(s);
		if (s->stopping)
			kill_late(s);
		if (s->watchdog_ms >= 0)
			notify_watchdog();
	}
}

static int open_channels(struct supervisor *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	/* Workers inherit the blocked signals, including SIGUSR1.  A signal that comes before a
	 * worker is ready stays pending. */
	sigaddset(&set, SIGUSR1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* if the parent process ignored it, children could not be waited
				   * for */
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	sigdelset(&set, SIGUSR1);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0 || pipe2(s->lifeline, O_CLOEXEC) < 0 || pipe2(s->ready, O_CLOEXEC) < 0)
		return -1;
	return fcntl(s->ready[0], F_SETFL, O_NONBLOCK);
}

/* Each kept connection needs a file descriptor, and the usual limit of 1024 is a soft one. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_errno("supervisor: cannot raise the limit of open files");
}

static int write_pid_file(const char *path)
{
	FILE *f;

	if (*path == '\0')
		return 0;
	f = fopen(path, "we");
	if (f == NULL || fprintf(f, "%d\n", (int)getpid()) < 0) {
		log_errno("pid_file %s", path);
		if (f != NULL)
			fclose(f);
		return -1;
	}
	if (fclose(f) != 0) {
		log_errno("pid_file %s", path);
		return -1;
	}
	return 0;
}

int supervisor_run(struct listener *listener, const char *config_file, struct conf **conf)
{
	struct supervisor s = {.listener = listener,
			       .config_file = config_file,
			       .conf = conf,
			       .signal_fd = -1,
			       .lifeline = {-1, -1},
			       .ready = {-1, -1},
			       .watchdog_ms = notify_watchdog_ms()};
	char *pid_file = xstrdup((*conf)->pid_file); /* a reload does not change it */
	int status = EXIT_FAILURE;

	raise_descriptor_limit();
	s.limits = limits_map();
	if (s.limits == NULL || open_channels(&s) < 0) {
		log_errno("supervisor");
	} else if (write_pid_file(pid_file) == 0) {
		adapt(&s);
		run(&s);
		log_info("stopped");
		if (*pid_file != '\0')
			unlink(pid_file);
		status = EXIT_SUCCESS;
	}
	limits_unmap(&s.limits);
	free(pid_file);
	free(s.slots);
	return status;
}
