#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./quickstart in a copy of its folder touches nothing of the original, says that it is a copy and runs beside
it; a folder that was moved keeps its data, and its processes are still its own.  As root and as another user."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from campaign import BUILD, PATIENCE, SOURCE, Client, alive, free_port, main, need

NAMES = ("mariadb", "ingestd", "nginx")


class Folder:
    """A folder with quickstart and what it needs of the source; the programs come from the build under test."""

    def __init__(self, path, user):
        self.path, self.user, self.port = path, user, free_port()

    def fill(self):
        self.path.mkdir()
        shutil.copy(SOURCE / "quickstart", self.path)
        for name in ("nginx", "sql", "tools"):
            shutil.copytree(SOURCE / name, self.path / name)
        if self.user:
            for p in (self.path, *self.path.rglob("*")):
                shutil.chown(p, self.user)

    def run(self, *words, status=0):
        as_user = ["setpriv", f"--reuid={self.user}", f"--regid={os.stat(self.path).st_gid}", "--clear-groups",
                   "env", f"HOME={self.path}"] if self.user else []
        environment = {**os.environ, "PORT": str(self.port), "CAMPAIGN_QUICKSTART_PROGRAMS": str(programs)}
        # To a file: what it starts would keep a pipe open.
        with open(self.path.parent / "output", "w+") as output:
            p = subprocess.run([*as_user, "./quickstart", *words], cwd=self.path, env=environment, stdout=output,
                               stderr=output, stdin=subprocess.DEVNULL, timeout=90 * PATIENCE)
            output.seek(0)
            text = output.read()
        assert p.returncode == status, (words, p.returncode, text[-1500:])
        return text

    def pids(self):
        return [int((self.path / "var/run" / f"{n}.pid").read_text()) for n in NAMES]

    def answers(self):
        client = Client(self.port, timeout=5)
        try:
            return client.request("GET", "/r/test").status == 200
        except OSError:
            return False
        finally:
            client.close()

    def records(self):
        return int(re.search(r"\d+", subprocess.check_output(
            ["mariadb", "--no-defaults", f"--socket={self.path}/var/run/mariadb.sock", "-N", "-e",
             "SELECT COUNT(*) FROM campaign_cloud.dem_sampleTable"], text=True,
            user=self.user or None)).group())


def check(user):
    base = pathlib.Path(tempfile.mkdtemp(prefix="campaign-test-"))
    os.chmod(base, 0o777)
    original, copy, moved = (Folder(base / n, user) for n in ("original", "copy", "moved"))
    moved.port = original.port
    started = set()
    try:
        original.fill()
        original.run()
        pids = original.pids()
        started.update(pids)
        assert all(map(alive, pids)) and original.answers()
        subprocess.run(["cp", "-a", original.path, copy.path], check=True)

        # What the copied pid files name belongs to the original.
        text = copy.run("status", status=1)
        assert text.count("not running") == 3 and f"is a copy: var/ was made in {original.path}/var" in text, text
        text = copy.run("stop")
        assert "is a copy" in text and "ended" not in text, text
        assert all(map(alive, pids)) and original.answers()

        # A port that the original has is refused before anything is started.
        taken, copy.port = copy.port, original.port
        assert "give another port" in copy.run(status=1) and not list(copy.path.glob("var.copied-*"))
        copy.port = taken

        text = copy.run()
        started.update(copy.pids())
        assert not set(copy.pids()) & set(pids) and all(map(alive, pids + copy.pids()))
        assert original.answers() and copy.answers()
        assert "this folder is a copy: " in text and "starting anew" in text, text
        assert len(list(copy.path.glob("var.copied-*"))) == 1
        assert original.records() == 1 and copy.records() == 1
        assert "everything was running" in original.run() and original.pids() == pids
        assert original.records() == 2 and copy.records() == 1
        copied = copy.pids()
        copy.run("stop")
        assert not any(map(alive, copied)) and all(map(alive, pids)) and original.answers()

        # Moved while it runs: the processes are still this folder's, and the data stays.
        os.rename(original.path, moved.path)
        text = moved.run("status")
        assert text.count(" running, pid") == 3 and f"was moved here from {original.path}/var" in text, text
        text = moved.run()
        started.update(moved.pids())
        assert "was moved here" in text and "stay" in text, text
        assert not any(map(alive, pids)) and all(map(alive, moved.pids())) and moved.answers()
        assert moved.records() == 3  # with the new demonstration
        assert str(original.path) not in "".join(
            p.read_text() for p in (moved.path / "var/etc").iterdir()) + (moved.path / "var/env").read_text()
        assert moved.run("status").count(" running, pid") == 3
        pids = moved.pids()
        moved.run("stop")
        assert not any(map(alive, pids))
        assert moved.run("status", status=1).count("not running") == 3
    finally:
        for pid in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(base, ignore_errors=True)


def as_this_user():
    check(None)


def as_a_user_who_is_not_root():
    if os.geteuid() == 0:
        check("nobody")


need("mariadbd", "mariadb-install-db", "nginx", "curl", "setpriv")
with tempfile.TemporaryDirectory(prefix="campaign-test-programs-") as folder:
    programs = pathlib.Path(folder)
    programs.chmod(0o755)
    for name in ("campaign-ingestd", "campaign-sync", "campaign-admin"):
        shutil.copy(BUILD / name, programs)
    status = main([("as_this_user", as_this_user), ("as_a_user_who_is_not_root", as_a_user_who_is_not_root)])
sys.exit(status)
