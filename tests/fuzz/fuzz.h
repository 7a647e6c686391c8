/* SPDX-License-Identifier: MIT */
/*
 * Shared by the fuzz targets.  A target is one C file with LLVMFuzzerTestOneInput; its FUZZ_CHECKs
 * are the properties that must hold for every input.  tests/fuzz/run describes how to run targets.
 *
 * Each text that a target passes to the code under test is an allocation of exactly its own length,
 * and so is every piece of an arena (arena.c): AddressSanitizer finds each access beyond the end.
 */
#ifndef CAMPAIGN_TESTS_FUZZ_H
#define CAMPAIGN_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "soap/fault_cause.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv); /* optional; called once */

/* Prints the property that did not hold, and aborts. */
_Noreturn void fuzz_fail(const char *file, int line, const char *what);
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

/* An input that is read from its front. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
	char **texts; /* returned so far; fuzz_close frees them */
	size_t text_count;
};

void fuzz_open(struct fuzz_input *in, const uint8_t *data, size_t size);
/* Returns the next line without its line feed, up to a NUL if it has one; "" behind the last. */
const char *fuzz_line(struct fuzz_input *in);
/* Returns the rest of the input, up to a NUL if there is one. */
const char *fuzz_rest(struct fuzz_input *in);
/* Frees every text. */
void fuzz_close(struct fuzz_input *in);

/* True if TEXT is UTF-8 and XML 1.0 allows each of its characters. */
bool fuzz_is_xml_text(const char *text);
/* True if TEXT is UTF-8 without control characters. */
bool fuzz_is_one_line(const char *text);
/* True if TEXT begins with an error code such as "CIN-100205". */
bool fuzz_is_code(const char *text);
/* Checks that P was set, has an error code, and has a text that can be shown (R3.20, 4.6). */
void fuzz_check_cause(const struct fault_cause *p);

#endif
