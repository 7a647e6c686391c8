/* SPDX-License-Identifier: MIT */
/*
 * Enforces unique primary keys in a table that does not enforce them itself because its owner has
 * altered its primary key (R10.10).  Private to mariadb.c.
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_UNIQUE_H
#define CAMPAIGN_CLOUD_MARIADB_UNIQUE_H

#include "base/outcome.h"
#include "cloud/mariadb_scratch.h"

/* Checks the inserting records of the scratch table.  REJECTED, with the reason in the scratch
 * table's `refusal`: a record has no primary key, or has the primary key of a row or of another
 * inserting record. */
enum outcome unique_check(struct scratch *t);

#endif
