#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""hardening-check finds in the three programs what configure promises: PIE, stack protector, fortified
functions, RELRO, immediate binding.  Skipped for a build with sanitizers, which has none of it, and
one with --disable-hardening."""
import re
import subprocess
import sys

from campaign import BUILD, Skip, main, need

PROGRAMS = [str(BUILD / name) for name in ("campaign-ingestd", "campaign-sync", "campaign-admin")]


def flags():
    return re.search(r"^HARDEN_CFLAGS = *(.*)$", (BUILD / "Makefile").read_text(), re.M)[1]


def hardening_check_is_content():
    need("hardening-check")
    if not flags():
        raise Skip("this build is not hardened")
    # Control flow protection is on where the compiler has it, but a program has it only if the C
    # library's start files have it as well, and Debian 12's have not.
    p = subprocess.run(["hardening-check", "--nocfprotection", *PROGRAMS], capture_output=True, text=True)
    assert p.returncode == 0 and p.stdout.count("Fortify Source functions: yes") == 3, p.stdout + p.stderr


def no_memory_is_writable_and_executable():
    need("readelf")
    for name in PROGRAMS:
        segments = subprocess.run(["readelf", "-lW", name], check=True, capture_output=True, text=True).stdout
        assert re.search(r"GNU_STACK .* RW +0x", segments), segments
        assert not re.search(r"^ +LOAD .* RWE ", segments, re.M), segments


sys.exit(main([(f.__name__, f) for f in (hardening_check_is_content, no_memory_is_writable_and_executable)]))
