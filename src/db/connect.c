/* SPDX-License-Identifier: MIT */
/*
 * Makes the connection of a session.  If the option file asks for TLS and the server does not offer
 * it, the connection is refused before a password is sent in clear text.
 *
 * The library tries a comma-separated list of hosts ("db1,db2:3307") in order, each with the
 * connect time-out.  It verifies the certificate against the name of the host that answered.
 */
#include "config.h"

#include "db/connect.h"

#include <errmsg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "db/mysql_session.h"
#include "db/option_file.h"

static void set_limits(MYSQL *mysql, const struct db_login *login)
{
	const my_bool off = 0;
	const unsigned no_infile = 0; /* otherwise a server could read any file of the client */

	mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &login->connect_timeout_s);
	mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &login->io_timeout_s);
	mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &login->io_timeout_s);
	mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &no_infile);
	mysql_optionsv(mysql, MYSQL_OPT_RECONNECT, &off);
	mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

/* True if the library is older than 3.4.  Some older ones report the version of the server that
 * they were delivered with, 10.x. */
static bool is_before_3_4(const char *version)
{
	char *end;
	unsigned long major = strtoul(version, &end, 10);
	unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

	return (major == 3 && minor < 4) || major == 10;
}

/*
 * Connector/C 3.3 closes the connection to a server without TLS before the log-on only if it must
 * verify a certificate or has a fingerprint.  An empty fingerprint has that effect, and this
 * version compares it with nothing.  Later versions would compare it; but without TLS they refuse
 * plug-ins that send the password in clear text, so the check after connecting is sufficient there.
 */
static void insist_on_tls(MYSQL *mysql)
{
	if (is_before_3_4(mysql_get_client_info()))
		mysql_optionsv(mysql, MARIADB_OPT_SSL_FP, "");
}

static bool is_unix_socket(MYSQL *mysql)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	return getsockname(mysql_get_socket(mysql), (struct sockaddr *)&address, &length) == 0 &&
	       address.ss_family == AF_UNIX;
}

static enum db_transport transport(MYSQL *mysql, enum option_tls tls)
{
	if (is_unix_socket(mysql))
		return DB_LOCAL_SOCKET;
	if (mysql_get_ssl_cipher(mysql) == NULL)
		return DB_PLAIN;
	return tls == OPTION_TLS_VERIFY ? DB_VERIFIED : DB_ENCRYPTED;
}

/* After a failed mysql_real_connect. */
static enum outcome connect_failed(struct db *db, const struct option_file *o)
{
	const unsigned number = mysql_errno(db->mysql);
	char text[OPTION_FILE_WHY + 512];

	if (number != CR_SSL_CONNECTION_ERROR || *option_file_tls_line(o) == '\0')
		return db_failed(db, "connect");
	snprintf(
	    text, sizeof(text),
	    "%s. %s asks for a connection by TLS%s: let the server speak TLS%s, or change that "
	    "line",
	    mysql_error(db->mysql), option_file_tls_line(o),
	    option_file_tls(o) == OPTION_TLS_VERIFY ? " that is verified" : "",
	    option_file_tls(o) == OPTION_TLS_VERIFY
		? " with a certificate that names its host and that the CA has signed"
		: "");
	return db_failed_as(db, number, mysql_sqlstate(db->mysql), text, "connect");
}

static enum outcome connect_with(struct db *db, const struct db_login *login,
				 const struct option_file *o)
{
	const bool insist = option_file_tls(o) != OPTION_TLS_NONE && !option_file_is_local(o);

	option_file_apply(o, db->mysql);
	set_limits(db->mysql, login);
	if (insist && option_file_tls(o) == OPTION_TLS_ENCRYPT)
		insist_on_tls(db->mysql);
	/* FOUND_ROWS: an UPDATE counts the rows it matched, changed or not. */
	if (mysql_real_connect(db->mysql, NULL, NULL, NULL, NULL, 0, NULL, CLIENT_FOUND_ROWS) ==
	    NULL)
		return connect_failed(db, o);
	db->transport = transport(db->mysql, option_file_tls(o));
	if (insist && db->transport == DB_PLAIN)
		return db_refuse(
		    db, CR_SSL_CONNECTION_ERROR,
		    "the connection is refused: the server does not speak TLS, and %s asks "
		    "for it: turn TLS on at the server, or remove that line",
		    option_file_tls_line(o));
	return OUTCOME_OK;
}

enum outcome connect_session(struct db *db, const struct db_login *login)
{
	char why[OPTION_FILE_WHY];
	struct option_file *o = option_file_read(login->option_file, login->group, why);
	enum outcome rc;

	if (o == NULL)
		return db_refuse(db, CR_UNKNOWN_ERROR, "%s", why);
	rc = connect_with(db, login, o);
	option_file_free(&o);
	return rc;
}
