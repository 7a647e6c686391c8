/* SPDX-License-Identifier: MIT */
/* XML trees: what must be true of every one that was accepted, and the way back to text. */
#ifndef CAMPAIGN_TESTS_FUZZ_TREE_H
#define CAMPAIGN_TESTS_FUZZ_TREE_H

#include "soap/xml.h"

/* Names, texts and counts are as xml.h says, and within LIMITS. */
void tree_check(const struct xml_element *root, const struct xml_limits *limits);
/* Appends E as XML; an element's text stands in front of its children. */
void tree_write(struct buf *out, const struct xml_element *e);
bool tree_equal(const struct xml_element *a, const struct xml_element *b);
/* Writes ROOT, parses what was written, and checks that the same tree comes out. */
void tree_check_round_trip(const struct xml_element *root);

#endif
