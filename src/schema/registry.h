/* SPDX-License-Identifier: MIT */
/*
 * The deployed schemas of one process.  A registry is an immutable snapshot with a reference
 * count.  A slot holds the newest one.  A request takes a reference and keeps it until its
 * answer has been sent, so that a deployment never changes a schema during a call (R5.12a).
 */
#ifndef CAMPAIGN_SCHEMA_REGISTRY_H
#define CAMPAIGN_SCHEMA_REGISTRY_H

#include <stdint.h>

#include "db/db.h"
#include "schema/model.h"

struct registry;

/* Reads campaign_schema and compiles all schemas.  A schema that does not compile is logged and not
 * loaded.  *OUT is a new reference. */
enum outcome registry_load(struct db *db, struct registry **out);
void registry_release(struct registry **r);
uint64_t registry_version(const struct registry *r); /* campaign_state schema_version */

/* ID is a source id, a staging id, or one of the aliases of 5.5; returns NULL if it is unknown.
 * *STAGING is set to whether ID is a staging id; STAGING may be NULL. */
const struct schema *registry_find(const struct registry *r, const char *id, bool *staging);
size_t registry_count(const struct registry *r);
const struct schema *registry_at(const struct registry *r, size_t n);
/* Writes the staged schemas to ORDER, which has room for registry_count, and returns their number.
 * Link targets come before the schemas that link to them (R10.3); a cycle of links is broken at the
 * schema of the cycle that is reached first in alphabetical order. */
size_t registry_staged_order(const struct registry *r, const struct schema **order);
/* Does the same with the local schemas that are copied to the cloud (R10.7). */
size_t registry_replicated_order(const struct registry *r, const struct schema **order);

/* The lookup for schema_compile; CONTEXT is a struct registry or NULL. */
const struct schema *registry_lookup(void *context, const char *id);

struct registry_slot;
struct registry_slot *registry_slot_new(void);
void registry_slot_free(struct registry_slot **slot);
/* Returns a new reference, or NULL before the first load. */
struct registry *registry_slot_get(struct registry_slot *slot);
/* Loads a new registry if the version in the database has changed; keeps the old one on failure. */
enum outcome registry_slot_refresh(struct registry_slot *slot, struct db *db);

#endif
