/* SPDX-License-Identifier: MIT */
/*
 * A MariaDB option file: the location of a database and the options of the connection to it.
 *
 * Connector/C can read such files itself, but it reads a boolean that is not a number as off, and
 * ignores unknown names.  A line that asks for a verified connection must not be misread, so this
 * module reads the file and passes the values to the library one by one.
 *
 * The module reads the groups [client], [client-server], [client-mariadb] and the requested one; if
 * a name occurs several times, the last line is valid.  "-" and "_" are equivalent in names.
 * "loose-NAME" is used if NAME is known and ignored otherwise; "skip-NAME", "disable-NAME" and
 * "enable-NAME" turn a boolean off or on.  "!include FILE" is followed, "!includedir" is refused.
 * Unknown names, invalid booleans and contradicting lines are refused with file and line.
 */
#ifndef CAMPAIGN_DB_OPTION_FILE_H
#define CAMPAIGN_DB_OPTION_FILE_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>

#define OPTION_FILE_WHY 512

enum option_tls {
	OPTION_TLS_NONE,    /* plain, unless the server requires TLS */
	OPTION_TLS_ENCRYPT, /* TLS without verification */
	OPTION_TLS_VERIFY,  /* TLS with a verified certificate: by CA and host name, or by
			       fingerprint */
};

struct option_file;

/* Reads the options of GROUP in PATH.  Returns NULL on failure: WHY, of OPTION_FILE_WHY bytes, gets
 * "FILE:LINE: ..." or a text that names the file.  A file without the group is refused: with the
 * library's defaults the program would connect to some other server. */
struct option_file *option_file_read(const char *path, const char *group, char *why);
void option_file_free(struct option_file **holder); /* *HOLDER may be NULL */

/* True if the file has the group, or an !include, which may contain it.  False also if the file
 * cannot be read up to that line. */
bool option_file_has_group(const char *path, const char *group);

/* Returns the value of the option NAME or of its alias, a boolean's as "1" or "0"; NULL if it is
 * not given, and always for options that are overruled. */
const char *option_file_value(const struct option_file *o, const char *name);

/* True if the connection uses a local socket: no host is given, or localhost, and TCP is not
 * requested. */
bool option_file_is_local(const struct option_file *o);
enum option_tls option_file_tls(const struct option_file *o);
/* Returns "FILE:LINE: NAME" of the line that asks for TLS; "" if no line does. */
const char *option_file_tls_line(const struct option_file *o);

/* Passes the options to the library.  The caller sets the options that the program relies on after
 * that. */
void option_file_apply(const struct option_file *o, MYSQL *mysql);

#endif
