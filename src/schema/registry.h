/* SPDX-License-Identifier: MIT */
/*
 * The deployed schemas of one process.  A registry is a snapshot: immutable, reference
 * counted.  A slot holds the newest one; a request takes a reference and keeps it until its
 * answer has left, so that a deployment never changes a schema under a call (R5.12a).
 */
#ifndef CAMPAIGN_SCHEMA_REGISTRY_H
#define CAMPAIGN_SCHEMA_REGISTRY_H

#include <stdint.h>

#include "db/db.h"
#include "schema/model.h"

struct registry;

/* Reads campaign_schema and compiles all of it.  A schema that no longer compiles is logged
 * and left out.  *OUT is a new reference. */
enum outcome registry_load(struct db *db, struct registry **out);
void registry_release(struct registry **r);
uint64_t registry_version(const struct registry *r); /* campaign_state schema_version */

/* ID is a source id, a staging id, or one of the aliases of 5.5; NULL if unknown.
 * *STAGING (may be NULL) tells whether a staging id was given. */
const struct schema *registry_find(const struct registry *r, const char *id, bool *staging);
size_t registry_count(const struct registry *r);
const struct schema *registry_at(const struct registry *r, size_t n);
/* Staged schemas in an order in which link targets come before the schemas that link to them
 * (R10.3); cycles are broken at the alphabetically first.  Fills ORDER (registry_count places)
 * and returns how many. */
size_t registry_staged_order(const struct registry *r, const struct schema **order);
/* Likewise the local schemas that are copied to the cloud (R10.7). */
size_t registry_replicated_order(const struct registry *r, const struct schema **order);

/* For schema_compile's lookup; CONTEXT is a struct registry (may be NULL). */
const struct schema *registry_lookup(void *context, const char *id);

struct registry_slot;
struct registry_slot *registry_slot_new(void);
void registry_slot_free(struct registry_slot **slot);
/* A reference of the caller's own, or NULL before the first load. */
struct registry *registry_slot_get(struct registry_slot *slot);
/* Loads anew when the version in the database has changed; keeps the old one on failure. */
enum outcome registry_slot_refresh(struct registry_slot *slot, struct db *db);

#endif
