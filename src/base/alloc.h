/* SPDX-License-Identifier: MIT */
/*
 * Allocation functions that never return NULL: when memory is exhausted, the process logs an error
 * and aborts, and the supervisor starts another worker.  Callers pass only sizes that the program
 * has bounded before.
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

#endif
