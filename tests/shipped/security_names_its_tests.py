#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tests that docs/security.md names exist, every promise there has one, and the figure of the units is
the one that a test holds."""
import re
import sys

from campaign import SOURCE, main

PAGE = (SOURCE / "docs/security.md").read_text()


def named_tests_exist():
    there = {p.name for p in (SOURCE / "tests").rglob("*")}
    names = set(re.findall(r"`((?:\w+/)*\w+\.py|test_\w+)`", PAGE))
    assert len(names) > 15, names
    for name in names:
        base = name.rpartition("/")[2]
        assert base in there or base + ".c" in there, name


def every_promise_has_a_test():
    tables = re.findall(r"\| promise \| held by \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE)
    assert len(tables) > 4
    for row in "".join(tables).splitlines():
        assert re.search(r"`\w+(\.py)?`", row.split("|")[2]), row


def the_figure_is_the_one_that_is_held():
    ceiling = re.search(r"^CEILING = (\d+)", (SOURCE / "tests/shipped/systemd_accepts_the_units.py").read_text(), re.M)[1]
    assert f"says {int(ceiling) / 10} of 10" in PAGE


sys.exit(main([(f.__name__, f) for f in (named_tests_exist, every_promise_has_a_test,
                                         the_figure_is_the_one_that_is_held)]))
