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
void conf_ref_free(struct conf_ref **ref);		    /* after every reference was returned */
void conf_ref_set(struct conf_ref *ref, struct conf *conf); /* takes ownership of CONF */

/* Any thread.  Each conf_ref_get is matched by one conf_ref_put with its result. */
const struct conf *conf_ref_get(struct conf_ref *ref);
void conf_ref_put(struct conf_ref *ref, const struct conf *conf);

/* Reads FILE again while NOW is in use; returns NULL if the file is invalid (the errors are on
 * stderr).  The result keeps the time zone of NOW: a process sets its time zone once, before it
 * starts threads. */
struct conf *conf_reload(const char *file, const struct conf *now);

#endif
