/* SPDX-License-Identifier: MIT */
/*
 * All request threads wait in one epoll set: for the listening socket, for readable connections,
 * for completed commits and password checks, and for the stop.  When a connection becomes readable,
 * one thread reads its request.  While the request waits for a commit or a password check it
 * occupies no thread, and any free thread answers it.  So neither idle connections nor waiting
 * requests occupy threads, and there may be many more of them than threads.
 *
 * An event only means that a connection may be ready.  The thread that changes its state from ARMED
 * to BUSY owns it.  The memory of a closed connection is reused and is freed only when the pool
 * ends, so a late event finds a valid state and is ignored.
 */
#include "config.h"

#include "ingestd/pool.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "ingestd/connection.h"
#include "ingestd/fastcgi.h"

/* While draining, a connection that has had no request yet gets this long to send one: its web
 * server has connected and is about to write. */
#define FIRST_REQUEST_MS 100

enum state { STATE_FREE, STATE_ARMED, STATE_BUSY };

struct client {
	struct connection connection; /* while BUSY: used by the owner only */
	bool served;		      /* likewise */
	enum state state;
	pthread_mutex_t lock;	  /* guards the state, and the registration in epoll */
	struct client *next;	  /* in the list of all clients */
	struct client *next_free; /* in the list of FREE clients */
};

/* The most completed commits that one thread answers in a row; other threads take the rest. */
#define ANSWERS_MAX 32

/* Requests that are kept for the next calls; further ones are freed. */
#define REQUEST_CACHE_MAX 64

struct pool {
	struct pool_options options;
	int epoll_fd;
	int stop_fd;  /* readable: the threads end */
	int empty_fd; /* readable: see pool_empty_fd */
	pthread_t *threads;
	unsigned thread_count;
	atomic_ulong requests;
	atomic_size_t open; /* connections, and accepts in progress */
	atomic_bool accepting;
	atomic_bool draining;
	struct client *clients;
	struct client *free_clients;
	struct request *cache; /* FREE requests */
	size_t cache_count;
	atomic_size_t in_flight; /* requests that are read and not yet answered */
	atomic_bool stopping;
	pthread_cond_t answered; /* while stopping: signalled when the last request is answered */
	pthread_mutex_t lock; /* guards the three lists and the listening socket's registration in
			       * epoll */
};

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		log_errno("connections: eventfd");
}

/* --- connections ------------------------------------------------------------------------ */

static void decrement_open(struct pool *pool)
{
	/* Decrements `open` before it reads `accepting`; pool_retire writes `accepting` before it
	 * reads `open`.  So at least one of them sees that no connection is left. */
	if (atomic_fetch_sub(&pool->open, 1) == 1 && !atomic_load(&pool->accepting))
		signal_fd(pool->empty_fd);
}

static struct client *client_new(struct pool *pool, int fd)
{
	struct client *client;

	pthread_mutex_lock(&pool->lock);
	client = pool->free_clients;
	if (client != NULL) {
		pool->free_clients = client->next_free;
	} else {
		client = xcalloc(1, sizeof(*client));
		pthread_mutex_init(&client->lock, NULL);
		client->next = pool->clients;
		pool->clients = client;
	}
	pthread_mutex_unlock(&pool->lock);
	client->served = false;
	connection_open(&client->connection, fd);
	return client;
}

/* The client's connection is closed. */
static void client_done(struct pool *pool, struct client *client)
{
	pthread_mutex_lock(&client->lock);
	client->state = STATE_FREE;
	pthread_mutex_unlock(&client->lock);
	pthread_mutex_lock(&pool->lock);
	client->next_free = pool->free_clients;
	pool->free_clients = client;
	pthread_mutex_unlock(&pool->lock);
	decrement_open(pool);
}

static bool client_claim(struct client *client)
{
	bool mine;

	pthread_mutex_lock(&client->lock);
	mine = client->state == STATE_ARMED;
	if (mine)
		client->state = STATE_BUSY;
	pthread_mutex_unlock(&client->lock);
	return mine;
}

static int watch(struct pool *pool, int operation, int fd, uint32_t events, void *source)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(pool->epoll_fd, operation, fd, &event);
}

