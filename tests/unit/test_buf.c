/* SPDX-License-Identifier: MIT */
/* Buffers and arenas: growth, embedded NULs, buf_steal, alignment, reset. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"

static void empty_buffer_is_empty_text(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_text(&b), "");
	buf_add(&b, NULL);
	buf_add(&b, "");
	buf_add_n(&b, "ignored", 0);
	buf_took(&b, 0);
	buf_clear(&b);
	assert_int_equal(b.length, 0);
	assert_null(b.data);
	buf_free(&b);
}

static void pieces_are_joined(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, "one");
	buf_add_char(&b, ',');
	buf_add_n(&b, "two and more", 3);
	buf_addf(&b, ",%d-%s", 3, "three");
	assert_string_equal(buf_text(&b), "one,two,3-three");
	assert_int_equal(b.length, strlen("one,two,3-three"));
	buf_free(&b);
}

static void bytes_may_be_nul(void **state)
{
	static const char bytes[] = {'a', '\0', 'b'};
	struct buf b = BUF_INIT;

	(void)state;
	buf_add_n(&b, bytes, sizeof(bytes));
	buf_add_char(&b, '\0');
	assert_int_equal(b.length, 4);
	assert_memory_equal(b.data, "a\0b\0", 5);
	buf_free(&b);
}

/* Lengths around those at which the buffer doubles: text and its NUL must fit. */
static void growth_keeps_every_byte(void **state)
{
	struct buf b = BUF_INIT;
	size_t n;

	(void)state;
	for (n = 0; n < 5000; n++) {
		buf_add_char(&b, (char)('a' + n % 26));
		assert_int_equal(b.length, n + 1);
		assert_true(b.size > b.length);
		assert_int_equal(b.data[n + 1], '\0');
	}
	for (n = 0; n < 5000; n++)
		assert_int_equal(b.data[n], 'a' + n % 26);
	buf_free(&b);
}

static void formats_longer_than_the_room(void **state)
{
	char text[3001];
	struct buf b = BUF_INIT;
	size_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (n = 0; n < 200; n++) {
		buf_clear(&b);
		buf_addf(&b, "%.*s|", (int)n, text);
		assert_int_equal(b.length, n + 1);
		assert_int_equal(b.data[n], '|');
	}
	buf_clear(&b);
	buf_addf(&b, "<%s>", text);
	assert_int_equal(b.length, 3002);
	assert_int_equal(b.data[3001], '>');
	buf_free(&b);
}

static void reserve_and_took(void **state)
{
	struct buf b = BUF_INIT;
	char *to;

	(void)state;
	buf_add(&b, "head ");
	to = buf_reserve(&b, 1000);
	assert_int_equal(b.length, 5);
	memcpy(to, "tail!", 5);
	buf_took(&b, 4);
	assert_string_equal(buf_text(&b), "head tail");
	buf_free(&b);
}

static void clear_keeps_the_memory(void **state)
{
	struct buf b = BUF_INIT;
	char *before;

	(void)state;
	buf_add(&b, "text");
	before = b.data;
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	buf_add(&b, "new");
	assert_ptr_equal(b.data, before);
	assert_string_equal(buf_text(&b), "new");
	buf_free(&b);
}

static void steal_empties_the_buffer(void **state)
{
	struct buf b = BUF_INIT;
	char *text;

	(void)state;
	buf_add(&b, "mine");
	text = buf_steal(&b);
	assert_string_equal(text, "mine");
	assert_string_equal(buf_text(&b), "");
	free(text);
	text = buf_steal(&b); /* of an empty buffer: "" */
	assert_string_equal(text, "");
	free(text);
}

static void xasprintf_and_copies(void **state)
{
	char *text = xasprintf("%s:%d", "file", 7);

	(void)state;
	assert_string_equal(text, "file:7");
	free(text);
	text = xstrndup("abcdef", 3);
	assert_string_equal(text, "abc");
	free(text);
	text = xstrndup("ab", 30);
	assert_string_equal(text, "ab");
	free(text);
	free(xmalloc(0)); /* never NULL, also for 0 bytes */
	free(xcalloc(0, 8));
}

static void arena_pieces_are_aligned_and_apart(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 4000, 32768, 32769, 200000, 3};
	struct arena *a = arena_new();
	unsigned char *pieces[200];
	size_t i, n;

	(void)state;
	for (i = 0; i < 200; i++) {
		n = sizes[i % 10];
		pieces[i] = arena_alloc(a, n);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		memset(pieces[i], (int)i, n);
	}
	for (i = 0; i < 200; i++) {
		for (n = 0; n < sizes[i % 10]; n++)
			if (pieces[i][n] != (unsigned char)i)
				fail_msg("piece %zu was written over at %zu", i, n);
	}
	arena_free(&a);
	assert_null(a);
	arena_free(&a);
}

static void arena_reset_uses_the_first_block_again(void **state)
{
	struct arena *a = arena_new();
	char *first = arena_alloc(a, 100), *zero;
	size_t i;

	(void)state;
	memset(first, 'x', 100);
	for (i = 0; i < 50; i++)
		(void)arena_alloc(a, 10000);
	arena_reset(a);
	zero = arena_zalloc(a, 100);
	assert_ptr_equal(zero, first);
	for (i = 0; i < 100; i++)
		assert_int_equal(zero[i], 0);
	arena_free(&a);
}

static void arena_texts(void **state)
{
	struct arena *a = arena_new();
	char long_text[2001];

	(void)state;
	assert_string_equal(arena_strdup(a, "text"), "text");
	assert_string_equal(arena_strndup(a, "text", 2), "te");
	assert_memory_equal(arena_strndup(a, "a\0b", 3), "a\0b", 4); /* copies a NUL as well */
	assert_string_equal(arena_printf(a, "%s=%d", "n", 5), "n=5");
	memset(long_text, 'y', 2000);
	long_text[2000] = '\0';
	assert_int_equal(strlen(arena_printf(a, "%s!", long_text)), 2001);
	assert_int_equal(strlen(arena_printf(a, "%.*s", 255, long_text)), 255);
	assert_int_equal(strlen(arena_printf(a, "%.*s", 256, long_text)), 256);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_buffer_is_empty_text),
	    cmocka_unit_test(pieces_are_joined),
	    cmocka_unit_test(bytes_may_be_nul),
	    cmocka_unit_test(growth_keeps_every_byte),
	    cmocka_unit_test(formats_longer_than_the_room),
	    cmocka_unit_test(reserve_and_took),
	    cmocka_unit_test(clear_keeps_the_memory),
	    cmocka_unit_test(steal_empties_the_buffer),
	    cmocka_unit_test(xasprintf_and_copies),
	    cmocka_unit_test(arena_pieces_are_aligned_and_apart),
	    cmocka_unit_test(arena_reset_uses_the_first_block_again),
	    cmocka_unit_test(arena_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
