/* SPDX-License-Identifier: MIT */
/* Checks UTF-8 (RFC 3629); see utf8.h. */
#include "config.h"

#include "base/utf8.h"

size_t utf8_character(const char *s, const char *end)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n, have = (size_t)(end - s);
	unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */

	if (have == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xC2 && u[0] <= 0xDF)
		n = 2;
	else if (u[0] >= 0xE0 && u[0] <= 0xEF)
		n = 3;
	else if (u[0] >= 0xF0 && u[0] <= 0xF4)
		n = 4;
	else
		return 0;
	if (u[0] == 0xE0)
		low = 0xA0; /* below: overlong */
	else if (u[0] == 0xED)
		high = 0x9F; /* above: surrogates */
	else if (u[0] == 0xF0)
		low = 0x90; /* below: overlong */
	else if (u[0] == 0xF4)
		high = 0x8F; /* above: beyond U+10FFFF */
	if (have < n || u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (u[i] < 0x80 || u[i] > 0xBF)
			return 0;
	return n;
}
