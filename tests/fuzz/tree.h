/* SPDX-License-Identifier: MIT */
/* Checks the trees that xml_parse returns, and writes them as text. */
#ifndef CAMPAIGN_TESTS_FUZZ_TREE_H
#define CAMPAIGN_TESTS_FUZZ_TREE_H

#include "soap/xml.h"

/* Checks that names, texts and counts are as xml.h says, and within LIMITS. */
void tree_check(const struct xml_element *root, const struct xml_limits *limits);
/* Appends E as XML; the text of an element comes before its children. */
void tree_write(struct buf *out, const struct xml_element *e);
bool tree_equal(const struct xml_element *a, const struct xml_element *b);
/* Writes ROOT, parses the text, and checks that the tree is the same. */
void tree_check_round_trip(const struct xml_element *root);

#endif
