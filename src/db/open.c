/* SPDX-License-Identifier: MIT */
/*
 * Opens and closes sessions: the connection (connect.c), then its variables (session_variables.c).
 * Connector/C needs no call per thread (its mysql_thread_init does nothing).
 */
#include "config.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "db/connect.h"
#include "db/db.h"
#include "db/mysql_session.h"
#include "db/option_file.h"
#include "db/session_variables.h"

int db_library_init(void)
{
	/* With this variable Connector/C 3.4 would verify nothing; the option file decides that.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet */
	unsetenv("MARIADB_TLS_DISABLE_PEER_VERIFICATION");
	if (mysql_library_init(0, NULL, NULL) != 0) {
		log_error("MariaDB Connector/C cannot be initialised");
		return -1;
	}
	return 0;
}

bool db_login_configured(const struct db_login *login)
{
	return option_file_has_group(login->option_file, login->group);
}

bool db_session_variables_valid(const char *list)
{
	char why[SESSION_VARIABLES_WHY];

	if (session_variables_check(list, why))
		return true;
	log_error("[cloud] session_variables: %s", why);
	return false;
}

void db_library_end(void)
{
	mysql_library_end();
}

enum outcome db_open(const struct db_login *login, struct db **out)
{
	struct db *db;
	enum outcome rc;

	db = xcalloc(1, sizeof(*db));
	db->label = xstrdup(login->label);
	db->quiet = login->quiet;
	db->mysql = mysql_init(NULL);
	if (db->mysql == NULL) {
		log_error("database %s: out of memory", login->label);
		abort();
	}
	rc = connect_session(db, login);
	if (rc == OUTCOME_OK)
		rc = session_variables_set(db, login->io_timeout_s, login->session_variables);
	db->quiet = false;
	if (rc != OUTCOME_OK) {
		db_close(&db);
		return rc;
	}
	*out = db;
	return OUTCOME_OK;
}

void db_close(struct db **db)
{
	if (*db == NULL)
		return;
	db_statements_close(*db);
	mysql_close((*db)->mysql);
	free((*db)->label);
	free(*db);
	*db = NULL;
}
