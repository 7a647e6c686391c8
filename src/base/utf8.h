/* SPDX-License-Identifier: MIT */
/* UTF-8, judged strictly: what passes here is a character for every program behind. */
#ifndef CAMPAIGN_BASE_UTF8_H
#define CAMPAIGN_BASE_UTF8_H

#include <stddef.h>

/* The length (1 to 4) of the well-formed UTF-8 character at S, which ends before END; 0 if
 * there is none: overlong forms, surrogates, beyond U+10FFFF, cut. */
size_t utf8_character(const char *s, const char *end);

#endif
