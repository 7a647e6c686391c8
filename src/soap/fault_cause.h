/* SPDX-License-Identifier: MIT */
/*
 * One cause of a fault or refusal: an error code (docs/protocol.md section 13) and one line of text
 * for the client.  The text never contains SQL, host names, paths or values of the client's
 * document (R3.20).
 */
#ifndef CAMPAIGN_SOAP_FAULT_CAUSE_H
#define CAMPAIGN_SOAP_FAULT_CAUSE_H

#include <stddef.h>

#define FAULT_CODE_SIZE 11 /* "CIN-100205" and its NUL */
#define FAULT_TEXT_SIZE 512
#define FAULT_NAME_SIZE (80 * 4 + 1) /* 80 characters of UTF-8 */

struct fault_cause {
	char code[FAULT_CODE_SIZE]; /* empty: there is no cause */
	char text[FAULT_TEXT_SIZE];
	unsigned long record; /* number in a collection, from 1; 0 if there is no collection */
};

/* Sets code and text and keeps `record`.  A text that does not fit is cut
 * after a whole character. */
void fault_cause_set(struct fault_cause *p, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies a name from a request so that a text can quote it: at most 80 characters, control
 * characters and invalid bytes as '?', "XSV-350008" as "XSV-......" (R3.20).  Returns OUT. */
const char *fault_quote(char out[FAULT_NAME_SIZE], const char *name);

#endif
