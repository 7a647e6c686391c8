/* SPDX-License-Identifier: MIT */
/*
 * One row for one primary key where the table does not see to it itself, since its owner has
 * altered its primary key: part of mariadb.c, nobody else's (R10.10).
 */
#ifndef CAMPAIGN_CLOUD_MARIADB_UNIQUE_H
#define CAMPAIGN_CLOUD_MARIADB_UNIQUE_H

#include "base/outcome.h"
#include "cloud/mariadb_scratch.h"

/* Of the records of the scratch table that insert.  REJECTED: one has a primary key that a row or
 * another of them has as well, or none; the scratch table's `refusal` says so. */
enum outcome unique_check(struct scratch *t);

#endif
