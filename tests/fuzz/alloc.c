/* SPDX-License-Identifier: MIT */
/*
 * base/alloc.h for the fuzz targets: linked instead of src/base/alloc.c.  An arena there gives out
 * pieces of large blocks, and what runs over the end of one piece lands in the next unseen; here
 * each piece is an allocation.
 */
#include "config.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

void *xmalloc(size_t size)
{
	return check(malloc(size));
}

void *xcalloc(size_t count, size_t size)
{
	return check(calloc(count, size));
}

void *xrealloc(void *p, size_t count, size_t size)
{
	return check(reallocarray(p, count, size != 0 ? size : 1));
}

char *xstrdup(const char *s)
{
	return check(strdup(s));
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

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return check(text);
}

struct arena {
	void **pieces;
	size_t count, size;
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_reset(struct arena *a)
{
	while (a->count > 0)
		free(a->pieces[--a->count]);
}

void arena_free(struct arena **a)
{
	if (*a == NULL)
		return;
	arena_reset(*a);
	free((*a)->pieces);
	free(*a);
	*a = NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (a->count == a->size) {
		a->size = a->size != 0 ? 2 * a->size : 64;
		a->pieces = xrealloc(a->pieces, a->size, sizeof(*a->pieces));
	}
	return a->pieces[a->count++] = xmalloc(size);
}

void *arena_zalloc(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	char *text;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = arena_alloc(a, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}
