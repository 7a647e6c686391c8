/* SPDX-License-Identifier: MIT */
/*
 * A growing text buffer.  Always NUL-terminated once something was added; the NUL
 * does not count in `length`.  Zero-initialise it: struct buf b = BUF_INIT.
 */
#ifndef CAMPAIGN_BASE_BUF_H
#define CAMPAIGN_BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* NULL while empty and never grown; see buf_text */
	size_t length;
	size_t size;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}

void buf_add(struct buf *b, const char *text); /* NULL adds nothing */
void buf_add_n(struct buf *b, const char *bytes, size_t n);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for N more bytes and returns where they go; buf_took says how many came. */
char *buf_reserve(struct buf *b, size_t n);
void buf_took(struct buf *b, size_t n);
void buf_clear(struct buf *b);		   /* keeps the memory */
void buf_free(struct buf *b);		   /* and may be used again */
const char *buf_text(const struct buf *b); /* never NULL */
/* Hands the text over to the caller, who frees it; the buffer is empty then. */
char *buf_steal(struct buf *b);

#endif
