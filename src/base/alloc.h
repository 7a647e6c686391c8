/* SPDX-License-Identifier: MIT */
/*
 * Allocation that does not fail: when memory is gone the process logs it and
 * aborts, and the supervisor starts another worker.  Only sizes that this program
 * has bounded before may be passed.
 */
#ifndef CAMPAIGN_BASE_ALLOC_H
#define CAMPAIGN_BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, warn_unused_result));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, warn_unused_result));
void *xrealloc(void *p, size_t count, size_t size) __attribute__((warn_unused_result));
char *xstrdup(const char *s) __attribute__((malloc, warn_unused_result));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, warn_unused_result));
char *xasprintf(const char *format, ...)
    __attribute__((malloc, warn_unused_result, format(printf, 1, 2)));

/*
 * An arena owns everything that was taken from it, and gives all of it back in one
 * call.  Not thread-safe: one request, one arena.
 */
struct arena;

struct arena *arena_new(void);
/* Keeps the first block, so that the next request allocates nothing. */
void arena_reset(struct arena *a);
void arena_free(struct arena **a); /* accepts NULL inside, sets it to NULL */

void *arena_alloc(struct arena *a, size_t size);  /* aligned for any type; not cleared */
void *arena_zalloc(struct arena *a, size_t size); /* cleared */
char *arena_strndup(struct arena *a, const char *s, size_t n); /* adds the NUL */
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
