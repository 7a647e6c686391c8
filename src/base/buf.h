/* SPDX-License-Identifier: MIT */
/*
 * A growing text buffer.  It is NUL-terminated as soon as something was added; `length` does not
 * count the NUL.  Initialise it with zeros: struct buf b = BUF_INIT.
 */
#ifndef CAMPAIGN_BASE_BUF_H
#define CAMPAIGN_BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* NULL until bytes are reserved; see buf_text */
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
/* Reserves room for N more bytes and returns the address to write them to.  buf_took adds the
 * number of bytes that were written to the length. */
char *buf_reserve(struct buf *b, size_t n);
void buf_took(struct buf *b, size_t n);
void buf_clear(struct buf *b);		   /* makes it empty, keeps the memory */
void buf_free(struct buf *b);		   /* the buffer may be used again */
const char *buf_text(const struct buf *b); /* never NULL */
/* Returns the text, which the caller frees; the buffer is empty afterwards. */
char *buf_steal(struct buf *b);

#endif
