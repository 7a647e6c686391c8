/* SPDX-License-Identifier: MIT */
/* Asks the server for its last error; see diagnostics.h. */
#include "config.h"

#include "db/diagnostics.h"

#include <errmsg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sql_get[] = "GET DIAGNOSTICS CONDITION 1 @campaign_state = RETURNED_SQLSTATE,"
			      " @campaign_number = MYSQL_ERRNO, @campaign_text = MESSAGE_TEXT";
/* CONNECTION_ID proves that the result belongs to this query. */
static const char sql_read[] =
    "SELECT CONNECTION_ID(), @campaign_state, @campaign_number, @campaign_text";
enum { OWN_ID, STATE, NUMBER, TEXT, COLUMNS };

static bool take(MYSQL *mysql, MYSQL_ROW row, struct diagnostics *out)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		if (row[i] == NULL)
			return false;
	}
	if (strtoul(row[OWN_ID], NULL, 10) != mysql_thread_id(mysql))
		return false;
	out->number = (unsigned)strtoul(row[NUMBER], NULL, 10);
	snprintf(out->state, sizeof(out->state), "%s", row[STATE]);
	snprintf(out->text, sizeof(out->text), "%s", row[TEXT]);
	return true;
}

bool diagnostics_ask(MYSQL *mysql, unsigned number, struct diagnostics *out)
{
	MYSQL_RES *result;
	MYSQL_ROW row;
	bool told;

	if (number != CR_MALFORMED_PACKET ||
	    mysql_real_query(mysql, sql_get, sizeof(sql_get) - 1) != 0 ||
	    mysql_real_query(mysql, sql_read, sizeof(sql_read) - 1) != 0)
		return false;
	result = mysql_store_result(mysql);
	if (result == NULL)
		return false;
	row = mysql_num_fields(result) == COLUMNS ? mysql_fetch_row(result) : NULL;
	told = row != NULL && take(mysql, row, out);
	mysql_free_result(result);
	return told;
}
