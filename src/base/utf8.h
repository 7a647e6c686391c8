/* SPDX-License-Identifier: MIT */
/* Checks UTF-8 strictly: every program that gets a text later accepts what is valid here. */
#ifndef CAMPAIGN_BASE_UTF8_H
#define CAMPAIGN_BASE_UTF8_H

#include <stddef.h>

/* Returns the length (1 to 4) of the well-formed UTF-8 character at S, which ends before END, or 0
 * if there is none.  Overlong forms, surrogates, code points above U+10FFFF and truncated
 * characters are not well-formed. */
size_t utf8_character(const char *s, const char *end);

#endif
