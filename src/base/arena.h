/* SPDX-License-Identifier: MIT */
/*
 * An arena owns all memory that is allocated from it and releases it in one call.  Like the
 * functions of alloc.h, these never return NULL.  An arena is not thread-safe: each request has its
 * own.
 */
#ifndef CAMPAIGN_BASE_ARENA_H
#define CAMPAIGN_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* Keeps the first block, so that the next request allocates nothing. */
void arena_reset(struct arena *a);
void arena_free(struct arena **a); /* *A may be NULL; sets *A to NULL */

void *arena_alloc(struct arena *a, size_t size);  /* aligned for any type; not cleared */
void *arena_zalloc(struct arena *a, size_t size); /* cleared */
char *arena_strndup(struct arena *a, const char *s, size_t n); /* adds the NUL */
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
