/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share.  A target is one C file with LLVMFuzzerTestOneInput; what must hold
 * for every input stands in it as FUZZ_CHECK.  tests/fuzz/run says how targets are run.
 *
 * Texts that a target hands to the code under test are allocations of their own, as long as they
 * are, and so is every piece of an arena (arena.c): AddressSanitizer sees each byte beyond.
 */
#ifndef CAMPAIGN_TESTS_FUZZ_H
#define CAMPAIGN_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "soap/fault_cause.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv); /* optional; called once */

/* A property that did not hold is a find: this says which one, and aborts. */
_Noreturn void fuzz_fail(const char *file, int line, const char *what);
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

/* An input, taken apart from its front. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
	char **texts; /* handed out so far */
	size_t text_count;
};

void fuzz_open(struct fuzz_input *in, const uint8_t *data, size_t size);
/* The next line without its line feed, up to a NUL if it has one; "" behind the last. */
const char *fuzz_line(struct fuzz_input *in);
/* All that is left, up to a NUL if there is one. */
const char *fuzz_rest(struct fuzz_input *in);
/* Gives back every text. */
void fuzz_close(struct fuzz_input *in);

/* Whether TEXT is UTF-8 and every character one that XML 1.0 has. */
bool fuzz_is_xml_text(const char *text);
/* Whether TEXT is UTF-8 without control characters. */
bool fuzz_is_one_line(const char *text);
/* "XSV-350008" */
bool fuzz_is_code(const char *text);
/* A cause that must have been set: its code is one, its text can be shown (R3.20, 4.6). */
void fuzz_check_cause(const struct fault_cause *p);

#endif