/* Registers CLIENT for reading.  While draining also for writing, so that an event comes at
 * once. */
static int client_watch(struct pool *pool, struct client *client, int operation)
{
	uint32_t events = EPOLLIN | EPOLLONESHOT;

	if (atomic_load(&pool->draining))
		events |= EPOLLOUT;
	return watch(pool, operation, connection_fd(&client->connection), events, client);
}

static void client_arm(struct pool *pool, struct client *client, int operation)
{
	bool armed;

	pthread_mutex_lock(&client->lock);
	armed = client_watch(pool, client, operation) == 0;
	client->state = armed ? STATE_ARMED : STATE_BUSY;
	pthread_mutex_unlock(&client->lock);
	if (!armed) {
		log_errno("connections: epoll");
		connection_close(&client->connection);
		client_done(pool, client);
	}
}

/* Call it after pool->draining is set.  A BUSY client sees `draining` when it is armed again. */
static void client_rearm(struct pool *pool, struct client *client)
{
	pthread_mutex_lock(&client->lock);
	if (client->state == STATE_ARMED && client_watch(pool, client, EPOLL_CTL_MOD) < 0)
		log_errno("connections: epoll");
	pthread_mutex_unlock(&client->lock);
}

/* --- accepting -------------------------------------------------------------------------- */

/* Limits the time for which a peer can occupy a thread by stalling within a request or an
 * answer. */
static void set_timeouts(struct pool *pool, int fd)
{
	struct api *api = pool->options.api;
	const struct conf *conf = conf_ref_get(api->conf);
	const struct timeval limit = {.tv_sec = conf->request_timeout_s};
	int on = 1;

	conf_ref_put(api->conf, conf);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		log_errno("connections: cannot set time-outs");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* fails for Unix sockets */
}

static void accept_failed(int error)
{
	static struct log_rate rate;
	const struct timespec pause = {.tv_nsec = 50L * 1000 * 1000};
	unsigned long skipped;

	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return; /* another worker has accepted it, or the peer has closed it */
	errno = error;
	if (log_rate_allow(&rate, 30, &skipped))
		log_errno("connections: accept failed, retrying (%lu more of these)", skipped);
	nanosleep(&pause, NULL); /* the socket stays readable: avoid a busy loop */
}

