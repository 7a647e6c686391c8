/* SPDX-License-Identifier: MIT */
/*
 * The rights of the accounts of the pool and of campaign-sync in the staging database, per
 * table. MariaDB has no grant for "every table whose name ends in _log", and rights on the whole
 * database would allow the pool to write operators. So each deployment grants the rights on its
 * own tables, and `db grants` prints all of them. tests/integration/least_rights_are_enough.py
 * checks that the rights suffice. No rights are granted in the cloud database: the pool has no
 * account there, and the account of campaign-sync has the same rights on every table
 * (docs/installation.md).
 */
#include "config.h"
#include "admin/admin.h"

#include <stdio.h>
#include <string.h>

#include "schema/ddl.h"

struct grant {
	const char *table;
	const char *ingest; /* NULL: no rights */
	const char *sync;
};

/* The pool may read the columns of an operator that a log-on needs. Neither account may set a
 * password. */
static const struct grant base_grants[] = {
    {"campaign_audit", NULL, "SELECT (at), DELETE"}, /* deletes old rows, with the history */
    {"campaign_bearer", "SELECT (token_hash, operator_id)", NULL},
    {"campaign_operator", "SELECT (id, login, label, password_hash, zone, disabled)", NULL},
    {"campaign_reject", NULL, "SELECT, INSERT, UPDATE"},
    {"campaign_request", "INSERT", "SELECT, DELETE"},
    {"campaign_request_taken", NULL, "SELECT, INSERT, DELETE"},
    {"campaign_right", "SELECT", NULL},
    {"campaign_run", NULL, "SELECT, INSERT, UPDATE, DELETE"},
    {"campaign_run_schema", NULL, "SELECT, INSERT, UPDATE"},
    {"campaign_schema", "SELECT (id, source)", "SELECT, UPDATE (log_id)"},
    {"campaign_session", "SELECT, INSERT, UPDATE (ended_at)",
     "SELECT (expires_at, ended_at), DELETE"},
    {"campaign_state", "SELECT", "SELECT"},
};

/* Appends "name" or "name@host" in the syntax of GRANT. */
static void add_account(struct buf *sql, const char *account)
{
	const char *at = strrchr(account, '@');
	size_t n = at != NULL ? (size_t)(at - account) : strlen(account);
	struct buf name = BUF_INIT;

	buf_add_n(&name, account, n);
	ddl_quote_text(sql, buf_text(&name));
	buf_free(&name);
	if (at != NULL) {
		buf_add_char(sql, '@');
		ddl_quote_text(sql, at + 1);
	}
}

/* Statements are executed in DB, or printed if DB is NULL. */
struct granting {
	const char *ingest, *sync; /* accounts; "" for none */
	struct db *db;
	int rc;
};

static void grant_to(struct granting *g, const char *account, const char *rights, const char *table)
{
	struct buf sql = BUF_INIT;

	if (rights == NULL || *account == '\0' || g->rc < 0)
		return;
	buf_addf(&sql, "GRANT %s ON ", rights);
	db_quote_name(&sql, table);
	buf_add(&sql, " TO ");
	add_account(&sql, account);
	if (g->db == NULL) {
		printf("%s;\n", buf_text(&sql));
	} else if (db_exec(g->db, buf_text(&sql)) != OUTCOME_OK) {
		admin_complain("rights of %s on %s: %s", account, table, db_error(g->db));
		g->rc = -1;
	}
	buf_free(&sql);
}

static void grant(struct granting *g, const struct grant *what)
{
	grant_to(g, g->ingest, what->ingest, what->table);
	grant_to(g, g->sync, what->sync, what->table);
}

static void grant_base(struct granting *g)
{
	for (size_t i = 0; i < sizeof(base_grants) / sizeof(base_grants[0]); i++)
		grant(g, &base_grants[i]);
}

static void grant_schema(struct granting *g, const struct schema *s)
{
	if (s->staged) {
		grant(g, &(struct grant){s->log_table, "INSERT", "SELECT, DELETE"});
		grant(g, &(struct grant){s->reject_table, NULL, "SELECT, INSERT"});
		/* NEXTVAL needs INSERT. */
		if (s->sequence != NULL)
			grant(g, &(struct grant){s->sequence, "SELECT, INSERT", NULL});
	} else if (s->local) {
		grant(g, &(struct grant){s->table, "SELECT", s->replicated ? "SELECT" : NULL});
	}
}

int grants_on_base(const struct admin *a, struct db *staging)
{
	struct granting g = {a->conf->ingest_account, a->conf->sync_account, staging, 0};

	grant_base(&g);
	return g.rc;
}

int grants_on_schema(const struct admin *a, struct db *staging, const struct schema *s)
{
	struct granting g = {a->conf->ingest_account, a->conf->sync_account, staging, 0};

	grant_schema(&g, s);
	return g.rc;
}

int db_grants_command(struct admin *a, int argc, char **argv)
{
	struct granting g = {argc > 0 ? argv[0] : a->conf->ingest_account,
			     argc > 1 ? argv[1] : a->conf->sync_account, NULL, 0};
	struct registry *r = NULL;
	struct db *staging;
	int status = ADMIN_FAILED;

	if (argc > 2)
		return ADMIN_USAGE;
	if (*g.ingest == '\0' && *g.sync == '\0') {
		admin_complain("no account is given: name the accounts, or set ingest_account and "
			       "sync_account under [database] of campaign-ingest.conf");
		return ADMIN_FAILED;
	}
	staging = admin_open_staging(a);
	if (staging != NULL && registry_load(staging, &r) == OUTCOME_OK) {
		grant_base(&g);
		for (size_t i = 0; i < registry_count(r); i++)
			grant_schema(&g, registry_at(r, i));
		status = ADMIN_DONE;
	}
	registry_release(&r);
	db_close(&staging);
	return status;
}
