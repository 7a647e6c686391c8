/* SPDX-License-Identifier: MIT */
/*
 * An arena is a list of blocks.  arena_reset keeps the first block for the next request and frees
 * all others.  The fuzz targets link an arena of their own instead of this file.
 */
#include "config.h"

#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

#define BLOCK_SIZE ((size_t)32 * 1024)

struct block {
	struct block *next;
	size_t size; /* of data */
	size_t used;
	max_align_t data[];
};

struct arena {
	struct block *first;   /* kept by arena_reset */
	struct block *current; /* small allocations are taken from this block */
};

static struct block *block_new(size_t size)
{
	struct block *b = xmalloc(sizeof(*b) + size);

	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = xmalloc(sizeof(*a));

	a->first = a->current = block_new(BLOCK_SIZE);
	return a;
}

void arena_reset(struct arena *a)
{
	struct block *b = a->first->next, *next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->first->next = NULL;
	a->first->used = 0;
	a->current = a->first;
}

void arena_free(struct arena **a)
{
	if (*a == NULL)
		return;
	arena_reset(*a);
	free((*a)->first);
	free(*a);
	*a = NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->current;
	void *p;

	if (size > SIZE_MAX / 2) {
		log_error("arena: an allocation of %zu bytes is too large", size);
		abort();
	}
	/* Round up to a multiple of the alignment, so that the next allocation is aligned too. */
	size = ((size != 0 ? size : 1) + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
	       sizeof(max_align_t);
	if (size > b->size - b->used) {
		b = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
		b->next = a->current->next;
		a->current->next = b;
		/* A large allocation fills its own block.  The current block still has free space
		 * and stays the current one. */
		if (size <= BLOCK_SIZE)
			a->current = b;
	}
	p = (char *)b->data + b->used;
	b->used += size;
	return p;
}
