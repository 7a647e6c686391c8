#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""systemd-analyze verify accepts the installed units without a word, and security finds them little
exposed; the installed programs answer --help and --version, and each has a manual page that mandoc
reads."""
import pathlib
import re
import subprocess
import sys
import tempfile

from campaign import BUILD, main, need

CEILING = 12  # in tenths; setpriority, for the thread of passwords, costs the pool one of them

folder = tempfile.TemporaryDirectory()
root = pathlib.Path(folder.name)


def install():
    subprocess.run(["make", "-C", str(BUILD), "install", f"DESTDIR={root}"], check=True, capture_output=True)


def units():
    need("systemd-analyze")
    found = sorted(p for p in root.rglob("*") if p.suffix in (".service", ".socket", ".timer"))
    assert {p.name for p in found} == {"campaign-ingestd.service", "campaign-ingestd.socket",
                                       "campaign-sync-requested.service", "campaign-sync-requested.timer",
                                       "campaign-sync.service", "campaign-sync.timer"}, found
    # verify wants the programs where the units say: a copy that points into DESTDIR.
    there = root / "verify"
    there.mkdir()
    for p in found:
        text = p.read_text().replace("/usr/local/sbin/", f"{root}/usr/local/sbin/")
        (there / p.name).write_text(text)
    p = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, sorted(there.iterdir()))],
                       capture_output=True, text=True)
    ours = [line for line in p.stderr.splitlines() if "campaign" in line]
    assert p.returncode == 0 and not ours, p.stderr


def exposure():
    """systemd's own judgement, 0 (safe) to 100; docs/security.md names the figure."""
    for unit in sorted(root.rglob("*.service")):
        p = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={CEILING}",
                            str(unit)], capture_output=True, text=True)
        assert p.returncode == 0, p.stdout + p.stderr


def programs():
    for name in ("campaign-ingestd", "campaign-sync", "campaign-admin"):
        path = root / "usr/local/sbin" / name
        for option, word in (("--help", "usage:"), ("--version", name)):
            p = subprocess.run([str(path), option], capture_output=True, text=True)
            assert p.returncode == 0 and word in p.stdout, (name, option, p)
        p = subprocess.run([str(path), "--no-such-option"], capture_output=True, text=True)
        assert p.returncode == 2 and p.stderr, (name, p)


def manual_pages():
    need("mandoc")
    pages = sorted(root.rglob("man/man*/*"))
    assert {p.name for p in pages} >= {"campaign-ingestd.8", "campaign-sync.8", "campaign-admin.8",
                                       "campaign-ingest.conf.5"}, pages
    for page in pages:
        p = subprocess.run(["mandoc", "-T", "lint", "-W", "error", str(page)], capture_output=True, text=True)
        assert p.returncode == 0, p.stdout
        assert not re.search(r"@\w+@", page.read_text()), page  # a placeholder of configure's


sys.exit(main([(f.__name__, f) for f in (install, units, exposure, programs, manual_pages)]))
