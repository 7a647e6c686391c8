/* SPDX-License-Identifier: MIT */
/*
 * Linked instead of src/base/arena.c.  The arena there divides large blocks, so that an overrun of
 * one piece of memory writes into the next and stays unseen.  Here each piece is an allocation of
 * its own.
 */
#include "config.h"

#include "base/arena.h"

#include <stdlib.h>

#include "base/alloc.h"

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
