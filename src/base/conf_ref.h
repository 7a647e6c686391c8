/* SPDX-License-Identifier: MIT */
/*
 * A reference-counted configuration that can be replaced while requests use it.  A request takes
 * a reference to the newest one and keeps it until its answer has left; a reload sets a newer one.
 */
#ifndef CAMPAIGN_BASE_CONF_REF_H
#define CAMPAIGN_BASE_CONF_REF_H

#include "base/conf.h"

struct conf_ref;

struct conf_ref *conf_ref_new(struct conf *conf);	    /* takes ownership of CONF */
void conf_ref_free(struct conf_ref **ref);		    /* every reference has been returned */
void conf_ref_set(struct conf_ref *ref, struct conf *conf); /* likewise */

/* Any thread.  Each conf_ref_get is matched by one conf_ref_put with its result. */
const struct conf *conf_ref_get(struct conf_ref *ref);
void conf_ref_put(struct conf_ref *ref, const struct conf *conf);

/* Reads FILE again while NOW is in use; NULL if it is wrong (the reasons are on stderr).  The time
 * zone stays NOW's: a process sets it once, before it starts threads. */
struct conf *conf_reload(const char *file, const struct conf *now);

#endif