static bool accept_one(struct pool *pool)
{
	int fd = accept4(pool->options.listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	set_timeouts(pool, fd);
	atomic_fetch_add(&pool->open, 1);
	client_arm(pool, client_new(pool, fd), EPOLL_CTL_ADD);
	return true;
}

static int watch_listener(struct pool *pool, int operation)
{
	return watch(pool, operation, pool->options.listen_fd, EPOLLIN | EPOLLEXCLUSIVE, pool);
}

/* EPOLLEXCLUSIVE wakes the first idle worker in the socket's wait queue.  Connections stay with the
 * worker that accepted them.  So after each accept the worker moves to the end of that queue;
 * otherwise one worker would get all connections. */
static void requeue_listener(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	if (atomic_load(&pool->accepting)) {
		watch_listener(pool, EPOLL_CTL_DEL);
		if (watch_listener(pool, EPOLL_CTL_ADD) < 0)
			log_errno("connections: epoll");
	}
	pthread_mutex_unlock(&pool->lock);
}

static void accept_next(struct pool *pool)
{
	int error = 0;
	bool accepted = false;

	atomic_fetch_add(&pool->open, 1); /* before `accepting` is read: see decrement_open */
	if (atomic_load(&pool->accepting)) {
		accepted = accept_one(pool);
		error = errno;
	}
	decrement_open(pool);
	if (accepted)
		requeue_listener(pool);
	else
		accept_failed(error);
}

/* --- request threads -------------------------------------------------------------------- */

/* The last check while draining: true if CLIENT has a request, or gets its first one soon. */
static bool request_waits(const struct client *client)
{
	struct pollfd in = {.fd = connection_fd(&client->connection), .events = POLLIN};

	return poll(&in, 1, client->served ? 0 : FIRST_REQUEST_MS) > 0;
}

static struct request *request_take(struct pool *pool)
{
	struct request *r;

	pthread_mutex_lock(&pool->lock);
	r = pool->cache;
	if (r != NULL) {
		pool->cache = r->next_free;
		pool->cache_count--;
	}
	pthread_mutex_unlock(&pool->lock);
	return r != NULL ? r : request_new();
}

static void request_give_back(struct pool *pool, struct request *r)
{
	bool kept;

	pthread_mutex_lock(&pool->lock);
	kept = pool->cache_count < REQUEST_CACHE_MAX;
	if (kept) {
		r->next_free = pool->cache;
		pool->cache = r;
		pool->cache_count++;
	}
	pthread_mutex_unlock(&pool->lock);
	if (!kept)
		request_free(&r);
}

/* Decrements `in_flight` before it reads `stopping`; wait_for_answers writes `stopping` before it
 * reads `in_flight`.  So at least one of them sees that the last request is answered. */
static void request_answered(struct pool *pool)
{
	if (atomic_fetch_sub(&pool->in_flight, 1) != 1 || !atomic_load(&pool->stopping))
		return;
	pthread_mutex_lock(&pool->lock);
	pthread_cond_signal(&pool->answered);
	pthread_mutex_unlock(&pool->lock);
}

/* Sends the response, and arms the connection for its next request. */
static void answer(struct pool *pool, struct request *r)
{
	struct client *client = r->client;
	bool at_end = fastcgi_answer(&client->connection.fcgx, r);

	request_give_back(pool, r);
	client->served = true;
	if (!at_end)
		connection_linger(&client->connection);
	if (connection_finish(&client->connection, at_end && !atomic_load(&pool->draining)))
		client_arm(pool, client, EPOLL_CTL_MOD);
	else
		client_done(pool, client);
	request_answered(pool);
	log_set_context("");
}

static void answer_committed(struct pool *pool)
{
	struct completion *done = completions_pop(pool->options.commits, ANSWERS_MAX);

	while (done != NULL) {
		struct request *r = request_of(done);

		done = done->next;
		log_set_context(r->context);
		api_resume(r); /* returns true: after a commit the response is complete */
		answer(pool, r);
	}
}

/* COMPLETE false: the request waits for a commit or a password check.  This thread may have led a
 * commit, so it answers the requests that are committed. */
static void answer_or_wait(struct pool *pool, struct request *r, bool complete)
{
	if (complete) {
		answer(pool, r);
	} else {
		log_set_context("");
		answer_committed(pool);
	}
}

/* Takes one request at a time, because it continues like a new one, and its thread may have to lead
 * a commit. */
static void resume_after_password(struct pool *pool)
{
	struct completion *done = completions_pop(pool->options.passwords, 1);
	struct request *r;

	if (done == NULL)
		return;
	r = request_of(done);
	log_set_context(r->context);
	answer_or_wait(pool, r, api_resume(r));
}

static void handle(struct pool *pool, struct client *client)
{
	struct request *r = request_take(pool);

	r->client = client;
	snprintf(r->context, sizeof(r->context), "%u-%lu", pool->options.worker,
		 atomic_fetch_add(&pool->requests, 1) + 1);
	log_set_context(r->context);
	atomic_fetch_add(&pool->in_flight, 1);
	answer_or_wait(pool, r, fastcgi_handle(&client->connection.fcgx, pool->options.api, r));
}

static void serve(struct pool *pool, struct client *client)
{
	if (!client_claim(client))
		return;
	if (atomic_load(&pool->draining) && !request_waits(client)) {
		connection_close(&client->connection);
		client_done(pool, client);
	} else if (connection_receive(&client->connection)) {
		handle(pool, client);
	} else { /* the web server has closed the connection */
		client_done(pool, client);
	}
}

static void *request_thread(void *argument)
{
	struct pool *pool = argument;
	struct epoll_event event;

	for (;;) {
		if (epoll_wait(pool->epoll_fd, &event, 1, -1) != 1)
			continue; /* EINTR from a debugger */
		if (event.data.ptr == &pool->stop_fd)
			break;
		if (event.data.ptr == pool)
			accept_next(pool);
		else if (event.data.ptr == pool->options.commits)
			answer_committed(pool);
		else if (event.data.ptr == pool->options.passwords)
			resume_after_password(pool);
		else
			serve(pool, event.data.ptr);
	}
	return NULL;
}

/* --- the worker's side ------------------------------------------------------------------ */

static int start_threads(struct pool *pool)
{
	while (pool->thread_count < pool->options.threads) {
		pthread_t *thread = &pool->threads[pool->thread_count];
		int error = pthread_create(thread, NULL, request_thread, pool);

		if (error != 0) {
			errno = error;
			log_errno("connections: cannot start request thread %u of %u",
				  pool->thread_count + 1, pool->options.threads);
			return -1;
		}
		pool->thread_count++;
	}
	return 0;
}

static int watch_completions(struct pool *pool, struct completions *q)
{
	return watch(pool, EPOLL_CTL_ADD, completions_fd(q), EPOLLIN | EPOLLET, q);
}

struct pool *pool_start(const struct pool_options *options)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->options = *options;
	pool->threads = xcalloc(options->threads, sizeof(*pool->threads));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->answered, NULL);
	atomic_store(&pool->accepting, true);
	pool->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	pool->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->empty_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->epoll_fd < 0 || pool->stop_fd < 0 || pool->empty_fd < 0 ||
	    watch(pool, EPOLL_CTL_ADD, pool->stop_fd, EPOLLIN, &pool->stop_fd) < 0 ||
	    watch_completions(pool, pool->options.commits) < 0 ||
	    watch_completions(pool, pool->options.passwords) < 0 ||
	    watch_listener(pool, EPOLL_CTL_ADD) < 0) {
		log_errno("connections: epoll");
		pool_stop(&pool);
	} else if (start_threads(pool) < 0) {
		pool_stop(&pool);
	}
	return pool;
}

