/* SPDX-License-Identifier: MIT */
/*
 * A MariaDB option file: where a database is, and how the connection to it is made.
 *
 * Connector/C can read such files itself, but takes a boolean for off unless it is a number, and
 * passes over names that it does not know.  A line that asks for a verified connection must not be
 * misread, so the file is read here, and the library gets the values one by one.
 *
 * The groups that count are [client], [client-server], [client-mariadb] and the one that is asked
 * for; the last line of a name holds.  "-" and "_" are the same in names.  "loose-NAME" is taken if
 * NAME is known, "skip-NAME", "disable-NAME" and "enable-NAME" turn a boolean off or on.  "!include
 * FILE" is followed, "!includedir" is refused.  An unknown name, a boolean that is none, and lines
 * that contradict each other are refused with file and line.
 */
#ifndef CAMPAIGN_DB_OPTION_FILE_H
#define CAMPAIGN_DB_OPTION_FILE_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>

#define OPTION_FILE_WHY 512

enum option_tls {
	OPTION_TLS_NONE,    /* plain, unless the server insists */
	OPTION_TLS_ENCRYPT, /* TLS without verification */
	OPTION_TLS_VERIFY,  /* TLS, and the certificate verifies: by a CA and for the host, or by
			       fingerprint */
};

struct option_file;

/* The options of GROUP in PATH.  NULL: WHY, of OPTION_FILE_WHY bytes, says "FILE:LINE: ..." or
 * "FILE: ...".  A file without the group is refused: with the library's defaults the program would
 * speak to some other server. */
struct option_file *option_file_read(const char *path, const char *group, char *why);
void option_file_free(struct option_file **holder); /* accepts NULL inside */

/* False also if the file cannot be read as far as that group. */
bool option_file_has_group(const char *path, const char *group);

/* The value of NAME in its main spelling, a boolean's as "1" or "0"; NULL if it is not given.  Of
 * names that are overruled there is none. */
const char *option_file_value(const struct option_file *o, const char *name);

/* Whether the connection goes to a socket of this machine: no host, or localhost, unless TCP is
 * asked for. */
bool option_file_is_local(const struct option_file *o);
enum option_tls option_file_tls(const struct option_file *o);
/* "FILE:LINE: NAME", the line that asks for TLS; "" if none does. */
const char *option_file_tls_line(const struct option_file *o);

/* Hands the options to the library.  What a program relies on is set after that. */
void option_file_apply(const struct option_file *o, MYSQL *mysql);

#endif
