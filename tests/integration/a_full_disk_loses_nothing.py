#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5, R10.5a: the cloud's disk is full. A server that answers so, and one that dies of it (MariaDB ends
itself if there is no room left to roll back), are both waited for, then the run says so and ends; nothing
becomes a reject, and the first run after room was made moves everything, once."""
import contextlib
import json
import os
import shutil
import subprocess
import sys

from campaign import main
from two_servers import counted, stage, two_servers

MIB = 1 << 20
CONF = {"sync": {"batch_rows": 2000}}


@contextlib.contextmanager
def with_a_small_disk():
    """A server on a file system of its own; None where we may not mount one."""
    mounted = []

    def mount(folder):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(folder)], check=True,
                       stderr=subprocess.DEVNULL)
        mounted.append(folder)
    try:
        with two_servers(CONF, ["--innodb-log-file-size=16M"], mount) as c:
            yield c
    except subprocess.CalledProcessError:
        if mounted:
            raise
        yield None
    finally:
        for folder in mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
            if not os.environ.get("CAMPAIGN_TEST_KEEP"):
                shutil.rmtree(folder.parent, ignore_errors=True)  # could not go as long as it was mounted on


def a_full_disk_keeps_everything_pending(c, fill, make_room, words):
    client = c.logon()
    stage(client, 30000, "r", "x" * 200)
    fill()
    p = c.sync(check=False)
    assert p.returncode == 1, (p.returncode, p.stdout, p.stderr[-2000:])
    run = json.loads(c.admin("runs", "--json").stdout)[-1]
    assert run["outcome"] == "failed" and any(w in run["message"] for w in words), run
    print("     " + run["message"])
    left = c.pending()
    assert 0 < left <= 30000, left
    stage(client, 10, "s", "calls go on")
    make_room()
    if c.far.process.poll() is not None:
        c.far.start()
    c.sync()
    assert c.pending() == 0 and counted(c) == (30010, 30010), (c.pending(), counted(c))
    assert c.staging("SELECT COUNT(*) FROM campaign_reject") == [["0"]]


def a_table_that_may_not_grow():
    limit = ":max:48M"
    with two_servers(CONF, ["--innodb-file-per-table=0",
                            f"--innodb-data-file-path=ibdata1:12M:autoextend{limit}"]) as c:
        def fill():
            c.cloud("CREATE TABLE filler (t LONGTEXT)")
            with contextlib.suppress(AssertionError):
                while True:
                    c.cloud("INSERT INTO filler SELECT REPEAT('x', 1000000) FROM seq_1_to_3")

        def make_room():
            c.far.stop()
            c.far.options = [o.replace(limit, "") for o in c.far.options]
        a_full_disk_keeps_everything_pending(c, fill, make_room, ["is full"])


def a_disk_that_is_full():
    with with_a_small_disk() as c:
        if c is None:
            print("     not without the right to mount a file system")
            return
        filler = c.far.folder / "filler"

        def fill():
            with open(filler, "wb") as f:
                s = os.statvfs(c.far.folder)
                os.posix_fallocate(f.fileno(), 0, s.f_bavail * s.f_frsize - 4 * MIB)
        a_full_disk_keeps_everything_pending(c, fill, filler.unlink, ["is full", "cannot be reached"])


sys.exit(main([(f.__name__, f) for f in (a_table_that_may_not_grow, a_disk_that_is_full)]))
