/* SPDX-License-Identifier: MIT */
/* A growing text buffer: it doubles when it is full and never shrinks before buf_free. */
#include "config.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

#define SMALLEST 64

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need, size = b->size != 0 ? b->size : SMALLEST;

	if (n > SIZE_MAX / 2 - b->length) {
		log_error("buffer: cannot add %zu bytes to %zu", n, b->length);
		abort();
	}
	need = b->length + n + 1; /* 1 for the NUL */
	while (size < need)
		size *= 2; /* cannot overflow: need is at most SIZE_MAX / 2 + 1, a power of two */
	if (size != b->size) {
		b->data = xrealloc(b->data, size, 1);
		b->size = size;
		b->data[b->length] = '\0';
	}
	return b->data + b->length;
}

void buf_took(struct buf *b, size_t n)
{
	if (n == 0)
		return; /* data may be NULL: the caller may have reserved nothing */
	b->length += n;
	b->data[b->length] = '\0';
}

void buf_add_n(struct buf *b, const char *bytes, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), bytes, n);
	buf_took(b, n);
}

void buf_add(struct buf *b, const char *text)
{
	if (text != NULL)
		buf_add_n(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add_n(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	char *to = buf_reserve(b, SMALLEST);
	size_t room = b->size - b->length;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(to, room, format, args);
	va_end(args);
	if (n < 0) {
		log_errno("buffer: cannot format a text");
		abort();
	}
	if ((size_t)n >= room)
		vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, format, again);
	va_end(again);
	buf_took(b, (size_t)n);
}

void buf_clear(struct buf *b)
{
	b->length = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

const char *buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *text = b->data != NULL ? b->data : xstrdup("");

	*b = (struct buf)BUF_INIT;
	return text;
}
