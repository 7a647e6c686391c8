/* SPDX-License-Identifier: MIT */
/*
 * The memory only confirms.  A token that it does not hold, or holds as expired, is looked up in
 * the database.  So it is always correct to forget an entry; the care is needed where an entry
 * could be kept after its session has ended.  A look-up and a log-off can cross: the look-up reads
 * an open session, the log-off finds no entry to forget, and then the look-up adds its entry.
 * Therefore every log-off and every refresh begins a new generation.  A look-up that began in an
 * older generation is answered, but its result is not kept.
 */
#include "config.h"

#include "session/sessions.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "session/store.h"

#define uthash_malloc(size)   xmalloc(size)
#define uthash_fatal(message) abort()
#include <uthash.h>

/* The most entries of each kind.  If there are more, the oldest is removed; its next check asks the
 * database. */
#define MAX_REMEMBERED 100000

/* A refresh reads the log-offs of the last ENDED_WINDOW_S.  After a gap longer than half of that
 * (the database was away) it may have missed some, so it forgets all sessions. */
#define ENDED_WINDOW_S 10
#define REFRESH_GAP_MS (ENDED_WINDOW_S * 1000 / 2)

#define FOREVER INT64_MAX

struct entry { /* a session or a Bearer token */
	token_digest hash;
	int64_t operator_id;
	int64_t until_ms; /* monotonic */
	int64_t security_until_ms;
	UT_hash_handle hh;
};

struct operator_entry {
	struct operator_info who;
	UT_hash_handle hh;
};

struct sessions {
	struct shared_session *shared;

	struct operator_entry *operators; /* the enabled operators, as of state.auth_version */
	struct entry *sessions;		  /* uthash keeps the order of insertion */
	struct entry *bearers;
	struct store_state state;
	bool has_state;
	int64_t refreshed_ms; /* monotonic; the start of the last successful refresh; 0: none yet */
	uint64_t generation;
	pthread_rwlock_t lock; /* guards the members above, except SHARED */
};

struct sessions *sessions_new(struct shared_session *shared)
{
	struct sessions *s = xcalloc(1, sizeof(*s));

	s->shared = shared;
	pthread_rwlock_init(&s->lock, NULL);
	return s;
}

static void forget_all(struct entry **table)
{
	struct entry *e, *next;

	HASH_ITER (hh, *table, e, next) {
		HASH_DEL(*table, e);
		free(e);
	}
}

static void free_operators(struct operator_entry **table)
{
	struct operator_entry *o, *next;

	HASH_ITER (hh, *table, o, next) {
		HASH_DEL(*table, o);
		free(o);
	}
}

void sessions_free(struct sessions **holder)
{
	struct sessions *s = *holder;

	if (s == NULL)
		return;
	forget_all(&s->sessions);
	forget_all(&s->bearers);
	free_operators(&s->operators);
	pthread_rwlock_destroy(&s->lock);
	free(s);
	*holder = NULL;
}

/* ---- what is remembered; the lock is held, for writing unless said otherwise ---- */

static void forget(struct entry **table, const token_digest hash)
{
	struct entry *e;

	HASH_FIND(hh, *table, hash, TOKEN_HASH_BYTES, e);
	if (e != NULL) {
		HASH_DEL(*table, e);
		free(e);
	}
}

/* Most sessions have the same lifetime, so the expired ones are at the front. */
static void forget_old(struct entry **table, int64_t now)
{
	while (*table != NULL &&
	       ((*table)->until_ms <= now || HASH_COUNT(*table) > MAX_REMEMBERED)) {
		struct entry *oldest = *table;

		HASH_DEL(*table, oldest);
		free(oldest);
	}
}

static void remember(struct entry **table, const struct entry *what)
{
	struct entry *e = xmalloc(sizeof(*e));

	forget(table, what->hash);
	*e = *what;
	HASH_ADD(hh, *table, hash, TOKEN_HASH_BYTES, e);
	forget_old(table, clock_monotonic_ms());
}

/* The lock held for reading is enough.  False: the caller must ask the database. */
static bool recall(const struct sessions *s, struct entry *table, const token_digest hash,
		   struct operator_info *out, bool *security_expired)
{
	int64_t now = clock_monotonic_ms();
	struct operator_entry *o;
	struct entry *e;

	if (s->refreshed_ms == 0 || now - s->refreshed_ms > SESSIONS_STALE_MS)
		return false;
	HASH_FIND(hh, table, hash, TOKEN_HASH_BYTES, e);
	if (e == NULL || e->until_ms <= now)
		return false;
	HASH_FIND(hh, s->operators, &e->operator_id, sizeof(e->operator_id), o);
	if (o == NULL)
		return false; /* disabled, or added after the list was read */
	*out = o->who;
	*security_expired = e->security_until_ms <= now;
	return true;
}

