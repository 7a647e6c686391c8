/* SPDX-License-Identifier: MIT */
/*
 * The configuration of a running worker.  A request takes a reference and keeps what it
 * took until its answer has left; a reload puts a newer one in front.
 */
#ifndef CAMPAIGN_INGESTD_CONF_SLOT_H
#define CAMPAIGN_INGESTD_CONF_SLOT_H

#include "base/conf.h"

struct conf_slot;

struct conf_slot *conf_slot_new(struct conf *conf); /* CONF is the slot's from here on */
void conf_slot_free(struct conf_slot **slot);	    /* no reference may be out */
void conf_slot_set(struct conf_slot *slot, struct conf *conf);

/* Any thread; the form in which struct api wants them: CONTEXT is a struct conf_slot. */
const struct conf *conf_slot_get(void *context);
void conf_slot_put(void *context, const struct conf *conf);

/* FILE read again while NOW runs, NULL when it is wrong (said on stderr).  What a process
 * settles once, before its threads, is carried over: the time zone's rules. */
struct conf *conf_reload(const char *file, const struct conf *now);

#endif
