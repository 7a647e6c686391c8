/* SPDX-License-Identifier: MIT */
/* Allocation functions that abort the process instead of returning NULL; see alloc.h. */
#include "config.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static void *check(void *p, size_t size)
{
	if (p == NULL) {
		log_error("out of memory: cannot allocate %zu bytes", size);
		abort();
	}
	return p;
}

/* malloc(0) may return NULL, which check() would take for a failure. */
static size_t at_least_one(size_t size)
{
	return size != 0 ? size : 1;
}

void *xmalloc(size_t size)
{
	return check(malloc(at_least_one(size)), size);
}

void *xcalloc(size_t count, size_t size)
{
	return check(calloc(at_least_one(count), at_least_one(size)), size);
}

void *xrealloc(void *p, size_t count, size_t size)
{
	return check(reallocarray(p, at_least_one(count), at_least_one(size)), size);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	size_t length = strnlen(s, n);
	char *copy = xmalloc(length + 1);

	memcpy(copy, s, length);
	copy[length] = '\0';
	return copy;
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return check(n < 0 ? NULL : text, strlen(format));
}
