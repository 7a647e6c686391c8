/* SPDX-License-Identifier: MIT */
/*
 * A problem is what a person is told about a refused message: a code of the
 * catalogue (docs/protocol.md section 13) and one line of text.  It never holds
 * SQL, host names, paths or values of the caller's document (R3.20).
 */
#ifndef CAMPAIGN_BASE_PROBLEM_H
#define CAMPAIGN_BASE_PROBLEM_H

#include <stddef.h>

#define PROBLEM_CODE_SIZE 11 /* "CIN-100205" and its NUL */
#define PROBLEM_TEXT_SIZE 512
#define PROBLEM_NAME_SIZE (80 * 4 + 1) /* 80 characters of UTF-8 */

struct problem {
	char code[PROBLEM_CODE_SIZE]; /* empty: no problem was set */
	char text[PROBLEM_TEXT_SIZE];
	unsigned long record; /* of a collection, counted from 1; 0: does not apply */
};

/* Sets code and text; what does not fit is cut at a character's end. */
void problem_set(struct problem *p, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies a caller's name for quoting in a text: cut to 80 characters, control
 * characters shown as '?', "XSV-350008" defused (R3.20).  Returns OUT. */
const char *problem_name(char out[PROBLEM_NAME_SIZE], const char *name);

#endif