static uint64_t current_generation(struct sessions *s)
{
	uint64_t generation;

	pthread_rwlock_rdlock(&s->lock);
	generation = s->generation;
	pthread_rwlock_unlock(&s->lock);
	return generation;
}

/* The caller does not hold the lock.  Skips the entry if a log-off or refresh came after
 * GENERATION. */
static void remember_unless_crossed(struct sessions *s, struct entry **table,
				    const struct entry *what, uint64_t generation)
{
	pthread_rwlock_wrlock(&s->lock);
	if (s->generation == generation)
		remember(table, what);
	pthread_rwlock_unlock(&s->lock);
}

/* ---- the refresh ---- */

static void replace_operators(struct sessions *s, const struct operator_info *list, size_t count)
{
	free_operators(&s->operators);
	for (size_t i = 0; i < count; i++) {
		struct operator_entry *o = xmalloc(sizeof(*o));

		o->who = list[i];
		HASH_ADD(hh, s->operators, who.id, sizeof(o->who.id), o);
	}
}

enum outcome sessions_refresh(struct sessions *s, struct db *db)
{
	int64_t started_ms = clock_monotonic_ms();
	struct operator_info *operators = NULL;
	token_digest *ended = NULL;
	size_t operator_count = 0;
	size_t ended_count = 0;
	struct store_state state;
	bool reload;
	enum outcome rc;

	/* Read the version before the operators: a change in between causes one more reload, not a
	 * missed one. */
	if ((rc = store_read_state(db, &state)) != OUTCOME_OK)
		return rc;
	pthread_rwlock_rdlock(&s->lock);
	reload = s->refreshed_ms == 0 || strcmp(s->state.auth_version, state.auth_version) != 0;
	pthread_rwlock_unlock(&s->lock);
	if (reload && (rc = store_read_operators(db, &operators, &operator_count)) != OUTCOME_OK)
		goto out;
	if ((rc = store_read_ended(db, ENDED_WINDOW_S, &ended, &ended_count)) != OUTCOME_OK)
		goto out;

	pthread_rwlock_wrlock(&s->lock);
	if (reload) {
		replace_operators(s, operators, operator_count);
		forget_all(&s->bearers);
	}
	if (started_ms - s->refreshed_ms > REFRESH_GAP_MS)
		forget_all(&s->sessions);
	for (size_t i = 0; i < ended_count; i++)
		forget(&s->sessions, ended[i]);
	forget_old(&s->sessions, started_ms);
	s->state = state;
	s->has_state = true;
	s->refreshed_ms = started_ms;
	s->generation++;
	pthread_rwlock_unlock(&s->lock);
out:
	free(ended);
	free(operators);
	return rc;
}

/* ---- the shared session ---- */

/* The server may have restarted while the session was idle.  A ping detects this before the
 * statement, because a write that is lost with its connection cannot simply be repeated. */
static enum outcome enter_database(struct sessions *s, struct db **db)
{
	enum outcome rc = shared_session_acquire(s->shared, db);

	if (rc != OUTCOME_OK || db_ping(*db) == OUTCOME_OK)
		return rc;
	shared_session_release(s->shared);
	return shared_session_acquire(s->shared, db);
}

/* Returns the secret; before the first refresh it asks the database. */
static enum outcome get_secret(struct sessions *s, unsigned char out[SERVER_SECRET_BYTES])
{
	struct store_state state;
	struct db *db;
	enum outcome rc;
	bool known;

	pthread_rwlock_rdlock(&s->lock);
	known = s->has_state;
	memcpy(out, s->state.secret, SERVER_SECRET_BYTES);
	pthread_rwlock_unlock(&s->lock);
	if (known)
		return OUTCOME_OK;
	if ((rc = enter_database(s, &db)) != OUTCOME_OK)
		return rc;
	rc = store_read_state(db, &state);
	shared_session_release(s->shared);
	if (rc == OUTCOME_OK)
		memcpy(out, state.secret, SERVER_SECRET_BYTES);
	return rc;
}

/* ---- sessions ---- */

enum outcome sessions_open(struct sessions *s, const struct operator_info *who,
			   unsigned session_timeout_s, unsigned security_timeout_s,
			   const char *address, char token[SESSION_TOKEN_SIZE],
			   char security[SECURITY_TOKEN_SIZE])
{
	struct entry opened = {.operator_id = who->id};
	unsigned char secret[SERVER_SECRET_BYTES];
	char new_token[SESSION_TOKEN_SIZE];
	uint64_t generation = current_generation(s);
	int64_t now;
	struct db *db;
	enum outcome rc;

	if ((rc = get_secret(s, secret)) != OUTCOME_OK)
		return rc;
	session_token_new(new_token);
	token_hash(opened.hash, new_token);
	if ((rc = enter_database(s, &db)) != OUTCOME_OK)
		return rc;
	now = clock_monotonic_ms();
	rc = store_add_session(db, opened.hash, who->id, session_timeout_s, security_timeout_s,
			       address);
	shared_session_release(s->shared);
	if (rc != OUTCOME_OK)
		return rc;
	opened.until_ms = now + (int64_t)session_timeout_s * 1000;
	opened.security_until_ms = now + (int64_t)security_timeout_s * 1000;
	remember_unless_crossed(s, &s->sessions, &opened, generation);
	memcpy(token, new_token, SESSION_TOKEN_SIZE);
	security_token(security, token, secret);
	return OUTCOME_OK;
}

