#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/operations.md names the methods of src/api/methods.c, each under its service, and the pages of
src/api/http.c: all of them, and no others."""
import re
import sys

from campaign import SOURCE, main

DOCUMENT = (SOURCE / "docs/operations.md").read_text()


def row(code):
    """What the table says of CODE."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith(f"| {code} |")]
    assert len(lines) == 1, f"{code} has {len(lines)} rows in docs/operations.md"
    return lines[0].split("|", 2)[2]


def methods_are_those_of_the_table():
    served = {}
    for service, method in re.findall(r'\{"(\w+:\w+)", "(\w+)",', (SOURCE / "src/api/methods.c").read_text()):
        served.setdefault(service, set()).add(method)
    named = {service: set(re.findall(r"\w+", names))
             for service, names in re.findall(r"`(\w+:\w+)` has ([\w, ]+)", row("SOP-330006"))}
    assert served and named == served, f"named {named}, served {served}"


def pages_are_those_that_are_served():
    served = set(re.findall(r'strcmp\(path, "(/[^"]+)"\)', (SOURCE / "src/api/http.c").read_text()))
    named = set(re.findall(r"`(/[^`]+)`", row("404")))
    assert served and named == served, f"named {named}, served {served}"


if __name__ == "__main__":
    sys.exit(main([(f.__name__, f) for f in (methods_are_those_of_the_table, pages_are_those_that_are_served)]))
