#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each key of the table in src/base/conf.c stands in docs/configuration.md, in the manual page and in
the sample file, in the section it belongs to; none of the three has a key that the table lacks; and the
sample shows the defaults of the table."""
import re
import sys

from campaign import SOURCE, main

CODE = "src/base/conf.c"
CHAPTER = "docs/configuration.md"
PAGE = "docs/man/campaign-ingest.conf.5.in"
SAMPLE = "docs/examples/campaign-ingest.conf"


# Sections that have names, as conf.c calls them.
NAMED = {"ZONE": "zone", "CLOUD_SCHEMA": "cloud NAME"}


def read(path):
    return (SOURCE / path).read_text()


def table():
    """{(section, key): default}; the default is None where the table has none."""
    body = re.search(r"conf_keys\[\] = \{\n(.*?)\n\};", read(CODE), re.S)[1]
    keys = {}
    for entry in re.split(r"\n(?=    \{)", body):
        m = re.match(r'\s*\{(?:"(\w+)"|([A-Z_]+)), "(\w+)",(.*)', entry, re.S)
        assert m, f"{CODE}: what is this? {entry}"
        section, rest = m[1] or NAMED[m[2]], m[4]
        default = re.search(r'(?:TEXT|NUMBER|WORD|NETWORKS)\((SYSCONFDIR )?"([^"]*)"|\.preset = "([^"]*)"', rest)
        value = None if default is None else ("/etc" if default[1] else "") + (default[2] or default[3] or "")
        if re.search(r"\bFLAG\b", rest):
            value = "false"
        keys[section, m[3]] = None if section == NAMED["CLOUD_SCHEMA"] else value  # what [cloud] says
    assert len(keys) > 20, f"{CODE}: only {len(keys)} keys were found"
    return keys


def section_of(heading):
    """The sections of people's making have no keys of their own."""
    name, *more = heading.split() or [""]
    return None if name == "options" else "cloud NAME" if name == "cloud" and more else name


def keys_in(path, heading, key):
    """{(section, key): line} after two patterns: one for a section's heading, one for a key."""
    found, section = {}, None
    for line in read(path).splitlines():
        if m := re.match(heading, line):
            section = section_of(m[1])
        elif section and (m := re.match(key, line)):
            for name in re.findall(r"\w+", m[1]):
                found[section, name] = line
    return found


PLACES = {
    CHAPTER: (r"## \[([\w: ]+)\]$", r"\| `(\w+)` \|"),
    PAGE: (r"\.Ss \[([\w: ]+)\]$", r"\.It Cm (\w+)"),
    SAMPLE: (r"#?\[([\w: ]+)\]$", r"#?(\w+) *="),
}


def names(keys):
    return ", ".join(f"{key} of [{section}]" for section, key in sorted(keys))


def complete(path):
    def run():
        wanted, found = table().keys(), keys_in(path, *PLACES[path]).keys()
        assert not wanted - found, f"{path} lacks {names(wanted - found)}"
        assert not found - wanted, f"{path} has {names(found - wanted)}, which {CODE} does not know"
    return (f"{path} has every key", run)


def the_sample_shows_the_defaults():
    lines = keys_in(SAMPLE, *PLACES[SAMPLE])
    for (section, key), default in table().items():
        line = lines[section, key]
        if line.startswith("#") and default is not None:
            shown = line.partition("=")[2].strip()
            assert shown == default, f"{SAMPLE}: {line}: the default is {default!r}"


def the_chapter_tells_the_defaults():
    lines = keys_in(CHAPTER, *PLACES[CHAPTER])
    for (section, key), default in table().items():
        if default:
            shown = lines[section, key].split("|")[2].strip()
            assert shown == f"`{default}`", f"{CHAPTER}: {key} of [{section}]: the default is {default!r}"


sys.exit(main([complete(path) for path in PLACES] +
              [(f.__name__, f) for f in (the_sample_shows_the_defaults, the_chapter_tells_the_defaults)]))