static enum outcome look_up_session(struct sessions *s, const token_digest hash,
				    struct operator_info *out, bool *security_expired)
{
	uint64_t generation = current_generation(s);
	struct store_session found;
	struct entry entry = {0};
	int64_t now;
	struct db *db;
	enum outcome rc;

	if ((rc = enter_database(s, &db)) != OUTCOME_OK)
		return rc;
	now = clock_monotonic_ms();
	rc = store_find_session(db, hash, &found);
	shared_session_release(s->shared);
	if (rc != OUTCOME_OK)
		return rc;
	memcpy(entry.hash, hash, TOKEN_HASH_BYTES);
	entry.operator_id = found.who.id;
	entry.until_ms = now + found.remaining_ms;
	entry.security_until_ms = now + found.security_remaining_ms;
	remember_unless_crossed(s, &s->sessions, &entry, generation);
	*out = found.who;
	*security_expired = found.security_remaining_ms <= 0;
	return OUTCOME_OK;
}

/* R4.1.  A token of another form was never issued, and costs no query. */
static bool looks_like_session_token(const char *token)
{
	return strlen(token) == SESSION_TOKEN_SIZE - 1 && strncmp(token, "___", 3) == 0;
}

enum outcome sessions_check(struct sessions *s, const char *token, struct operator_info *out,
			    bool *security_expired)
{
	token_digest hash;
	bool known;

	if (!looks_like_session_token(token))
		return OUTCOME_INVALID;
	token_hash(hash, token);
	pthread_rwlock_rdlock(&s->lock);
	known = recall(s, s->sessions, hash, out, security_expired);
	pthread_rwlock_unlock(&s->lock);
	return known ? OUTCOME_OK : look_up_session(s, hash, out, security_expired);
}

enum outcome sessions_check_security(struct sessions *s, const char *token, const char *security)
{
	unsigned char secret[SERVER_SECRET_BYTES];
	char expected[SECURITY_TOKEN_SIZE];
	enum outcome rc;

	if ((rc = get_secret(s, secret)) != OUTCOME_OK)
		return rc;
	security_token(expected, token, secret);
	return token_equal(expected, security) ? OUTCOME_OK : OUTCOME_INVALID;
}

enum outcome sessions_close(struct sessions *s, const char *token)
{
	token_digest hash;
	struct db *db;
	enum outcome rc;

	if (!looks_like_session_token(token))
		return OUTCOME_INVALID;
	token_hash(hash, token);
	if ((rc = enter_database(s, &db)) != OUTCOME_OK)
		return rc;
	rc = store_end_session(db, hash);
	shared_session_release(s->shared);

	/* Forget the session after a failure too; its next check asks the database. */
	pthread_rwlock_wrlock(&s->lock);
	forget(&s->sessions, hash);
	s->generation++;
	pthread_rwlock_unlock(&s->lock);
	return rc;
}

/* ---- Bearer tokens ---- */

enum outcome sessions_check_bearer(struct sessions *s, const char *token, struct operator_info *out)
{
	struct entry entry = {.until_ms = FOREVER, .security_until_ms = FOREVER};
	uint64_t generation;
	bool security_expired;
	struct db *db;
	enum outcome rc;
	bool known;

	token_hash(entry.hash, token);
	pthread_rwlock_rdlock(&s->lock);
	known = recall(s, s->bearers, entry.hash, out, &security_expired);
	generation = s->generation;
	pthread_rwlock_unlock(&s->lock);
	if (known)
		return OUTCOME_OK;
	if ((rc = enter_database(s, &db)) != OUTCOME_OK)
		return rc;
	rc = store_find_bearer(db, entry.hash, out);
	shared_session_release(s->shared);
	if (rc != OUTCOME_OK)
		return rc;
	entry.operator_id = out->id;
	remember_unless_crossed(s, &s->bearers, &entry, generation);
	return OUTCOME_OK;
}

void sessions_database_id(struct sessions *s, char out[24])
{
	pthread_rwlock_rdlock(&s->lock);
	memcpy(out, s->state.database_id, sizeof(s->state.database_id));
	pthread_rwlock_unlock(&s->lock);
}