void pool_retire(struct pool *pool)
{
	if (!atomic_exchange(&pool->accepting, false))
		return;
	pthread_mutex_lock(&pool->lock);
	watch_listener(pool, EPOLL_CTL_DEL);
	pthread_mutex_unlock(&pool->lock);
	if (atomic_load(&pool->open) == 0)
		signal_fd(pool->empty_fd);
}

void pool_drain(struct pool *pool)
{
	struct client *client;

	if (atomic_load(&pool->draining))
		return;
	atomic_fetch_add(&pool->open, 1); /* the pool must not count as empty before the end of this
					   * function */
	pool_retire(pool);
	atomic_store(&pool->draining, true);
	/* The queue of a socket that we made is lost when it closes, so accept its connections now.
	 * A socket that was passed to us keeps its queue for the next process. */
	while (pool->options.listen_ours && accept_one(pool))
		;
	pthread_mutex_lock(&pool->lock);
	for (client = pool->clients; client != NULL; client = client->next)
		client_rearm(pool, client);
	pthread_mutex_unlock(&pool->lock);
	decrement_open(pool);
}

int pool_empty_fd(const struct pool *pool)
{
	return pool->empty_fd;
}

size_t pool_connections(struct pool *pool)
{
	return atomic_load(&pool->open);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Ends, because the writer and the password worker complete every request in time. */
static void wait_for_answers(struct pool *pool)
{
	atomic_store(&pool->stopping, true);
	pthread_mutex_lock(&pool->lock);
	while (atomic_load(&pool->in_flight) > 0)
		pthread_cond_wait(&pool->answered, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

void pool_stop(struct pool **holder)
{
	struct pool *pool = *holder;
	struct client *client, *next;
	struct request *r;
	unsigned i;

	if (pool == NULL)
		return;
	wait_for_answers(pool);
	if (pool->thread_count > 0)
		signal_fd(pool->stop_fd);
	for (i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	for (client = pool->clients; client != NULL; client = next) {
		next = client->next;
		if (client->state == STATE_ARMED)
			connection_close(&client->connection);
		pthread_mutex_destroy(&client->lock);
		free(client);
	}
	while ((r = pool->cache) != NULL) {
		pool->cache = r->next_free;
		request_free(&r);
	}
	close_fd(pool->options.listen_fd);
	close_fd(pool->empty_fd);
	close_fd(pool->stop_fd);
	close_fd(pool->epoll_fd);
	pthread_cond_destroy(&pool->answered);
	pthread_mutex_destroy(&pool->lock);
	free(pool->threads);
	free(pool);
	*holder = NULL;
}
